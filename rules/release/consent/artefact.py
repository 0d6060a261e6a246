"""A transition as the text that is signed, and back: JSON with sorted keys, so that equal transitions are equal texts.

Each artefact holds the whole terms and the SHA-256 of the one before it: one alone says what was agreed, and all of
them that none is missing, exchanged or put before another.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from rules.release.consent.lifecycle import TRANSITIONS, Act, ActReason, Consent, IllegalTransition, Transition, after
from rules.release.consent.terms import Capacity, Disposal, Mode, Purpose, Signatory, Template, Terms

TYPE = "credithub-consent+jws"
"""The ``typ`` of its signature: what was signed for another end is no consent."""
_FORMAT = 1


class Artefact(NamedTuple):
    """What one signed artefact says: a transition, the state behind it, and the artefact before it."""

    step: Transition
    state: str
    previous: str
    """The SHA-256 of the artefact of the version before, hex; "": it is the first."""


class Held(NamedTuple):
    """A consent, and the SHA-256 of its newest artefact."""

    consent: Consent
    digest: str


def digest_of(artefact: str) -> str:
    """Return the SHA-256 of a signed artefact, hex."""
    return hashlib.sha256(artefact.encode()).hexdigest()


def text_of(step: Transition, previous: str) -> bytes:
    """Return what is signed of a transition."""
    value = {
        "format": _FORMAT,
        "version": step.version,
        "act": step.act,
        "state": _state_behind(step.act),
        "reason": step.reason,
        "actor": step.actor,
        "at": _written(step.at),
        "signatory": step.signatory and _signatory(step.signatory),
        "evidence": step.evidence,
        "previous": previous,
        "terms": _terms(step.terms),
    }
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def read_text(text: bytes) -> Artefact:
    """Return what a signed text says; raises ValueError for one that ``text_of`` did not write."""
    try:
        value = orjson.loads(text)
        if type(value["version"]) is not int:
            raise ValueError("a version is a whole number")
        step = Transition(
            _read_terms(value["terms"]), value["version"], Act(value["act"]), ActReason(value["reason"]),
            value["actor"], datetime.fromisoformat(value["at"]),
            value["signatory"] and _read_signatory(value["signatory"]), value["evidence"],
        )  # fmt: skip
        found = Artefact(step, value["state"], value["previous"])
        is_own = text_of(step, found.previous) == text
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, binascii.Error) as exc:
        raise ValueError("it is no transition of a consent") from exc
    if not is_own:
        raise ValueError("it is no transition of a consent")
    return found


def message_of(found: Artefact, artefact: str, alg: str, kid: str) -> Mapping[str, Any]:
    """Return the value of ``consent.v1`` for a signed artefact."""
    step, terms = found.step, found.step.terms
    return {
        "subject": terms.subject, "number": terms.number, "version": step.version, "recipient": terms.recipient,
        "act": step.act.value, "state": found.state, "at": step.at, "alg": alg, "kid": kid, "artefact": artefact,
    }  # fmt: skip


def key_of(subject: str, number: str) -> bytes:
    """Return the key of a consent's messages."""
    return f"{subject}\0{number}".encode()


def read_message(message: Mapping[str, Any], key: bytes, payload: bytes, alg: str, kid: str) -> Artefact:
    """Return what a message says whose artefact was verified: signed is ``payload``, by ``alg`` with ``kid``.

    Raises ValueError where the message itself, which nobody signed, says something else than its artefact.
    """
    found = read_text(payload)
    if dict(message) != message_of(found, message["artefact"], alg, kid):
        raise ValueError("the message says something else than its artefact")
    if key != key_of(found.step.terms.subject, found.step.terms.number):
        raise ValueError("the message lies under the key of another consent")
    return found


def follow(held: Held | None, found: Artefact, digest: str) -> Held:
    """Return a consent with one more artefact; ``digest`` is that of the artefact.

    Raises IllegalTransition for one that does not follow the newest one, or is not legal behind it.
    """
    if found.previous != (held.digest if held else ""):
        raise IllegalTransition("不是接在上一次办理之后")
    return Held(after(held.consent if held else None, found.step), digest)


def _state_behind(act: Act) -> str:
    return next(state for (_, done), state in TRANSITIONS.items() if done is act)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _terms(terms: Terms) -> Mapping[str, Any]:
    return {
        "number": terms.number,
        "subject": terms.subject,
        "enterprise": terms.enterprise,
        "template": {"version": terms.template.version, "text_hash": terms.template.text_hash},
        "platform": terms.platform,
        "recipient": terms.recipient,
        "departments": terms.departments,
        "items": terms.items,
        "mode": terms.mode,
        "purpose": terms.purpose,
        "application": terms.application,
        "start": _written(terms.start),
        "end": _written(terms.end),
        "post_loan": terms.post_loan,
        "onward_sharing": terms.onward_sharing,
        "revocation_channel": terms.revocation_channel,
        "disposal": terms.disposal,
    }


def _read_terms(value: Mapping[str, Any]) -> Terms:
    template = Template(value["template"]["version"], value["template"]["text_hash"])
    return Terms(
        value["number"], value["subject"], value["enterprise"], template, value["platform"], value["recipient"],
        tuple(value["departments"]), tuple(value["items"]), Mode(value["mode"]), Purpose(value["purpose"]),
        value["application"], datetime.fromisoformat(value["start"]), datetime.fromisoformat(value["end"]),
        value["post_loan"], value["onward_sharing"], value["revocation_channel"], Disposal(value["disposal"]),
    )  # fmt: skip


def _signatory(signatory: Signatory) -> Mapping[str, str]:
    return {
        "capacity": signatory.capacity,
        "representative": signatory.representative,
        "agent": signatory.agent,
        "authority": signatory.authority,
        "sealed": base64.b64encode(signatory.sealed).decode(),
    }


def _read_signatory(value: Mapping[str, Any]) -> Signatory:
    sealed = base64.b64decode(value["sealed"], validate=True)
    return Signatory(Capacity(value["capacity"]), value["representative"], sealed, value["agent"], value["authority"])
