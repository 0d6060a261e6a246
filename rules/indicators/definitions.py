"""Rolling indicators of a subject, each defined as data in ``rules/indicators/indicators.yaml``.

An indicator is computed from one item. Its value on a date D is a pure function of the live records of that item and
of D: records effective after D do not count (law 4). Sums are exact decimals; a mean is rounded once, half even, to six
decimals. Without any record sums and latest values are null, counts are 0.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from catalogue.errors import CatalogueError
from catalogue.times import business_date

DEFINITIONS = Path(__file__).parent / "indicators.yaml"
SIX = Decimal("0.000001")
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Fact(NamedTuple):
    """What an indicator may see of a record: when it took effect, and its decoded payload."""

    source_time: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. ``aggregate``: count, sum, max, mean, latest, last_day or months."""

    id: str
    zh: str
    item: str
    aggregate: str
    field: str | None
    date_field: str | None  # the field whose date must lie in the window; None: the record's source time
    window_months: int | None
    where: Mapping[str, tuple[str, ...]]
    unless_filled: tuple[str, ...]  # a record no longer counts from the date in one of these fields on
    sensitivity: str
    unit: str

    def reads(self) -> frozenset[str]:
        """Return the fields of the payload that the indicator reads."""
        named = (self.field, self.date_field, *self.where, *self.unless_filled)
        return frozenset(name for name in named if name is not None)


@functools.cache
def load_indicators(path: Path = DEFINITIONS) -> tuple[Indicator, ...]:
    """Read the definitions; raises CatalogueError for an unknown aggregate or a repeated id."""
    rows = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)["indicators"]
    indicators = tuple(_indicator(row) for row in rows)
    ids = [i.id for i in indicators]
    for name in ids:
        if ids.count(name) > 1:
            raise CatalogueError(f"indicators.yaml: {name} is defined twice.")
    return indicators


def public_indicators() -> frozenset[str]:
    """Return the ids of the indicators that rest on public data alone."""
    return frozenset(indicator.id for indicator in load_indicators() if indicator.sensitivity == "public")


def _indicator(row: Mapping[str, Any]) -> Indicator:
    if row["aggregate"] not in _AGGREGATES:
        raise CatalogueError(
            f"indicators.yaml: {row['id']}: unknown aggregate {row['aggregate']}.",
            remedy=f"Use one of {', '.join(_AGGREGATES)}.",
        )
    return Indicator(
        id=row["id"],
        zh=row["zh"],
        item=row["item"],
        aggregate=row["aggregate"],
        field=row.get("field"),
        date_field=row.get("date_field"),
        window_months=row.get("window_months"),
        where={k: tuple(str(v) for v in vs) for k, vs in row.get("where", {}).items()},
        unless_filled=tuple(row.get("unless_filled", ())),
        sensitivity=row.get("sensitivity", "consent"),
        unit=row.get("unit", ""),
    )


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or that month's last day when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return first.replace(day=min(day.day, last))


def as_date(value: Any) -> date | None:
    """Return the business date of a date or moment; None for anything else."""
    if isinstance(value, datetime):
        return business_date(value)
    return value if isinstance(value, date) else None


def placed_on(indicator: Indicator, fact: Fact) -> date:
    """Return the date by which a record lies in an indicator's window, or not."""
    named = as_date(fact.data.get(indicator.date_field)) if indicator.date_field else None
    return named or business_date(fact.source_time)


def _counts(indicator: Indicator, fact: Fact, as_of: date) -> date | None:
    """Return the date by which a record counts on ``as_of``; None when it does not count."""
    if business_date(fact.source_time) > as_of:
        return None
    placed = placed_on(indicator, fact)
    if placed > as_of:
        return None
    if indicator.window_months is not None and placed <= months_before(as_of, indicator.window_months):
        return None
    for name, values in indicator.where.items():
        if str(fact.data.get(name)) not in values:
            return None
    for name in indicator.unless_filled:
        value = fact.data.get(name)
        filled = as_date(value)
        if filled is not None and filled <= as_of:
            return None
        if value is not None and filled is None:
            return None
    return placed


def evaluate(indicator: Indicator, facts: Iterable[Fact], as_of: date) -> Decimal | None:
    """Return the indicator's value on ``as_of``; the order of ``facts`` does not matter."""
    counted = [(placed, f) for f in facts if (placed := _counts(indicator, f, as_of)) is not None]
    return _AGGREGATES[indicator.aggregate](indicator, counted, as_of)


_Counted = Sequence[tuple[date, Fact]]


def _numbers(indicator: Indicator, counted: _Counted) -> list[tuple[date, Decimal]]:
    name = indicator.field or ""
    return [(d, Decimal(f.data[name])) for d, f in counted if f.data.get(name) is not None]


def _count(_: Indicator, counted: _Counted, __: date) -> Decimal | None:
    return Decimal(len(counted))


def _sum(indicator: Indicator, counted: _Counted, _: date) -> Decimal | None:
    total: Decimal | None = None
    for __, number in _numbers(indicator, counted):
        total = number if total is None else EXACT.add(total, number)
    return total


def _max(indicator: Indicator, counted: _Counted, _: date) -> Decimal | None:
    return max((n for _, n in _numbers(indicator, counted)), default=None)


def _mean(indicator: Indicator, counted: _Counted, as_of: date) -> Decimal | None:
    numbers = _numbers(indicator, counted)
    total = _sum(indicator, counted, as_of)
    if total is None:
        return None
    return EXACT.divide(total, Decimal(len(numbers))).quantize(SIX, ROUND_HALF_EVEN, EXACT)


def _latest(indicator: Indicator, counted: _Counted, _: date) -> Decimal | None:
    # Of two records of one day the larger number, so that the order of records does not matter.
    return max(_numbers(indicator, counted), default=(None, None))[1]


def _last_day(_: Indicator, counted: _Counted, __: date) -> Decimal | None:
    # The day itself, not the days since then: those would change every day for every subject.
    return day_number(max(d for d, _ in counted)) if counted else None


def _months(_: Indicator, counted: _Counted, __: date) -> Decimal | None:
    return Decimal(len({(d.year, d.month) for d, _ in counted}))


_AGGREGATES = {
    "count": _count,
    "sum": _sum,
    "max": _max,
    "mean": _mean,
    "latest": _latest,
    "last_day": _last_day,
    "months": _months,
}


def day_number(day: date) -> Decimal:
    """Return a day as the number YYYYMMDD."""
    return Decimal(day.year * 10_000 + day.month * 100 + day.day)


def millionths(value: Decimal | int) -> int:
    """Return a number in millionths, exactly: the catalogue's numbers have at most six decimals."""
    return value * 1_000_000 if isinstance(value, int) else int(value.scaleb(6, EXACT))


def from_millionths(number: int) -> Decimal:
    """Return a number that ``millionths`` made, with six decimals."""
    return Decimal(number).scaleb(-6, EXACT)


def on_the_wire(value: Decimal | None) -> Decimal | None:
    """Return a value with six decimals, as states and changes carry it."""
    return None if value is None else value.quantize(SIX, ROUND_HALF_EVEN, EXACT)
