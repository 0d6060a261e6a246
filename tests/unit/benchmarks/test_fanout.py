"""How much the fan-out's run sends."""

from benchmarks.fanout import FULL, FanoutSize


def test_the_run_ends_with_as_many_live_records_as_are_asked_for() -> None:
    assert FULL.before_snapshots() == 120_000
    assert FULL.before_live() == 120_000 + 60 * 143 + 77_000
    assert FULL.live <= FULL.before_live() + FULL.more() * FULL.subjects < FULL.live + FULL.subjects


def test_where_there_are_enough_already_no_more_come() -> None:
    assert FanoutSize(live=0).more() == 0
    assert FanoutSize(subjects=100, records=1, largest=0, live=8_780).more() == 0
    assert FanoutSize(subjects=100, records=1, largest=0, live=8_781).more() == 1
