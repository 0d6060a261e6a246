"""Identity of pushed rows: equal content is equal however written, and periods end where they end."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.cipher import Cipher, KeyRing
from producers.identity import content_hash, period_end, written_period

CIPHER = Cipher(KeyRing(b"k" * 32, {1: b"e" * 32}))


@given(st.decimals(-(10**9), 10**9, places=2), st.text())
def test_content_hash_ignores_order_scale_and_empty_fields(amount: Decimal, text: str) -> None:
    one = content_hash(CIPHER, {"a": amount, "b": text, "c": None}, "REPORT")
    assert one == content_hash(CIPHER, {"b": text, "a": amount.quantize(Decimal("0.0001"))}, "REPORT")
    assert one != content_hash(CIPHER, {"b": text, "a": amount}, "WITHDRAW")
    assert one != content_hash(CIPHER, {"b": text, "a": amount + 1}, "REPORT")


@pytest.mark.parametrize(
    ("text", "period"),
    [("用水2025年3月", "2025-03"), ("202503", "2025-03"), ("明细20250331", "2025-03"), ("2025年度", "2025"),
     ("2025年第二季度", "2025-Q2"), ("2025-Q1", "2025-Q1"), ("名单", None)],
)  # fmt: skip
def test_written_period(text: str, period: str | None) -> None:
    assert written_period(text) == period


def test_period_end() -> None:
    ends = [period_end(p) for p in ("2024-02", "2025", "2025-Q1", "2025-03-05")]
    assert ends == [date(2024, 2, 29), date(2025, 12, 31), date(2025, 3, 31), date(2025, 3, 5)]
