"""What the period columns of a row write together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import Period
from catalogue.written_periods import column_period, contains


@pytest.mark.parametrize(
    ("texts", "kind", "year", "period"),
    [
        (("2023",), Period.YEARLY, None, "2023"),
        (("2023年度",), Period.YEARLY, 2025, "2023"),
        (("2023.0",), Period.YEARLY, None, "2023"),
        (("2023-12-31",), Period.YEARLY, None, "2023"),
        (("2023-12-31",), Period.MONTHLY, None, "2023-12"),
        (("2023-12-31",), Period.QUARTERLY, None, "2023-Q4"),
        (("2023-12-31",), Period.DAILY, None, "2023-12-31"),
        (("202503",), Period.MONTHLY, None, "2025-03"),
        (("2025年3月",), Period.MONTHLY, None, "2025-03"),
        (("2025/3",), Period.MONTHLY, None, "2025-03"),
        (("2025-01-01至2025-03-31",), Period.MONTHLY, None, "2025-Q1"),
        (("2025", "3"), Period.MONTHLY, None, "2025-03"),
        (("一季度", "2025年"), Period.QUARTERLY, None, "2025-Q1"),
        (("3月",), Period.MONTHLY, 2025, "2025-03"),
        (("3",), Period.MONTHLY, 2025, "2025-03"),
        (("2025", "2025-03"), Period.MONTHLY, None, "2025-03"),
        # Nobody can tell, or it is none.
        (("3月",), Period.MONTHLY, None, None),
        (("2025.1",), Period.MONTHLY, None, None),
        (("2023-2025",), Period.YEARLY, None, None),
        (("2024", "2025-03"), Period.MONTHLY, None, None),
        (("2025-02", "3"), Period.MONTHLY, None, None),
        (("13",), Period.MONTHLY, 2025, None),
        (("2025", "13"), Period.MONTHLY, None, None),
        (("上个月",), Period.MONTHLY, 2025, None),
        (("202513",), Period.MONTHLY, 2025, None),
        (("2025年1-5月",), Period.MONTHLY, None, None),
        (("2025年上半年",), Period.YEARLY, None, None),
        (("2025年下发",), Period.YEARLY, None, "2025"),
    ],
)
def test_a_rows_period(texts: tuple[str, ...], kind: Period, year: int | None, period: str | None) -> None:
    assert column_period(texts, kind, year) == period


@given(st.integers(2000, 2099), st.integers(1, 12))
def test_a_month_lies_in_its_quarter_and_year(year: int, month: int) -> None:
    whole, part = f"{year}-{month:02d}", f"{year}-Q{(month + 2) // 3}"
    assert contains(part, whole)
    assert contains(str(year), whole)
    assert contains(str(year), part)
    assert not contains(whole, part)
    assert not contains(str(year + 1), whole)
    for written in (whole, f"{year}{month:02d}", f"{year}年{month}月", f"{year}年{month:02d}月份"):
        assert column_period((written,), Period.MONTHLY, None) == whole
