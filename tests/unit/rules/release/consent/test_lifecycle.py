"""The laws of a consent's life: what is final stays, the moment alone ends it, and only legal steps are taken."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.release.consent.lifecycle import (
    FINAL,
    REASONS,
    TRANSITIONS,
    Act,
    ActReason,
    IllegalTransition,
    State,
    Transition,
    after,
    fold,
    in_force,
    is_over,
    uses,
)
from rules.release.consent.terms import DataUse
from tests.builders.consents import (
    EVIDENCE,
    MOMENT,
    REPRESENTATIVE,
    SUCCESSOR,
    any_terms,
    folded,
    lived,
    lives,
    moments,
    step,
    terms,
)


@given(lives(), st.sampled_from([*Act]), st.data())
def test_what_is_final_never_changes(life: tuple[Transition, ...], act: Act, data: st.DataObject) -> None:
    consent = folded(life)
    assume(consent.state in FINAL)
    reason = data.draw(st.sampled_from([*ActReason]))
    signed = data.draw(st.sampled_from([None, REPRESENTATIVE, SUCCESSOR]))
    later = step(consent, act, consent.terms, reason=reason, signatory=signed, evidence=EVIDENCE if signed else "")
    with pytest.raises(IllegalTransition):
        after(consent, later)


@given(lives(), moments())
def test_nothing_is_in_force_that_is_not_active_or_not_in_its_term(life: tuple[Transition, ...], at: datetime) -> None:
    consent = folded(life)
    found = uses(consent, at)
    if found:
        assert consent.state is State.ACTIVE
        assert consent.signatory is not None
        assert at >= consent.terms.start
    assert (DataUse.APPLICATION in found) == (
        consent.state is State.ACTIVE and consent.terms.start <= at < consent.terms.end
    )
    assert DataUse.POST_LOAN not in found or consent.terms.post_loan


@given(lives(), moments())
def test_that_its_end_is_written_down_changes_nothing_for_anybody(life: tuple[Transition, ...], at: datetime) -> None:
    consent = folded(life)
    assume(consent.state not in FINAL)
    written = max(at, consent.at)
    end = step(consent, Act.EXPIRE, consent.terms, at=written)
    if is_over(consent, written):
        recorded = after(consent, end)
        for later in (written, written + timedelta(days=400)):
            assert uses(recorded, later) == uses(consent, later) == frozenset()
    else:
        with pytest.raises(IllegalTransition):
            after(consent, end)


@given(lives(), st.data())
def test_transitions_fold_to_the_same_in_any_order_and_however_often_they_come(
    life: tuple[Transition, ...], data: st.DataObject
) -> None:
    repeated = data.draw(st.permutations([*life, *data.draw(st.lists(st.sampled_from(life)))]))
    assert fold(repeated) == folded(life)


@given(lives(), st.data())
def test_a_life_with_a_gap_or_another_s_terms_is_refused(life: tuple[Transition, ...], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(life) - 1))
    if index < len(life) - 1:
        with pytest.raises(IllegalTransition):
            fold(life[:index] + life[index + 1 :])
    other = data.draw(any_terms())
    assume(len(life) > 1 and other != life[0].terms)
    altered = max(index, 1)
    with pytest.raises(IllegalTransition):
        fold([*life[:altered], replace(life[altered], terms=other), *life[altered + 1 :]])


@given(lives())
def test_every_life_goes_by_the_table(life: tuple[Transition, ...]) -> None:
    state: State | None = None
    for version, one in enumerate(life, start=1):
        assert one.version == version
        assert one.reason in REASONS[one.act]
        state = TRANSITIONS[(state, one.act)]
    assert folded(life).state is state


@given(lives(), moments())
def test_later_moments_never_bring_back_what_the_term_ended(life: tuple[Transition, ...], at: datetime) -> None:
    consent = folded(life)
    if at >= consent.terms.start and not in_force(consent, at):
        assert not in_force(consent, at + timedelta(days=1))


def test_everything_that_the_table_does_not_name_is_refused() -> None:
    own = terms()
    for state in (None, *State):
        for act in Act:
            if (state, act) not in TRANSITIONS and state is not None:
                consent = replace(lived(own, Act.REQUEST, Act.GRANT), state=state)
                with pytest.raises(IllegalTransition):
                    after(consent, step(consent, act, own, at=own.end))
    for act in set(Act) - {Act.REQUEST}:
        with pytest.raises(IllegalTransition):
            after(None, step(None, act, own))


def test_a_grant_needs_who_signed_and_before_the_end() -> None:
    own = terms()
    asked = lived(own, Act.REQUEST)
    for changes in (
        {"signatory": None, "evidence": ""},
        {"evidence": ""},
        {"signatory": None},
        {"at": own.end},
        {"at": asked.at - timedelta(seconds=1)},
    ):
        with pytest.raises(IllegalTransition):
            after(asked, step(asked, Act.GRANT, own, **changes))


def test_another_legal_representative_has_to_confirm_before_it_goes_on() -> None:
    own = terms()
    active = lived(own, Act.REQUEST, Act.GRANT)
    paused = after(active, step(active, Act.PAUSE, own, reason=ActReason.REPRESENTATIVE_CHANGED))
    assert paused.needs_confirmation
    for reason in REASONS[Act.RESUME]:
        with pytest.raises(IllegalTransition):
            after(paused, step(paused, Act.RESUME, own, reason=reason))
    confirmed = step(paused, Act.RESUME, own, reason=ActReason.CONFIRMED, signatory=SUCCESSOR, evidence=EVIDENCE)
    resumed = after(paused, confirmed)
    assert in_force(resumed, resumed.at)
    assert resumed.signatory == SUCCESSOR
    assert not resumed.needs_confirmation


def test_what_the_enterprise_paused_is_not_freed_of_a_later_confirmation() -> None:
    own = terms()
    active = lived(own, Act.REQUEST, Act.GRANT)
    paused = after(active, step(active, Act.PAUSE, own, reason=ActReason.BY_ENTERPRISE))
    again = after(paused, step(paused, Act.PAUSE, own, reason=ActReason.REPRESENTATIVE_CHANGED))
    struck = after(again, step(again, Act.PAUSE, own, reason=ActReason.STRUCK_OFF))
    assert struck.needs_confirmation
    with pytest.raises(IllegalTransition):
        after(struck, step(struck, Act.RESUME, own, reason=ActReason.CLEARED))
    with pytest.raises(IllegalTransition):
        after(struck, step(struck, Act.PAUSE, own, reason=ActReason.STRUCK_OFF))


def test_post_loan_use_lasts_until_the_loan_is_settled() -> None:
    own = terms(post_loan=True)
    active = lived(own, Act.REQUEST, Act.GRANT)
    years_later = MOMENT + timedelta(days=2000)
    assert uses(active, years_later) == {DataUse.POST_LOAN}
    assert not is_over(active, years_later)
    settled = after(active, step(active, Act.SETTLE, own))
    assert not in_force(settled, settled.at)
