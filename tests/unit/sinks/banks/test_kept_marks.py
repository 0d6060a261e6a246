"""Marks that are kept in memory: as they were put, within a limit, the longest unused forgotten first."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.banks.kept_marks import KeptMarks
from sinks.banks.marks import UNTOLD, Mark

MOST = 10


def of(count: int, sequence: int = 0) -> dict[str, Mark]:
    return {f"bank{number}": UNTOLD._replace(sequence=sequence) for number in range(count)}


def test_the_longest_unused_go_first() -> None:
    kept = KeptMarks(MOST)
    for subject in "abc":
        kept.put(subject, of(3))
    assert kept.get("a") is not None
    kept.put("d", of(3))
    assert [subject for subject in "abcd" if kept.get(subject) is not None] == ["a", "c", "d"]


def test_at_rest_fewer_are_kept() -> None:
    kept = KeptMarks(MOST, 4)
    for subject in "abc":
        kept.put(subject, of(3))
    kept.rest()
    assert [subject for subject in "abc" if kept.get(subject) is not None] == ["c"]
    kept.put("a", of(3))
    assert kept.get("c") is not None


def test_one_with_more_than_the_limit_is_kept_alone() -> None:
    kept = KeptMarks(MOST)
    kept.put("a", of(1))
    kept.put("b", of(MOST + 1))
    assert (kept.get("a"), kept.get("b")) == (None, of(MOST + 1))


puts = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 6)), max_size=40)


@given(puts)
def test_what_is_kept_is_what_was_put_last_and_within_the_limit(puts: list[tuple[str, int]]) -> None:
    kept, last = KeptMarks(MOST), dict[str, dict[str, Mark]]()
    for number, (subject, count) in enumerate(puts):
        last[subject] = of(count, number)
        kept.put(subject, last[subject])
        assert kept.get(subject) is last[subject]
    found = {subject: marks for subject in last if (marks := kept.get(subject)) is not None}
    assert found == {subject: last[subject] for subject in found}
    assert sum(map(len, found.values())) <= MOST
