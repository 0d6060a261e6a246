"""The consents of each enterprise, as ``consent.v1`` tells them: signed artefacts, each behind the one before it."""

import marshal
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from bus.crypto.signing import ForgedSignature, Verifier
from catalogue.errors import PoisonMessage
from catalogue.times import micros
from processing.output import InputMessage, StoreWrites
from processing.store import ReadableStore
from rules.release.consent.artefact import TYPE, Held, digest_of, follow, read_message
from rules.release.consent.lifecycle import Consent, IllegalTransition
from rules.release.grants import Grant, grants_of
from sinks.banks import keys

_HELD = TypeAdapter(dict[str, Held])
# As a former store kept them, without what is open; marshal begins no tuple so.
_JSON = b"{"
Verifiers = Callable[[str], Verifier]
"""Returns what knows the key of an id, if anybody does."""


class ConsentBook:
    """The consents of one partition: the store's, and above them what was folded since and is not written yet."""

    def __init__(
        self, store: ReadableStore, decode: Callable[[bytes], Mapping[str, Any]], verifiers: Verifiers
    ) -> None:
        self._store, self._decode, self._verifiers = store, decode, verifiers
        self._folded: dict[str, dict[str, Held]] = {}

    def take(self, message: InputMessage) -> str:
        """Fold a transition, and return whose it is; one that was folded already changes nothing.

        Raises PoisonMessage for one that nobody of this hub signed, or that does not follow what was before it.
        """
        value = self._decode(message.value or b"")
        try:
            signed = self._verifiers(value["kid"]).verify(value["artefact"], TYPE)
            found = read_message(value, message.key or b"", *signed)
            step = found.step
            subject, number = step.terms.subject, step.terms.number
            known = dict(self._of(subject))
            held = known.get(number)
            if held is not None and step.version <= held.consent.version:
                return subject
            known[number] = _slim(follow(held, found, digest_of(value["artefact"])))
        except (ForgedSignature, IllegalTransition, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise PoisonMessage(f"A transition of a consent is not what this hub signed: {exc}") from exc
        self._folded[subject] = known
        return subject

    def of(self, subject: str) -> tuple[Consent, ...]:
        """Return the consents of an enterprise."""
        return tuple(held.consent for held in self._of(subject).values())

    def grants(self, subject: str) -> tuple[Grant, ...]:
        """Return what the active consents of an enterprise open: asked for each change, so it is read alone."""
        if subject in self._folded:
            return grants_of(held.consent for held in self._folded[subject].values())
        raw = self._store.get(keys.of_subject(keys.CONSENTS, subject))
        if raw is None:
            return ()
        if raw.startswith(_JSON):
            return grants_of(held.consent for held in _HELD.validate_json(raw).values())
        return tuple([Grant(*one) for one in marshal.loads(raw)[0]])

    def writes(self, moment: datetime) -> StoreWrites:
        """Return what the store lacks of what was folded; also when, after a moment, a scope changes by itself."""
        found: StoreWrites = {}
        for subject, known in self._folded.items():
            grants: Any = tuple(map(tuple, grants_of(held.consent for held in known.values())))
            found[keys.of_subject(keys.CONSENTS, subject)] = marshal.dumps((grants, _HELD.dump_json(known)))
            for held in known.values():
                terms = held.consent.terms
                for at in (terms.start, terms.end):
                    if at > moment:
                        found[keys.due_key(micros(at), subject)] = b""
        return found

    def written(self) -> None:
        """Note that the store has what was folded."""
        self._folded = {}

    def _of(self, subject: str) -> Mapping[str, Held]:
        if subject in self._folded:
            return self._folded[subject]
        raw = self._store.get(keys.of_subject(keys.CONSENTS, subject))
        if raw is None:
            return {}
        return _HELD.validate_json(raw if raw.startswith(_JSON) else marshal.loads(raw)[1])


def _slim(held: Held) -> Held:
    """Leave out what names persons, though sealed: nothing here asks for it."""
    signatory = held.consent.signatory
    if signatory is None:
        return held
    return held._replace(consent=replace(held.consent, signatory=replace(signatory, sealed=b"")))
