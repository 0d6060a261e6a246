"""Currencies are cut off amounts, whatever stands for them; the longest name counts."""

import pytest

from catalogue.currencies import YUAN, cut_before, cut_behind


@pytest.mark.parametrize(
    ("text", "currency", "rest"),
    [
        ("￥100", YUAN, "100"),
        ("人民币5万", YUAN, "5万"),
        ("$100", "840", "100"),
        ("US$100", "840", "100"),
        ("HK$100", "344", "100"),
        ("usd100", "840", "100"),
        ("100", "", "100"),
    ],
)
def test_a_currency_before_an_amount(text: str, currency: str, rest: str) -> None:
    assert cut_before(text) == (currency, rest)


@pytest.mark.parametrize(
    ("unit", "currency", "rest"),
    [("万美元", "840", "万"), ("万元人民币", YUAN, "万元"), ("美元整", "840", ""), ("万元", "", "万元"), ("", "", "")],
)
def test_a_currency_behind_an_amount(unit: str, currency: str, rest: str) -> None:
    assert cut_behind(unit) == (currency, rest)
