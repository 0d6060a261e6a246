"""Periods as they are kept: what a text writes, where they begin and end."""

from datetime import date

import pytest

from catalogue.periods import period_begin, period_end, written_period


@pytest.mark.parametrize(
    ("text", "period"),
    [("用水2025年3月", "2025-03"), ("202503", "2025-03"), ("明细20250331", "2025-03"), ("2025年度", "2025"),
     ("2025年第二季度", "2025-Q2"), ("2025-Q1", "2025-Q1"), ("名单", None),
     ("2025年1-3月", "2025-Q1"), ("2025年7月至9月明细", "2025-Q3"), ("2025年1-12月", "2025"), ("2025年1—5月", None),
     ("附件12010水费", None), ("导出2025-01-03", "2025-01")],
)  # fmt: skip
def test_written_period(text: str, period: str | None) -> None:
    assert written_period(text) == period


def test_period_end() -> None:
    ends = [period_end(p) for p in ("2024-02", "2025", "2025-Q1", "2025-03-05")]
    assert ends == [date(2024, 2, 29), date(2025, 12, 31), date(2025, 3, 31), date(2025, 3, 5)]
    begins = [period_begin(p) for p in ("2024-02", "2025", "2025-Q4", "2025-03-05")]
    assert begins == [date(2024, 2, 1), date(2025, 1, 1), date(2025, 10, 1), date(2025, 3, 5)]
