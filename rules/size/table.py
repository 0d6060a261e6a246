"""企业规模: 大型, 中型, 小型 or 微型 by 国统字〔2017〕213号, or 未划型 where too little is known.

By its note 1 an enterprise is of the largest class all of whose lower limits it meets (须同时满足所列指标的下限).
微型 follows from a single figure below the limit of 小型 (只须满足所列指标中的一项即可): there one is enough.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rules.definition_files import DefinitionFile

SIZES = ("大型", "中型", "小型", "微型")
UNSIZED = "未划型"
ALL_SIZES = (*SIZES, UNSIZED)
FILE = Path(__file__).parent / "sizes.yaml"
_FIGURES = ("employees", "revenue", "assets")
# Persons, and amounts of ten thousand yuan.
_UNITS_CNY = {"employees": 1, "revenue": 10_000, "assets": 10_000}
_KEYS = frozenset({"zh", "codes", "revenue_fields", *_FIGURES})
_REVENUE_FIELDS = ("main_business_revenue", "total_revenue")


@dataclass(frozen=True, slots=True)
class SizedIndustry:
    """A row of the table; ``limits``: of each figure the lower limits of 大型, 中型 and 小型, in persons or in yuan."""

    zh: str
    limits: Mapping[str, tuple[int, ...]]
    revenue_fields: tuple[str, ...]
    """Of an annual report's assets (item 7): the first field that is filled is the revenue."""

    def size(self, figures: Mapping[str, Decimal | int | None]) -> str:
        """Return the size by the figures of one year, whose names are those of ``limits``; None: unknown."""
        known = {name: value for name in self.limits if (value := figures.get(name)) is not None}
        if len(known) == len(self.limits):
            for place, size in enumerate(SIZES[:-1]):
                if all(known[name] >= least[place] for name, least in self.limits.items()):
                    return size
        if any(value < self.limits[name][-1] for name, value in known.items()):
            return SIZES[-1]
        return UNSIZED


@dataclass(frozen=True, slots=True)
class SizeTable:
    """All rows, and by the codes that they name."""

    industries: tuple[SizedIndustry, ...]
    by_code: Mapping[str, SizedIndustry]

    def industry(self, digits: str) -> SizedIndustry | None:
        """Return the row of a code of GB/T 4754; None where it is in none, or does not go far enough to tell."""
        return self.by_code.get(digits[:3]) or self.by_code.get(digits[:2])


@functools.cache
def load_size_table(path: Path = FILE) -> SizeTable:
    """Read the table; raises CatalogueError, with file and line, for what is wrong with it."""
    return _File(path).read()


class _File(DefinitionFile):
    def read(self) -> SizeTable:
        """Return the table."""
        return self._made(self._table)

    def _table(self, row: Any) -> SizeTable:
        self._known(row, frozenset({"ground", "industries"}))
        industries: list[SizedIndustry] = []
        by_code: dict[str, SizedIndustry] = {}
        for one in row["industries"]:
            self._known(one, _KEYS)
            industries.append(industry := self._industry(one))
            for code in _codes(one["codes"]):
                if code in by_code:
                    raise ValueError(f"{code} is of {by_code[code].zh} already")
                by_code[code] = industry
        return SizeTable(tuple(industries), by_code)

    def _industry(self, row: Mapping[str, Any]) -> SizedIndustry:
        limits = {name: tuple(one * _UNITS_CNY[name] for one in row[name]) for name in _FIGURES if name in row}
        for name, least in limits.items():
            if len(least) != len(SIZES) - 1 or sorted(set(least), reverse=True) != list(least):
                raise ValueError(f"{name} has no limits of 大型, 中型 and 小型, each lower than the one before")
        if not limits:
            raise ValueError(f"{row['zh']} has no limits")
        fields = tuple(row.get("revenue_fields", _REVENUE_FIELDS))
        if unknown := set(fields) - set(_REVENUE_FIELDS):
            raise ValueError(f"{', '.join(sorted(unknown))} is no revenue of an annual report")
        return SizedIndustry(row["zh"], limits, fields)


def _codes(said: list[str]) -> Iterator[str]:
    """Yield the codes of a list in which ``01-05`` stands for all from 01 to 05."""
    for one in said:
        first, _, last = str(one).partition("-")
        if len(first) not in (2, 3) or len(last or first) != len(first):
            raise ValueError(f"{one} is no division and no group of GB/T 4754")
        for number in range(int(first), int(last or first) + 1):
            yield f"{number:0{len(first)}}"
