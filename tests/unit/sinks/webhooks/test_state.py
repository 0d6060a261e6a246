"""How a delivery stands after each answer; the time is drawn, and nobody waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.https_post import PostAnswer, PostFailure
from rules.release.webhooks import RETRY_WAITS_S
from sinks.webhooks.state import DeliveryState, Suspension, after_failure, is_taken, read_state

DOWN = PostAnswer(None, PostFailure.UNREACHABLE)
states = st.builds(
    DeliveryState,
    failures=st.integers(0, 10), failing_since=st.none() | st.floats(1e9, 2e9), retry_at=st.floats(0, 2e9),
    suspended=st.none() | st.sampled_from(Suspension), order=st.integers(0, 100),
)  # fmt: skip


@given(states)
def test_a_state_comes_back_from_the_metadata_of_its_position(state: DeliveryState) -> None:
    assert read_state(state.text()) == state
    # What a broker keeps beside an offset.
    assert len(state.text()) < 4096


def test_a_position_without_metadata_is_a_beginning() -> None:
    assert read_state(None) == read_state("") == DeliveryState()


def test_who_is_away_is_tried_for_seventy_five_hours_and_then_suspended() -> None:
    state, now, tries = DeliveryState(order=3), 1e9, 0
    while state.suspended is None:
        tries += 1
        state = after_failure(state, DOWN, now)
        now = max(now, state.retry_at)
    assert (state.suspended, state.order, state.failing_since) == (Suspension.EXHAUSTED, 3, 1e9)
    assert tries == len(RETRY_WAITS_S) + 1
    assert 75 * 3600 <= now - 1e9 < 76 * 3600


def test_who_is_gone_is_suspended_at_once() -> None:
    assert after_failure(DeliveryState(), PostAnswer(410), 1e9).suspended is Suspension.GONE


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (204, True), (299, True), (301, False), (307, False), (400, False), (500, False)]
)
def test_any_2xx_is_taken_and_a_redirection_is_not(status: int, taken: bool) -> None:
    assert is_taken(PostAnswer(status)) is taken
    assert not is_taken(DOWN)


def test_a_try_that_another_message_s_success_brought_costs_none() -> None:
    failed = after_failure(DeliveryState(), DOWN, 1e9)
    again = after_failure(failed.encouraged(), DOWN, 1e9 + 1)
    assert (again.failures, again.failing_since) == (failed.failures, failed.failing_since)
    assert again.retry_at == 1e9 + 1 + RETRY_WAITS_S[0]
    assert DeliveryState(order=1).encouraged() == DeliveryState(order=1)


def test_retry_after_is_obeyed() -> None:
    assert after_failure(DeliveryState(), PostAnswer(429, None, 600.0), 1e9).retry_at == 1e9 + 600
