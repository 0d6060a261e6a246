"""Titles of one month each, of items whose details are by month."""

import pytest

from catalogue.load import load_catalogue
from catalogue.month_titles import MonthTitles

CATALOGUE = load_catalogue()
WATER = MonthTitles(CATALOGUE.item("水费信息"))


@pytest.mark.parametrize(
    ("title", "month", "year"),
    [("1月", 1, None), ("12月份", 12, None), ("2025年3月", 3, 2025), ("2025-03月", 3, 2025), ("０３月", 3, None)],
)
def test_a_title_names_a_month(title: str, month: int, year: int | None) -> None:
    read = WATER.read(title)
    assert read is not None
    assert (read.month, read.year) == (month, year)


@pytest.mark.parametrize(
    ("title", "sub", "unit"),
    [
        ("1月用水量", "usage", ""),
        ("用水量1月", "usage", ""),
        ("应缴金额(万元)1月", "amount_due", "万元"),
        ("1月应缴金额(元)", "amount_due", "元"),
        ("一季度1月", "amount_paid", ""),
        ("第4季度12月", "amount_paid", ""),
    ],
)
def test_a_title_says_what_of_the_month(title: str, sub: str, unit: str) -> None:
    read = WATER.read(title)
    assert read is not None
    assert (read.sub, read.unit) == (sub, unit)


@pytest.mark.parametrize(
    "title", ["2025年13月", "一季度5月", "用水量1月应缴金额", "截至3月", "13月", "月", "一季度", "1月备注", "3月至5月"]
)
def test_what_is_no_month_or_no_amount_of_it_is_none(title: str) -> None:
    assert WATER.read(title) is None


def test_an_item_without_monthly_details_has_none() -> None:
    assert MonthTitles(CATALOGUE.item("行政处罚信息")).read("1月") is None
