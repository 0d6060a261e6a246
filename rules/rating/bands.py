"""Bands of an indicator's values, as people read them."""

from collections.abc import Sequence
from decimal import Decimal

from rules.indicators.facts import MILLION, from_millionths

_YUAN, _MANY, _SHARE = "元", 10_000, "比例"


def band_text(limits: Sequence[int], band: int, unit: str) -> str:
    """Return a band in Chinese; ``limits`` in millionths, ``band`` counts from the lowest."""
    if not limits:
        return "任意"
    if _is_yes_or_no(limits, unit):
        return "是" if band else "否"
    if band == 0:
        # Below one of something that is counted, there is none of it.
        return "无" if limits[0] == MILLION and unit != _SHARE else f"不足{_amount(limits[0], unit)}"
    if band == len(limits):
        return f"{_amount(limits[-1], unit)}以上"
    low, high = limits[band - 1], limits[band]
    if high - low == MILLION and low % MILLION == 0 and unit != _YUAN:
        return _amount(low, unit)
    return f"{_amount(low, unit)}以上、不足{_amount(high, unit)}"


def _is_yes_or_no(limits: Sequence[int], unit: str) -> bool:
    # An indicator that says 1 or 0 has no unit, and is parted at 1 alone.
    return not unit and list(limits) == [MILLION]


def _amount(limit: int, unit: str) -> str:
    value = from_millionths(limit)
    if unit == _SHARE:
        return f"{_shown(value * 100)}%"
    if unit == _YUAN and abs(value) >= _MANY and value % _MANY == 0:
        return f"{_shown(value / _MANY)}万元"
    return f"{_shown(value)}{unit}"


def _shown(value: Decimal) -> str:
    return f"{value.normalize():f}"
