"""References: which is in force, and that a message holds what its hash says."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from catalogue.errors import PoisonMessage
from rules.rating.model import Basis
from rules.reference.cells import Cell, cells_of
from rules.reference.messages import reference_of, value_of
from rules.reference.reference import Reference, in_force, is_made

CELLS = cells_of({("F", "小型"): Counter(dict.fromkeys(range(600, 640), 1))})
NOVEMBER = Reference(
    "public_v1",
    "aa",
    Basis.PUBLIC,
    date(2026, 11, 1),
    date(2026, 10, 31),
    "table",
    40,
    CELLS,
    {("credit.change.v1", 0): 7},
)
DECEMBER = replace(NOVEMBER, since=date(2026, 12, 1), as_of=date(2026, 11, 30))
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_the_newest_of_the_same_version_is_in_force() -> None:
    both = [NOVEMBER, DECEMBER]
    assert in_force(both, "aa", date(2026, 10, 31)) is None
    assert in_force(both, "aa", date(2026, 11, 30)) is NOVEMBER
    assert in_force(both, "aa", date(2026, 12, 1)) is DECEMBER
    # Another version gives other points.
    assert in_force(both, "bb", date(2026, 12, 1)) is None


def test_one_is_made_a_month() -> None:
    assert is_made([replace(NOVEMBER, since=date(2026, 11, 17))], "aa", date(2026, 11, 1))
    assert not is_made([NOVEMBER], "aa", date(2026, 12, 1))
    assert not is_made([NOVEMBER], "bb", date(2026, 11, 1))


def test_of_two_of_one_day_the_first_stays_in_force() -> None:
    assert in_force([NOVEMBER, replace(NOVEMBER, rated=41)], "aa", date(2026, 11, 2)) is NOVEMBER


def test_a_message_says_the_same_again_wherever_it_was_read_up_to() -> None:
    assert reference_of(value_of(NOVEMBER, NOW)) == NOVEMBER
    assert replace(NOVEMBER, positions={}).hash == NOVEMBER.hash
    assert DECEMBER.hash != NOVEMBER.hash


@pytest.mark.parametrize(
    "change",
    [
        {"rated": 41},
        {"basis": "secret"},
        {"cells": [{"sector": "F", "size": "小型", "enterprises": 40}]},
        {"hash": ""},
        {"positions": None},
    ],
)
def test_another_content_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(PoisonMessage):
        reference_of(value_of(NOVEMBER, NOW) | change)


@pytest.mark.attack
def test_a_cell_of_too_few_is_refused_whatever_its_hash_says() -> None:
    small = replace(NOVEMBER, cells=(Cell("F", "小型", 29, CELLS[0].quantiles),))
    with pytest.raises(PoisonMessage, match="too few"):
        reference_of(value_of(small, NOW))
