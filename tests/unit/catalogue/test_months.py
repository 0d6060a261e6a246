"""Months as numbers."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.months import last_day, month_number, month_of, months_before


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [(date(2026, 3, 31), 1, date(2026, 2, 28)), (date(2026, 6, 30), 12, date(2025, 6, 30)),
     (date(2026, 1, 31), -1, date(2026, 2, 28))],
)  # fmt: skip
def test_months_before_ends_on_a_day_that_exists(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


@given(st.dates())
def test_a_month_s_number_is_the_month(day: date) -> None:
    assert month_of(month_number(day)) == (day.year, day.month)
    last = last_day(day.year, day.month)
    assert day <= last
    assert last == date.max or (last + timedelta(days=1)).day == 1
