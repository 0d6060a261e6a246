"""Rows of indicators: whoever keeps the last one of each group knows what may be seen, and nothing else."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import Op
from rules.release.indicator_rows import IndicatorRow, differing_rows, moved_rows
from rules.release.labels import IndicatorLabel, Labels, labels_of

GROUPS = {"a": "x.y", "b": "x.y", "c": "x.y", "d": "cross", "e": "cross"}
NAMED = [IndicatorLabel(name, group, name, "") for name, group in GROUPS.items()]
VALUES = st.one_of(st.none(), st.integers(0, 2))
PUBLIC = st.sets(st.sampled_from(sorted(GROUPS)))
MOVES = st.dictionaries(st.sampled_from(sorted(GROUPS)), VALUES, min_size=1)
STEPS = st.lists(st.one_of(MOVES, PUBLIC, st.none()), max_size=8)


def _labels(public: set[str]) -> Labels:
    return labels_of((), public, indicators=NAMED)


def _change(moved: Mapping[str, int | None]) -> dict[str, Any]:
    return {"subject": "91630102MAX000015H", "indicators": [{"id": name, "current": to} for name, to in moved.items()]}


class _Bank:
    """Keeps the last row of each group, as a table does."""

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, int | None]] = {}

    def take(self, row: IndicatorRow[int]) -> None:
        if row.op == Op.WITHDRAW:
            assert not row.values
            assert row.reason is not None
            del self.rows[row.group]
        else:
            self.rows[row.group] = row.values

    def known(self) -> dict[str, int]:
        return {name: value for row in self.rows.values() for name, value in row.items() if value is not None}


@given(STEPS)
def test_what_a_bank_keeps_is_what_it_may_see(steps: list[Any]) -> None:
    """A step is values that move, labels that change (a set of public ones), or that it is told nothing any more."""
    bank, held = _Bank(), dict[str, int | None]()
    told: Labels | None = None
    current = _labels({"a", "d"})
    for step in [{"a", "d"}, *steps]:
        if isinstance(step, dict):
            for row in moved_rows(_change(step), held, current) if told else ():
                bank.take(row)
            held |= step
        else:
            now = None if step is None else _labels(step)
            current = now or current
            before = bank.known()
            for row in differing_rows(held, told, now, current):
                assert (row.reason is None) == (before.keys() & set(_seen_of(row.group)) <= row.values.keys())
                bank.take(row)
            told = now
        public = told.public_indicators if told else frozenset()
        assert bank.known() == {name: value for name, value in held.items() if name in public and value is not None}


def _seen_of(group: str) -> list[str]:
    return [name for name, own in GROUPS.items() if own == group]


def test_a_change_of_a_person_moves_no_row() -> None:
    change = {**_change({"a": 1}), "subject": "person:00ff"}
    assert not list(moved_rows(change, {}, _labels({"a"})))


def test_a_change_names_the_groups_that_it_moved_alone() -> None:
    held = {"a": 1, "d": 5}
    (row,) = moved_rows(_change({"b": 2, "c": 9}), held, _labels({"a", "b", "d"}))
    assert row == IndicatorRow("x.y", {"a": 1, "b": 2})
