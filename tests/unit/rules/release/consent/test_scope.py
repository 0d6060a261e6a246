"""The scope is a function of the consents and the moment, whatever their order; a plain definition says the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.release.consent.lifecycle import Act, ActReason, Consent, State, after
from rules.release.consent.scope import ScopeAnswer, ScopeRefusal, Wish, answer_to, next_moment, scope_of
from rules.release.consent.terms import DataUse, Mode
from tests.builders.consents import ITEMS, MOMENT, RECIPIENTS, lived, moments, several, step, terms

WISHES = [Wish(r, i, m, u) for r in RECIPIENTS for i in ITEMS for m in Mode for u in DataUse]
_STEPS = [*Mode]


def plainly(consents: Sequence[Consent], at: datetime, wish: Wish) -> list[str]:
    """Return the numbers by which a wish is granted, by the words of the definition alone."""
    found = []
    for consent in consents:
        own = consent.terms
        about = own.recipient == wish.recipient and wish.item in own.items
        enough = _STEPS.index(own.mode) >= _STEPS.index(wish.mode)
        begun = own.start <= at
        still = at < own.end if wish.use is DataUse.APPLICATION else own.post_loan
        if about and enough and begun and still and consent.state is State.ACTIVE:
            found.append(own.number)
    return sorted(found)


@given(several(), moments())
def test_it_grants_what_the_plain_definition_grants(consents: list[Consent], at: datetime) -> None:
    scope = scope_of(consents, at)
    for wish in WISHES:
        found = answer_to(scope, wish)
        assert list(found.numbers) == plainly(consents, at, wish)
        assert (found.refusal is None) == bool(found.numbers)


@given(several(), moments(), st.data())
def test_the_order_of_consents_does_not_matter(consents: list[Consent], at: datetime, data: st.DataObject) -> None:
    assert scope_of(data.draw(st.permutations(consents)), at) == scope_of(consents, at)


@given(several(), several(), moments())
def test_further_consents_never_take_away_what_others_grant(
    consents: list[Consent], others: list[Consent], at: datetime
) -> None:
    fewer, more = scope_of(consents, at), scope_of([*consents, *others], at)
    for wish in WISHES:
        assert set(answer_to(fewer, wish).numbers) <= set(answer_to(more, wish).numbers)


@given(several(), moments(), st.integers(0, 24 * 30))
def test_between_two_moments_that_are_told_nothing_changes_by_itself(
    consents: list[Consent], at: datetime, hours: int
) -> None:
    change, later = next_moment(consents, at), at + timedelta(hours=hours)
    if change is None or later < change:
        before, now = scope_of(consents, at), scope_of(consents, later)
        assert {w: p.numbers for w, p in before.items()} == {w: p.numbers for w, p in now.items()}


@given(several(), moments())
def test_a_mode_is_granted_with_all_that_it_contains(consents: list[Consent], at: datetime) -> None:
    scope = scope_of(consents, at)
    for wish in WISHES:
        if answer_to(scope, wish).refusal is None:
            for lower in _STEPS[: _STEPS.index(wish.mode)]:
                assert answer_to(scope, wish._replace(mode=lower)).refusal is None


@given(several(most=2), moments())
def test_a_revocation_takes_all_of_it_at_once(consents: list[Consent], at: datetime) -> None:
    for consent in consents:
        if consent.state in (State.ACTIVE, State.PAUSED):
            revoked = after(consent, step(consent, Act.REVOKE, consent.terms))
            assert all(not found.numbers for found in scope_of([revoked], at).values())


def _refusal(consent: Consent, at: datetime, use: DataUse = DataUse.APPLICATION) -> ScopeRefusal | None:
    return answer_to(scope_of([consent], at), Wish("yinhe", "tax.payment", Mode.QUERY, use)).refusal


def test_the_reason_is_what_happened_last() -> None:
    own = terms(post_loan=True)
    active = lived(own, Act.REQUEST, Act.GRANT)
    assert _refusal(lived(own, Act.REQUEST), own.start) is ScopeRefusal.NO_CONSENT
    assert _refusal(lived(own, Act.REQUEST, Act.REJECT), own.start) is ScopeRefusal.NO_CONSENT
    assert _refusal(active, own.start - timedelta(hours=1)) is ScopeRefusal.NO_CONSENT
    assert _refusal(active, own.start) is None
    assert _refusal(active, own.end) is ScopeRefusal.CONSENT_EXPIRED
    assert _refusal(active, own.end, DataUse.POST_LOAN) is None
    paused = after(active, step(active, Act.PAUSE, own))
    assert _refusal(paused, own.start) is ScopeRefusal.CONSENT_PAUSED
    assert _refusal(paused, own.end) is ScopeRefusal.CONSENT_EXPIRED
    assert _refusal(paused, own.end, DataUse.POST_LOAN) is ScopeRefusal.CONSENT_PAUSED
    settled = after(active, step(active, Act.SETTLE, own, reason=ActReason.LOAN_SETTLED))
    assert _refusal(settled, own.start, DataUse.POST_LOAN) is ScopeRefusal.CONSENT_EXPIRED
    assert _refusal(lived(own, Act.REQUEST, Act.GRANT, Act.REVOKE), MOMENT) is ScopeRefusal.CONSENT_REVOKED
    assert _refusal(active, own.start, DataUse.POST_LOAN) is None
    assert answer_to({}, WISHES[0]) == ScopeAnswer((), ScopeRefusal.NO_CONSENT)


def test_of_several_that_ended_the_last_one_is_told() -> None:
    revoked = lived(terms(number="SQ-1"), Act.REQUEST, Act.GRANT, Act.REVOKE)
    expired = lived(terms(number="SQ-2"), Act.REQUEST, Act.GRANT)
    scope = scope_of([revoked, expired], expired.terms.end)
    assert answer_to(scope, Wish("yinhe", "tax.payment", Mode.STREAM, DataUse.APPLICATION)).refusal is (
        ScopeRefusal.CONSENT_EXPIRED
    )
