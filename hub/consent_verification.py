"""Verifies consents by their signatures: in an exported file, without any service, or in ``consent.v1``."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bus.crypto.signing import ForgedSignature, Jwk, Verifier
from bus.crypto.signing_keys import read_jwks
from catalogue.errors import HubError, PoisonMessage, UsageError
from rules.release.consent.artefact import TYPE, Held, digest_of, follow, read_text
from rules.release.consent.lifecycle import Consent, IllegalTransition, in_force

_MOST_BYTES = 16 << 20


class NotGenuine(HubError):
    """An artefact was forged, altered, left out, repeated or put in another's place."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A consent whose artefacts are all genuine, as of its last one; ``kids`` signed them."""

    consent: Consent
    kids: tuple[str, ...]
    in_force: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        terms = self.consent.terms
        return {
            "number": terms.number, "subject": terms.subject, "recipient": terms.recipient, "genuine": True,
            "version": self.consent.version, "state": self.consent.state, "reason": self.consent.reason,
            "at": self.consent.at.isoformat(), "start": terms.start.isoformat(), "end": terms.end.isoformat(),
            "post_loan": terms.post_loan, "items": list(terms.items), "mode": terms.mode,
            "evidence": self.consent.evidence, "in_force": self.in_force, "kids": list(self.kids),
        }  # fmt: skip


def read_keys(file: Path) -> tuple[Jwk, ...]:
    """Return the public keys in a file (JWK set); raises UsageError."""
    try:
        return read_jwks(json.loads(_text(file)))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError(
            f"{file} holds no public keys (JWK set).", remedy="`credithub keys public` on the hub prints them."
        ) from exc


def verified_file(file: Path, verifier: Verifier, at: datetime) -> Verified:
    """Return the consent that an exported file holds, an artefact a line, from its first version on.

    Raises NotGenuine for what is not what the hub signed, and UsageError for a file that cannot be read.
    """
    lines = [line for line in _text(file).splitlines() if line.strip()]
    if not lines:
        raise UsageError(f"{file} holds no artefact.", remedy="`credithub consent show --export` writes one.")
    return verified(lines, verifier, at)


def verified(artefacts: Sequence[str], verifier: Verifier, at: datetime) -> Verified:
    """Return the consent of these artefacts, in order; raises NotGenuine naming the first that is wrong."""
    held: Held | None = None
    kids: dict[str, None] = {}
    for line, artefact in enumerate(artefacts, start=1):
        try:
            signed = verifier.verify(artefact.strip(), TYPE)
            held = follow(held, read_text(signed.payload), digest_of(artefact.strip()))
        except (ForgedSignature, IllegalTransition, ValueError) as exc:
            raise NotGenuine(f"Artefact {line} is not genuine: {exc}") from exc
        kids[signed.kid] = None
    assert held is not None
    return Verified(held.consent, tuple(kids), in_force(held.consent, at))


def forged(messages: Iterable[Any], take: Any) -> Iterator[str]:
    """Yield what is wrong with messages of ``consent.v1``, each handed to ``take``."""
    for message in messages:
        try:
            take(message)
        except PoisonMessage as problem:
            yield f"consent.v1/{message.partition()}@{message.offset()}: {problem}"


def read_content(file: Path) -> bytes:
    """Return what a file holds; raises UsageError."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{file} is larger than any that the hub writes or takes.", remedy="Name another file.")
        return file.read_bytes()
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}.", remedy="Name another file.") from exc


def _text(file: Path) -> str:
    try:
        return read_content(file).decode()
    except UnicodeDecodeError as exc:
        raise UsageError(f"{file} is no text.", remedy="Name what `credithub consent show --export` wrote.") from exc
