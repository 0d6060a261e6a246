"""An entry of ``outcome.v1``: what was sent, sealed, so that nobody reads it, forges it or moves it by the topic."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bus.crypto.cipher import Cipher, bound
from catalogue.errors import HubError, PoisonMessage
from rules.outcomes.reported import LoanOutcomeKind, ReportedOutcome
from rules.release.receipts import DeletionReceipt, ReceiptKind

_CONTEXT, _DIGEST = "outcome.returned", "outcome.batch"


class ReturnedKind(StrEnum):
    """What a batch is of."""

    OUTCOME = "OUTCOME"
    DELETION = "DELETION"


@dataclass(frozen=True, slots=True)
class BatchName:
    """What a batch is known by."""

    recipient: str
    kind: ReturnedKind
    number: str


@dataclass(frozen=True, slots=True)
class ReturnedEntry:
    """One entry of a batch; ``digest``: of the whole batch."""

    batch: BatchName
    digest: str
    place: int
    subject: str
    consent: str
    received_at: datetime
    said: DeletionReceipt | ReportedOutcome


class EntrySeal:
    """Seals entries, and opens them."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def digest(self, batch: BatchName, content: Any) -> str:
        """Return the keyed hash by which the same batch is known again: who has it can try out no content."""
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
        return self._cipher.link(f"{batch.recipient}\x00{batch.kind}\x00{batch.number}\x00{text}", _DIGEST)

    def message_of(self, entry: ReturnedEntry) -> Mapping[str, Any]:
        """Return the value of ``outcome.v1`` for an entry."""
        batch, said = entry.batch, entry.said
        plain = _receipt_text(said) if isinstance(said, DeletionReceipt) else _outcome_text(said)
        return {
            "subject": entry.subject, "consent": entry.consent, "recipient": batch.recipient, "kind": batch.kind,
            "batch": batch.number, "entry": entry.place, "digest": entry.digest, "received_at": entry.received_at,
            "sealed": self._cipher.close(json.dumps(plain).encode(), _CONTEXT, _record(entry)),
        }  # fmt: skip

    def read(self, value: Mapping[str, Any]) -> ReturnedEntry:
        """Return the entry that a value of ``outcome.v1`` is; raises PoisonMessage for what this hub did not seal."""
        try:
            batch = BatchName(value["recipient"], ReturnedKind(value["kind"]), value["batch"])
            # What it is bound to, before what it says is known.
            entry = ReturnedEntry(
                batch, value["digest"], value["entry"], value["subject"], value["consent"], value["received_at"],
                _NOTHING,
            )  # fmt: skip
            plain = json.loads(self._cipher.open(value["sealed"], _CONTEXT, _record(entry)))
            said = _receipt(plain) if batch.kind is ReturnedKind.DELETION else _outcome(plain)
        except (HubError, ValueError, KeyError, TypeError, ArithmeticError) as exc:
            raise PoisonMessage(f"What a recipient sent is not what this hub sealed: {exc}") from exc
        return ReturnedEntry(batch, entry.digest, entry.place, entry.subject, entry.consent, entry.received_at, said)


_NOTHING = DeletionReceipt(ReceiptKind.DELETED, date.min)


def _record(entry: ReturnedEntry) -> bytes:
    batch = entry.batch
    return bound(
        batch.kind, batch.recipient, batch.number, str(entry.place), entry.digest, entry.subject, entry.consent
    )


def _receipt_text(said: DeletionReceipt) -> dict[str, Any]:
    until = said.until.isoformat() if said.until else None
    return {"kind": said.kind, "on": said.on.isoformat(), "law": said.law, "article": said.article, "until": until}


def _receipt(plain: Mapping[str, Any]) -> DeletionReceipt:
    until = date.fromisoformat(plain["until"]) if plain["until"] else None
    return DeletionReceipt(
        ReceiptKind(plain["kind"]), date.fromisoformat(plain["on"]), plain["law"], plain["article"], until
    )


def _outcome_text(said: ReportedOutcome) -> dict[str, Any]:
    amount, rate = (None if one is None else str(one) for one in (said.amount_cny, said.rate_percent))
    return {
        "kind": said.kind,
        "day": said.day.isoformat(),
        "amount": amount,
        "rate": rate,
        "first_loan": said.is_first_loan,
    }


def _outcome(plain: Mapping[str, Any]) -> ReportedOutcome:
    amount, rate = (None if plain[name] is None else Decimal(plain[name]) for name in ("amount", "rate"))
    return ReportedOutcome(
        LoanOutcomeKind(plain["kind"]), date.fromisoformat(plain["day"]), amount, rate, plain["first_loan"]
    )
