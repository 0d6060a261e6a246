"""The memory of rows says what a dict would, in a third of its room."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from producers.submissions.row_index import RowIndex

KEYS = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
NUMBERS = st.integers(min_value=1, max_value=(1 << 64) - 1)


@given(st.lists(st.tuples(KEYS | st.integers(min_value=-3, max_value=3), NUMBERS)), st.lists(KEYS))
def test_it_is_a_map(puts: list[tuple[int, int]], others: list[int]) -> None:
    seen, expected = RowIndex(), dict[int, int]()
    for key, number in puts:
        seen.put(key, number)
        # 0 and 1 are one key: a hash is hardly ever either.
        expected[key or 1] = number
    assert len(seen) == len(expected)
    for key in [*expected, *others]:
        assert seen.get(key) == expected.get(key or 1, 0)


def test_rows_take_little_room() -> None:
    seen = RowIndex()
    tracemalloc.start()
    for number in range(60_000):
        seen.put(hash((number, "x")), number + 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(seen) == 60_000
    assert all(seen.get(hash((number, "x"))) == number + 1 for number in range(0, 60_000, 997))
    assert peak < 60 * 60_000
