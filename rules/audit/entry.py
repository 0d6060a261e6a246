"""An entry of the audit log: who asked for what about whom, by what right, and what came of it. It names no person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalogue.identifiers import uscc

ALGORITHM = "SHA-256"
"""Of the chain and of the hashes in it."""
OK = "OK"
"""The outcome of what was not refused; every other one is the code of a refusal."""
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


class ActorKind(StrEnum):
    """As whom somebody asked."""

    OPERATOR = "OPERATOR"
    RECIPIENT = "RECIPIENT"
    ENTERPRISE = "ENTERPRISE"
    HUB = "HUB"
    STRANGER = "STRANGER"
    """Who proved nothing, whatever he says of himself."""


class AuditAct(StrEnum):
    """What is asked for. Each route of the portal has the name of one."""

    CONSENT_REQUEST = "CONSENT_REQUEST"
    CONSENT_GRANT = "CONSENT_GRANT"
    CONSENT_REJECT = "CONSENT_REJECT"
    CONSENT_PAUSE = "CONSENT_PAUSE"
    CONSENT_RESUME = "CONSENT_RESUME"
    CONSENT_REVOKE = "CONSENT_REVOKE"
    CONSENT_SETTLE = "CONSENT_SETTLE"
    CONSENT_ACT = "CONSENT_ACT"
    """Something that cannot be done about a consent."""
    CONSENT_LIST = "CONSENT_LIST"
    CONSENT_SHOW = "CONSENT_SHOW"
    CONSENT_ARTEFACTS = "CONSENT_ARTEFACTS"
    SCOPE_SHOW = "SCOPE_SHOW"
    EVIDENCE_PUT = "EVIDENCE_PUT"
    EVIDENCE_GET = "EVIDENCE_GET"
    LINK_ISSUE = "LINK_ISSUE"
    """A one-time link to an enterprise's page; what was looked at stands as the purpose, here and at PAGE_ENTER."""
    LINK_SHOW = "LINK_SHOW"
    PAGE_ENTER = "PAGE_ENTER"
    PAGE_LEAVE = "PAGE_LEAVE"
    PAGE_CONSENTS = "PAGE_CONSENTS"
    PAGE_CONSENT = "PAGE_CONSENT"
    ANCHOR_SHOW = "ANCHOR_SHOW"
    TOKEN_ISSUE = "TOKEN_ISSUE"
    BANDS_SHOW = "BANDS_SHOW"
    CHANGES_PULL = "CHANGES_PULL"
    SUBJECT_VIEW = "SUBJECT_VIEW"
    QUESTION_ANSWER = "QUESTION_ANSWER"
    SCORE_ANSWER = "SCORE_ANSWER"
    DELETION_LIST = "DELETION_LIST"
    RECEIPT_TAKE = "RECEIPT_TAKE"
    OUTCOME_TAKE = "OUTCOME_TAKE"
    OUTCOME_TOTALS = "OUTCOME_TOTALS"
    NONE = "NONE"
    """Nothing that there is, or refused before it was looked at."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is said of one act. ``question`` and ``answer`` are SHA-256 over a nonce and what they are of."""

    moment: datetime
    actor_kind: ActorKind
    actor: str
    act: AuditAct
    subject: str
    purpose: str
    consents: tuple[str, ...]
    outcome: str
    question: bytes = b""
    answer: bytes = b""
    count: int = 1

    @property
    def is_refusal(self) -> bool:
        """Whether nothing was answered but why not."""
        return self.outcome != OK


def message_of(entry: AuditEntry, number: int, previous: bytes, digest: bytes) -> Mapping[str, Any]:
    """Return the value of ``audit.v1`` for an entry at its place in the chain."""
    return {
        "number": number,
        "moment": entry.moment,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor,
        "act": entry.act,
        "subject": entry.subject,
        "purpose": entry.purpose,
        "consents": list(entry.consents),
        "outcome": entry.outcome,
        "count": entry.count,
        "question": entry.question,
        "answer": entry.answer,
        "alg": ALGORITHM,
        "previous": previous,
        "digest": digest,
    }


def id_or_nothing(text: str) -> str:
    """Return an id, a 工号 or a number of a consent; of anything else, such as a name, nothing."""
    return text if _ID.fullmatch(text) else ""


def code_or_nothing(text: str) -> str:
    """Return a code; of anything else nothing."""
    return text if _CODE.fullmatch(text) else ""


def subject_or_nothing(text: str) -> str:
    """Return the 统一社会信用代码 that a text is; of anything else, such as an ID number typed by mistake, nothing."""
    try:
        return str(uscc(text))
    except ValueError:
        return ""
