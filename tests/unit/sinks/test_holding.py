"""How long a sink waits, and from where it reads again."""

from threading import Event

from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import Unavailable
from sinks.holding import Patience, first_offsets, wait_s
from sinks.readiness import SinkReadiness
from tests.unit.sinks.log import REAL, Entry, away


@given(tries=st.integers(1, 10_000), asked=st.floats(0, 120), longest=st.floats(0.5, 15), share=st.floats(0, 1))
def test_a_wait_is_never_shorter_than_asked_nor_longer_than_it_may_grow(
    tries: int, asked: float, longest: float, share: float
) -> None:
    assert max(asked, 0.5) <= wait_s(tries, asked, longest, share) <= max(asked, longest, 0.5)


def test_waits_grow_up_to_the_longest() -> None:
    assert [wait_s(tries, 0.0, 15.0, 1.0) for tries in range(1, 10)] == [0.5, 0.5, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0]


def test_the_first_offset_of_each_partition_is_where_to_read_again() -> None:
    read = [Entry(7, 0), Entry(8, 0), Entry(3, 1), Entry(7, 0)]
    assert first_offsets(read) == {(REAL, 0): 7, (REAL, 1): 3}


def test_until_waits_for_a_success_and_ends_when_it_is_stopped() -> None:
    stop, readiness, answers = Event(), SinkReadiness(), [away(), away(), None]
    patience = Patience("test", stop, readiness, 0.5)

    def act() -> str:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return "done"

    assert patience.until(act) == "done"
    assert not patience.holds

    def never() -> str:
        stop.set()
        raise Unavailable("away")

    assert patience.until(never) is None
    assert patience.holds


def test_health_has_no_remedy_which_often_is_to_look_at_health() -> None:
    stop, readiness = Event(), SinkReadiness()
    stop.set()
    readiness.caught_up()
    Patience("test", stop, readiness, 0.5).hold(Unavailable("It does not answer.", remedy="See `credithub status`."))
    assert readiness().reason == "holding: It does not answer."
