"""What several readers want of a partition is read once, and what nobody wants not at all."""

from hypothesis import given
from hypothesis import strategies as st

from bus.reading.offsets import TopicPartition
from proofs.continuous.windows import ReadingPlan

PLACE = TopicPartition("credit.change.v1", 0)


def test_windows_that_touch_are_read_at_once_and_a_gap_is_not_read() -> None:
    plan = ReadingPlan()
    plan.add("a", PLACE, 10, 20)
    plan.add("b", PLACE, 15, 25)
    plan.add("c", PLACE, 100, 110)
    plan.add("nothing", PLACE, 5, 5)
    plan.add("d", TopicPartition("credit.state.v1", 1), 0, 3)
    assert list(plan.rounds()) == [
        {PLACE: (10, 25), TopicPartition("credit.state.v1", 1): (0, 3)},
        {PLACE: (100, 110)},
    ]
    assert list(ReadingPlan().rounds()) == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_every_offset_that_somebody_reads_is_read_once(drawn: list[tuple[int, int]]) -> None:
    plan = ReadingPlan()
    for number, (start, end) in enumerate(drawn):
        plan.add(str(number), PLACE, start, end)
    read = [offset for spans in plan.rounds() for offset in range(*spans[PLACE])]
    assert sorted(read) == read
    assert read == sorted({offset for start, end in drawn for offset in range(start, end)})
