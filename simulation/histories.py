"""What was known of the city's enterprises on a past day: their records as facts, each from the day it was reported on.

No files and no services: a back-test evaluates indicators over thousands of enterprises in memory.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from catalogue.model import Catalogue, Field, FieldType, Item
from catalogue.periods import period_end
from catalogue.times import SHANGHAI
from producers.tables.details import details_converter
from producers.tables.identity import moment, period_of
from rules.indicators.facts import Fact
from simulation.enterprises import Enterprise
from simulation.records import drawn_records
from simulation.setting import CellValue

_WAN = Decimal(10_000)


class KnownFact(NamedTuple):
    """One version of a record: ``record`` is the same for all versions, of which the last known counts."""

    item: str
    record: int
    known_at: date
    fact: Fact


Histories = dict[str, list[KnownFact]]
"""By the subject's code."""


def histories(
    catalogue: Catalogue, reads: Mapping[str, Iterable[str]], city: Sequence[Enterprise], seed: int, as_of: date
) -> Histories:
    """Return all that was reported by ``as_of``, of these items; ``reads``: by the item, which fields are kept."""
    found: Histories = {one.uscc: [] for one in city}
    for name, fields in reads.items():
        item = catalogue.item(name)
        facts = _FactsOf(item, frozenset(fields))
        for record in drawn_records(item, city, seed, as_of, with_former=True):
            own = found[record.setting.enterprise.uscc]
            for known_at, values in (*record.former, (record.known_at, record.values)):
                if known_at > as_of:
                    continue
                fact = facts.fact(values, record.setting.moment.label, known_at)
                own.append(KnownFact(item.id, record.setting.serial, known_at, fact))
    return found


def known_on(history: Iterable[KnownFact], day: date) -> dict[str, list[Fact]]:
    """Return the facts of one subject that were known on a day, by the item."""
    latest: dict[tuple[str, int], KnownFact] = {}
    for one in history:
        if one.known_at <= day:
            held = latest.get((one.item, one.record))
            if held is None or held.known_at <= one.known_at:
                latest[one.item, one.record] = one
    found: dict[str, list[Fact]] = {}
    for one in latest.values():
        found.setdefault(one.item, []).append(one.fact)
    return found


class _FactsOf:
    """Makes facts of an item's values, as the hub does of its rows."""

    def __init__(self, item: Item, reads: frozenset[str]) -> None:
        self._item = item
        wanted = reads | set(item.source_time) | set(item.reporting_period)
        self._fields = [
            (position, field.name, field.name in reads, _typed(field))
            for position, field in enumerate(item.fields)
            if field.name in wanted
        ]

    def fact(self, values: Sequence[CellValue], label: str, known_at: date) -> Fact:
        said: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        for position, name, is_read, typed in self._fields:
            value = values[position]
            if value is None:
                continue
            said[name] = typed(value)
            if is_read:
                kept[name] = said[name]
        declared = label.removesuffix("年度") if self._item.period_declared else None
        period = period_of(self._item, said, declared)
        return Fact(self._source_time(said, period, known_at), kept, period)

    def _source_time(self, said: Mapping[str, Any], period: str | None, known_at: date) -> datetime:
        for name in self._item.source_time:
            value = said.get(name)
            if isinstance(value, date):
                return moment(value)
        return moment(period_end(period)) if period else moment(known_at)


def _typed(field: Field) -> Callable[[CellValue], Any]:
    """Return what makes a drawn value what the wire carries."""
    match field.type:
        case FieldType.MONEY if field.unit == "万元":
            return lambda value: Decimal(str(value)) * _WAN
        case FieldType.MONEY | FieldType.NUMBER:
            return lambda value: Decimal(str(value))
        case FieldType.DETAILS:
            convert = details_converter(field)
            return lambda value: convert(str(value))
        case FieldType.TIMESTAMP:
            return _aware
        case FieldType.DATE | FieldType.BOOLEAN | FieldType.INTEGER:
            return lambda value: value
        case _:
            return str


def _aware(value: CellValue) -> datetime:
    assert isinstance(value, date)
    local = value if isinstance(value, datetime) else datetime.combine(value, time())
    return local.replace(tzinfo=SHANGHAI)
