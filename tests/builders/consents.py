"""Consents as tests need them: terms of a fictitious enterprise, and lives that are legal. All of it is fictitious."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from rules.release.consent.lifecycle import (
    REASONS,
    TRANSITIONS,
    Act,
    Consent,
    IllegalTransition,
    Transition,
    after,
)
from rules.release.consent.terms import Capacity, Disposal, Mode, Purpose, Signatory, Template, Terms

SUBJECT = "91630102MAX000015H"
MOMENT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
EVIDENCE = "e" * 64
ITEMS = ("tax.balance_sheet", "tax.payment", "utilities.electricity")
RECIPIENTS = ("qinghe", "yinhe")
REPRESENTATIVE = Signatory(Capacity.LEGAL_REPRESENTATIVE, "hash-of-a", b"sealed")
SUCCESSOR = Signatory(Capacity.LEGAL_REPRESENTATIVE, "hash-of-b", b"sealed")
_ACTS = st.sampled_from([*Act])


def terms(**changes: Any) -> Terms:
    """Return terms; ``changes`` are what a test is about."""
    plain = Terms(
        "SQ-1", SUBJECT, "青海虚构样例有限公司", Template("2026-1", "a" * 64), "虚构样例平台", "yinhe",
        ("taxation",), ("tax.payment",), Mode.STREAM, Purpose.LOAN, "DK-2026-1", MOMENT, MOMENT + timedelta(days=90),
        False, False, "虚构样例窗口", Disposal.DELETE,
    )  # fmt: skip
    return replace(plain, **changes)


def step(consent: Consent | None, act: Act, own: Terms, **changes: Any) -> Transition:
    """Return the next transition of a consent, an hour after the one before it, signed where it has to be."""
    plain = Transition(
        own, (consent.version if consent else 0) + 1, act, REASONS[act][0], "op-1",
        (consent.at if consent else own.start) + timedelta(hours=1),
    )  # fmt: skip
    if act is Act.GRANT:
        plain = replace(plain, signatory=REPRESENTATIVE, evidence=EVIDENCE)
    return replace(plain, **changes)


def lived(own: Terms, *acts: Act) -> Consent:
    """Return what a consent is after these acts."""
    consent: Consent | None = None
    for act in acts:
        consent = after(consent, step(consent, act, own))
    assert consent is not None
    return consent


def moments() -> st.SearchStrategy[datetime]:
    """Draw a moment around the terms that are drawn; often one of their ends."""
    hours = st.integers(-48, 24 * 12)
    return st.one_of(hours, st.sampled_from([0, 24, 48, 96])).map(lambda hour: MOMENT + timedelta(hours=hour))


@st.composite
def any_terms(draw: st.DrawFn, number: str = "SQ-1") -> Terms:
    """Draw terms of few recipients and items, so that several consents meet."""
    start = draw(moments())
    items = draw(st.sets(st.sampled_from(ITEMS), min_size=1))
    return terms(
        number=number, recipient=draw(st.sampled_from(RECIPIENTS)), items=tuple(sorted(items)),
        mode=draw(st.sampled_from(Mode)), start=start, end=start + timedelta(hours=draw(st.integers(1, 240))),
        post_loan=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def lives(draw: st.DrawFn, number: str = "SQ-1") -> tuple[Transition, ...]:
    """Draw a legal life: a request, and whatever legal step follows."""
    own = draw(any_terms(number))
    consent: Consent | None = None
    steps: list[Transition] = []
    for act in (Act.REQUEST, *draw(st.lists(_ACTS, max_size=8))):
        if (consent.state if consent else None, act) not in TRANSITIONS:
            continue
        signed = act is Act.GRANT or (act is Act.RESUME and draw(st.booleans()))
        one = step(
            consent, act, own, reason=draw(st.sampled_from(REASONS[act])),
            at=(consent.at if consent else own.start) + timedelta(hours=draw(st.integers(0, 96))),
            signatory=REPRESENTATIVE if signed else None, evidence=EVIDENCE if signed else "",
        )  # fmt: skip
        try:
            consent = after(consent, one)
        except IllegalTransition:
            continue
        steps.append(one)
    return tuple(steps)


@st.composite
def several(draw: st.DrawFn, most: int = 4) -> list[Consent]:
    """Draw consents of one enterprise."""
    count = draw(st.integers(0, most))
    return [folded(draw(lives(f"SQ-{index}"))) for index in range(count)]


def folded(steps: Iterable[Transition]) -> Consent:
    """Return the consent of a life."""
    consent: Consent | None = None
    for one in steps:
        consent = after(consent, one)
    assert consent is not None
    return consent
