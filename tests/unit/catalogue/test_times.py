"""Moments keep their microseconds, and a business date is Shanghai's, with its summer time of the eighties."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.times import SHANGHAI, business_date, from_micros, micros


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_its_microseconds(moment: datetime) -> None:
    assert from_micros(micros(moment)) == moment


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(SHANGHAI)))  # noqa: DTZ001
def test_the_zone_of_a_moment_does_not_matter(moment: datetime) -> None:
    # Fingerprints of records were first made of the rounded float: these are the same numbers.
    assert micros(moment) == micros(moment.astimezone(UTC)) == round(moment.timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 6, 30, 15, 59, 59, 999_999, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 16, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(1988, 7, 1, 15, tzinfo=UTC), date(1988, 7, 2)),
        (datetime(1988, 1, 1, 15, tzinfo=UTC), date(1988, 1, 1)),
    ],
)
def test_the_business_date_is_shanghai_s(moment: datetime, day: date) -> None:
    assert business_date(moment) == day
