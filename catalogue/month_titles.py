"""Titles of one month each (1月…12月, 2025年1月用水量), which are details (明细) of an item."""

import re
from dataclasses import dataclass
from functools import lru_cache

from catalogue.model import Field, FieldType, Item
from catalogue.titles import UNIT, normal, title_keys

_MONTH = re.compile(r"(.*?(?<!\d))(?:(\d{4})年?[-/.]?)?(1[0-2]|0?[1-9])月(?:份)?(.*)")
_QUARTER = re.compile(r"第?([一二三四1-4])季度")
_QUARTERS = "一二三四"


@dataclass(frozen=True, slots=True)
class MonthTitle:
    """What a title of a month says: the details' field, their own column ``sub``, its unit, month and year."""

    field: Field
    sub: str
    unit: str
    month: int
    year: int | None


class MonthTitles:
    """Reads the titles of an item's months; an item without monthly details has none."""

    def __init__(self, item: Item) -> None:
        details = next((f for f in item.fields if f.type is FieldType.DETAILS), None)
        self._field = details if details and any(s.name == "month" for s in details.details) else None

    def keys(self) -> frozenset[str]:
        """Return the titles of a month below or above what is said of it: 1月用水量, 用水量1月, 一季度1月."""
        if self._field is None:
            return frozenset()
        said = [normal(title) for sub in self._field.details for title in (sub.zh, *sub.aliases)]
        return frozenset(
            key
            for month in range(1, 13)
            for key in (
                *(f"{month}月{text}" for text in said),
                *(f"{text}{month}月" for text in said),
                f"{_QUARTERS[(month - 1) // 3]}季度{month}月",
                f"第{_QUARTERS[(month - 1) // 3]}季度{month}月",
            )
        )

    def read(self, title: str) -> MonthTitle | None:
        """Return what a title says of one month of the details; None when it names no month."""
        field = self._field
        if field is None or (written := _written(title)) is None:
            return None
        year, month, rest = written
        money = [s for s in field.details if s.type is FieldType.MONEY]
        keys = {key for key, _ in title_keys(rest)} if rest else set()
        named = [s for s in field.details for t in (s.zh, *s.aliases) if normal(t) in keys]
        if rest and not named and not UNIT.fullmatch(rest):
            return None
        if not (named or money):
            return None
        unit = next((unit for _, unit in title_keys(title)), "") or next((u for _, u in title_keys(rest or title)), "")
        return MonthTitle(field, (named or money[-1:])[0].name, unit, month, year)


@lru_cache(maxsize=1 << 12)
def _written(title: str) -> tuple[int | None, int, str] | None:
    match = _MONTH.fullmatch(normal(title))
    if match is None:
        return None
    group, year, month, rest = match[1], int(match[2]) if match[2] else None, int(match[3]), match[4]
    if (quarter := _QUARTER.fullmatch(group)) is not None:
        which = quarter[1]
        number = int(which) if which.isdigit() else _QUARTERS.index(which) + 1
        return (year, month, rest) if number == (month + 2) // 3 else None
    # What is said of the month stands before or behind it, and not on both sides.
    return None if group and rest else (year, month, group or rest)
