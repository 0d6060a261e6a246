"""Consents as the portal knows them, with what was done about each. All of it is fictitious."""

from collections.abc import Sequence
from typing import Any

from portal.register import HistoryStep, KnownConsent
from rules.release.consent.artefact import Held
from rules.release.consent.lifecycle import Act, Consent, Transition, after
from tests.builders.consents import folded, step, terms


def known(*acts: Act, **changes: Any) -> KnownConsent:
    """Return a consent after these acts; ``changes`` are of its terms."""
    own = terms(**changes)
    steps: list[Transition] = []
    consent: Consent | None = None
    for act in acts:
        steps.append(step(consent, act, own))
        consent = after(consent, steps[-1])
    return known_of(steps)


def known_of(steps: Sequence[Transition]) -> KnownConsent:
    """Return the consent of a life."""
    history = tuple(HistoryStep(one.act, one.reason, one.actor, one.at) for one in steps)
    return KnownConsent(Held(folded(steps), "digest"), history, ())
