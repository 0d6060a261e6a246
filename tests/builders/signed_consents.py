"""Consents of fictitious enterprises, as ``consent.v1`` tells them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from bus.crypto.signing import Ed25519Signer, Ed25519Verifier, Signer, new_key, public_part
from rules.release.consent.artefact import TYPE, Held, digest_of, follow, key_of, message_of, read_text, text_of
from rules.release.consent.lifecycle import REASONS, Act, Consent, Transition
from rules.release.consent.terms import (
    Capacity,
    Disposal,
    Mode,
    Purpose,
    Signatory,
    Template,
    Terms,
)

START = datetime(2026, 7, 1, tzinfo=UTC)
END = START + timedelta(days=90)
_KEY = new_key()
SIGNER = Ed25519Signer(_KEY)
PUBLIC = public_part(_KEY)
VERIFIER = Ed25519Verifier([PUBLIC])
_SIGNATORY = Signatory(Capacity.LEGAL_REPRESENTATIVE, "0" * 64, b"sealed")
_SIGNS = (Act.GRANT,)


def terms(subject: str, number: str = "C-1", **changed: Any) -> Terms:
    """Return terms; ``changed`` are those that the test is about."""
    said = {
        "number": number,
        "subject": subject,
        "enterprise": "青海虚构样例有限公司",
        "template": Template("2026-1", hashlib.sha256("虚构".encode()).hexdigest()),
        "platform": "虚构信用平台",
        "recipient": "yinhe",
        "departments": ("tax",),
        "items": ("tax.payment",),
        "mode": Mode.STREAM,
        "purpose": Purpose.LOAN,
        "application": "A-1",
        "start": START,
        "end": END,
        "post_loan": False,
        "onward_sharing": False,
        "revocation_channel": "虚构窗口",
        "disposal": Disposal.DELETE,
    }
    return Terms(**{**said, **changed})


class Signing:
    """Signs the transitions of consents, each behind the one before it."""

    def __init__(self, signer: Signer = SIGNER) -> None:
        self._signer = signer
        self._held: dict[str, Held] = {}

    def consent(self, number: str) -> Consent | None:
        """Return a consent as it is after its last transition."""
        held = self._held.get(number)
        return held.consent if held else None

    def consents(self) -> list[Consent]:
        """Return all of them."""
        return [held.consent for held in self._held.values()]

    def act(self, of: Terms, act: Act, at: datetime) -> tuple[bytes, dict[str, Any]]:
        """Return the key and the value of a transition's message."""
        held = self._held.get(of.number)
        version = held.consent.version + 1 if held else 1
        signs = act in _SIGNS
        step = Transition(
            of, version, act, REASONS[act][0], "op1", at, _SIGNATORY if signs else None, "e" * 64 if signs else ""
        )
        text = text_of(step, held.digest if held else "")
        artefact = self._signer.sign(text, TYPE)
        found = read_text(text)
        self._held[of.number] = follow(held, found, digest_of(artefact))
        return key_of(of.subject, of.number), dict(message_of(found, artefact, self._signer.alg, self._signer.kid))
