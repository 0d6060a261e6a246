"""Which date of a row counts for what."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from producers.submissions.data_time import end_of
from producers.submissions.row_times import RowTimes
from producers.submissions.submission import Submission
from producers.tables.identity import TimeAhead
from tests.unit.producers.submissions.test_data_time import DATED, UNDATED

TODAY = date(2026, 6, 30)
RECEIVED = datetime(2026, 6, 30, 8, tzinfo=UTC)
SENT = replace(UNDATED, as_of=RECEIVED)


def times(submission: Submission = SENT, *, replaces_set: bool = False, item: str = "2") -> RowTimes:
    return RowTimes(submission, load_catalogue().item(item), replaces_set=replaces_set, today=TODAY)


def test_a_rows_own_data_date_is_its_data_time() -> None:
    one = times()
    assert one.as_of(date(2026, 6, 1)) == end_of(date(2026, 6, 1))
    assert one.data_dates(date(2026, 6, 1)) == (date(2026, 6, 1), None)


def test_a_correction_and_a_set_have_one_data_time() -> None:
    assert times(replace(SENT, correction=True)).as_of(date(2026, 6, 1)) == RECEIVED
    assert times(replaces_set=True).as_of(date(2026, 6, 1)) == RECEIVED


def test_a_date_that_has_not_come_is_refused() -> None:
    assert times().as_of(TODAY + timedelta(days=1)) > RECEIVED
    with pytest.raises(TimeAhead):
        times().as_of(TODAY + timedelta(days=2))
    with pytest.raises(FileRefused, match="晚于今天"):
        times(replace(DATED, data_date=TODAY + timedelta(days=2)))


def test_the_rows_of_a_set_share_a_date() -> None:
    one, other = date(2026, 6, 1), date(2026, 6, 2)
    whole = times(replaces_set=True)
    assert [whole.splits_set(day) for day in (one, one, other)] == [False, False, True]
    assert whole.data_dates(other) == (None, one)
    # What the file itself declares holds for all of its rows.
    declared = times(replace(SENT, data_date=TODAY), replaces_set=True)
    assert not declared.splits_set(other)
    assert declared.data_dates(other)[0] == TODAY


def test_the_rows_of_a_years_set_may_have_any_date() -> None:
    whole = times(replaces_set=True, item="8")
    assert not any(whole.splits_set(day) for day in (date(2026, 6, 1), date(2026, 6, 2)))
