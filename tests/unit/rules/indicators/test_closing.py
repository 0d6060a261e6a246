"""When periods are closed."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import CatalogueError
from catalogue.months import month_number
from rules.indicators.closing import load_closings

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("name", "day", "closed"),
    [
        ("monthly", date(2026, 6, 19), date(2026, 4, 1)),
        ("monthly", date(2026, 6, 20), date(2026, 5, 1)),
        ("monthly", date(2026, 1, 20), date(2025, 12, 1)),
        ("quarterly", date(2026, 7, 19), date(2026, 3, 1)),
        ("quarterly", date(2026, 7, 20), date(2026, 6, 1)),
        ("yearly", date(2026, 7, 30), date(2024, 12, 1)),
        ("yearly", date(2026, 7, 31), date(2025, 12, 1)),
    ],
)
def test_the_last_closed_period(name: str, day: date, closed: date) -> None:
    assert load_closings()[name].closed(day) == month_number(closed)


@given(day=DAYS, name=st.sampled_from(["monthly", "quarterly", "yearly"]))
def test_a_period_is_closed_from_its_day_on(day: date, name: str) -> None:
    closing = load_closings()[name]
    closed = closing.closed(day)
    assert closing.closes_on(closed) <= day < closing.closes_on(closed + closing.every)
    assert (closed + 1) % closing.every == 0


def test_a_closing_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "closing.yaml"
    path.write_text("weekly: {every: 2, months: 0, day: 1}", "utf-8")
    with pytest.raises(CatalogueError, match="weekly"):
        load_closings(path)
