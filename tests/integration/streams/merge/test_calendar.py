"""The merge and its calendar: days that come late, in parts, to another owner, or under other definitions."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bus import topics
from bus.business_date import publish_business_date
from bus.config import BusConfig
from processing.output import InputMessage
from rules.indicators.definitions import load_indicators
from tests.integration.streams.penalties import (
    DAY,
    LATER,
    PENALTIES,
    all_of,
    latest,
    merged,
    owned,
    penalties,
    unread_days,
    within_a_year,
)


def test_windows_move_with_the_calendar(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    assert within_a_year(config) != {Decimal(0)}
    merged(config, tmp_path, [], (LATER,))
    assert within_a_year(config) == {Decimal(0)}


@pytest.mark.parametrize("disk", ["kept", "emptied"])
def test_a_worker_that_slept_catches_up_day_by_day(config: BusConfig, tmp_path: Path, disk: str) -> None:
    merged(config, tmp_path / "kept", [list(penalties(config, 30))], (DAY.date(),))
    before = len(all_of(config, topics.CHANGE))
    merged(config, tmp_path / disk, [], (DAY.date() + timedelta(days=400),))
    moves = all_of(config, topics.CHANGE)[before:]
    # Decisions lie 30 days apart, so what leaves a window of 12 months leaves on a day of its own.
    days = [move["as_of"] for move in moves if move["subject"].endswith("00")]
    assert len(days) > 3
    assert days == sorted(set(days))
    assert all(not move["records"] and move["indicators"] for move in moves)
    assert {s["as_of"] for s in latest(config).values()} == {max(days)}


def test_a_day_that_came_while_the_worker_was_away_is_not_passed_over(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    publish_business_date(config, LATER)
    # Other events come first: nothing of the new day may be taken for done.
    late = list(penalties(config, 31))[30:]
    with owned(config, tmp_path) as partition:
        partition.process({PENALTIES: [InputMessage(partition.next_offsets()[PENALTIES], late[0])]})
    merged(config, tmp_path, [])
    assert within_a_year(config) == {Decimal(0)}


def test_each_published_day_is_progress(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    publish_business_date(config, LATER)
    published: list[bool] = []
    with owned(config, tmp_path, on_progress=lambda: published.append(True)) as partition:
        partition.process({topics.CALENDAR: unread_days(config, partition)})
    # Decisions lie on seven days, each of which leaves two windows, but those of three years do so later.
    assert len(published) >= 7


class Stopped(Exception):
    """A worker ended behind a part of its roll."""


def roll_partly(config: BusConfig, folder: Path, parts: int) -> None:
    """Go on with the calendar, and end after so many published parts."""
    left = iter(range(parts - 1))

    def published() -> None:
        if next(left, None) is None:
            raise Stopped

    with owned(config, folder, on_progress=published) as partition, pytest.raises(Stopped):
        partition.process({topics.CALENDAR: unread_days(config, partition)})


@pytest.mark.parametrize("first", ["event", "day"])
def test_a_successor_within_a_roll_takes_no_state_back(config: BusConfig, tmp_path: Path, first: str) -> None:
    values = list(penalties(config, 33))
    merged(config, tmp_path / "ours", [values[:30]], (DAY.date(),))
    before = len(all_of(config, topics.CHANGE))
    publish_business_date(config, LATER)
    roll_partly(config, tmp_path / "ours", 4)
    if first == "event":
        # On a subject that is further than its number.
        with owned(config, tmp_path / "emptied") as partition:
            partition.process({PENALTIES: [InputMessage(30 + i, v) for i, v in enumerate(values[30:])]})
    merged(config, tmp_path / "emptied", [])
    told: dict[str, list[date]] = {}
    for change in all_of(config, topics.CHANGE)[before:]:
        if not change["records"]:
            told.setdefault(change["subject"], []).append(change["as_of"])
    assert len(told) == 3
    for days in told.values():
        assert days == sorted(set(days))
    assert within_a_year(config) == {Decimal(0)}


def test_two_owners_within_a_roll_leave_no_state_behind(config: BusConfig, tmp_path: Path) -> None:
    # Each subject has something due on one of the days alone.
    merged(config, tmp_path / "ours", [list(penalties(config, 30, subjects=7))], (DAY.date(),))
    publish_business_date(config, LATER)
    roll_partly(config, tmp_path / "ours", 4)
    roll_partly(config, tmp_path / "emptied", 1)
    merged(config, tmp_path / "ours", [])
    assert within_a_year(config) == {Decimal(0)}


def test_an_indicator_that_is_no_longer_defined_leaves_the_states(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    fewer = [i for i in load_indicators() if "administration.penalty" not in i.items or i.id == "penalties_12m"]
    merged(config, tmp_path, [], (DAY.date() + timedelta(days=1),), fewer)
    held = {frozenset(state["indicators"]) for state in latest(config).values()}
    assert held == {frozenset({"penalties_12m"})}
    last = {change["subject"]: change for change in all_of(config, topics.CHANGE)}
    for change in last.values():
        gone = {one["id"]: one["current"] for one in change["indicators"]}
        assert set(gone.values()) == {None}
        assert "penalties_12m" not in gone
    merged(config, tmp_path, [], (DAY.date() + timedelta(days=2),), [i for i in fewer if i.id != "penalties_12m"])
    assert [state["indicators"] for state in latest(config).values()] == [{}] * 3


def test_a_worker_that_comes_back_knows_the_days_that_another_rolled(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path / "ours", [list(penalties(config, 30))], (DAY.date(),))
    merged(config, tmp_path / "theirs", [], (LATER,))
    # One more event, of an old penalty, on the sums of our own time.
    merged(config, tmp_path / "ours", [list(penalties(config, 31))[30:]])
    assert within_a_year(config) == {Decimal(0)}


def test_a_worker_that_comes_back_rolls_what_another_merged(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path / "ours", [], (DAY.date(),))
    merged(config, tmp_path / "ours", [], (DAY.date() + timedelta(days=1),))
    merged(config, tmp_path / "theirs", [list(penalties(config, 30))])
    merged(config, tmp_path / "ours", [], (LATER,))
    assert within_a_year(config) == {Decimal(0)}


def test_new_definitions_hold_for_a_worker_that_was_away(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 33))
    former = [i for i in load_indicators() if i.id != "penalties_12m"]
    merged(config, tmp_path / "ours", [values[:30]], (DAY.date(),), former)
    merged(config, tmp_path / "theirs", [values[30:32]], (), former)
    merged(config, tmp_path / "ours", [values[32:]])
    touched = latest(config)["916301020000000002"]["indicators"]["penalties_12m"]
    merged(config, tmp_path / "emptied", [], (DAY.date() + timedelta(days=1),))
    assert touched == latest(config)["916301020000000002"]["indicators"]["penalties_12m"]
    assert touched > 1
