"""How long a message waits is never told too short."""

from hypothesis import given
from hypothesis import strategies as st

from bus.reading.offsets import TopicPartition
from proofs.continuous.arrivals import Arrivals

PLACE = TopicPartition("credit.change.v1", 0)


def test_a_message_is_as_old_as_the_first_of_its_window() -> None:
    arrivals = Arrivals()
    assert arrivals.since(PLACE, 0) is None
    arrivals.note(PLACE, 10, 100.0)
    arrivals.note(PLACE, 20, 200.0)
    assert [arrivals.since(PLACE, offset) for offset in (5, 10, 19, 20, 25)] == [100.0, 100.0, 100.0, 200.0, 200.0]


@given(st.integers(1, 3000), st.integers(0, 2999))
def test_many_windows_are_thinned_out_towards_the_older(windows: int, offset: int) -> None:
    arrivals = Arrivals()
    for number in range(windows):
        arrivals.note(PLACE, number, float(number))
    since = arrivals.since(PLACE, offset)
    assert since is not None
    assert since <= offset
