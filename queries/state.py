"""The credit state of one subject: what there is of it by category and item, and its indicators."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalogue.model import Catalogue, Category, Item
from catalogue.plain_values import moment, number
from queries.table_snapshot import CountingRecords, StateRow, TableSnapshot
from rules.indicators.definitions import Indicator
from rules.indicators.groups import groups_of
from rules.merge import Record
from rules.release.publication import Publications
from rules.state import DecodePayload, RecordIdentity, effective, indicators_on, live


@dataclass(frozen=True, slots=True)
class ItemRecords:
    """How many records of an item count, the newest source time among them, and how many were read but in part.

    Of those some field was filled at the source with what nobody could read: ``explain`` names it.
    """

    item: Item
    records: int
    newest: datetime | None
    partly_read: int


@dataclass(frozen=True, slots=True)
class CategoryRecords:
    """The items of a category of which any record counts."""

    category: Category
    items: tuple[ItemRecords, ...]

    @property
    def records(self) -> int:
        """How many records count in all."""
        return sum(item.records for item in self.items)


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """An indicator's value; no ``definition`` where it is no longer defined."""

    id: str
    value: Decimal | None
    definition: Indicator | None

    @property
    def name(self) -> str:
        """Its Chinese name, else its id."""
        return self.definition.zh if self.definition is not None else self.id


@dataclass(frozen=True, slots=True)
class StateOnDay:
    """A subject's state as of a day.

    ``computed``: for the day that was asked for, from the records known now. It then has no sequence and no hash: those
    identify what was published.
    """

    subject: str
    subject_name: str | None
    as_of: date
    sequence: int | None
    hash: str | None
    changed_at: datetime
    computed: bool
    categories: tuple[CategoryRecords, ...]
    indicators: tuple[IndicatorValue, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the state for JSON: exact numbers as text, moments in Beijing time."""
        return {
            "subject": self.subject,
            "subject_name": self.subject_name,
            "as_of": self.as_of.isoformat(),
            "sequence": self.sequence,
            "hash": self.hash,
            "changed_at": moment(self.changed_at),
            "source": "postgresql",
            "computed": self.computed,
            "categories": [_category_as_json(group) for group in self.categories],
            "indicators": [_indicator_as_json(indicator) for indicator in self.indicators],
        }


def published_state(
    row: StateRow,
    tables: TableSnapshot,
    decode: DecodePayload,
    catalogue: Catalogue,
    indicators: Iterable[Indicator],
) -> StateOnDay:
    """Return the state that was published last. Raises PoisonMessage when a record cannot be read."""
    counting, publications = tables.counting(row.subject), Publications(catalogue.items, decode)
    for item in publications.rules.keys() & row.counts.keys():
        # The database knows nothing of what the law ended.
        winners = _winners(tables.records(row.subject, item))
        counting |= _counting(live(winners, publications.until, row.as_of).values())
    return StateOnDay(
        subject=row.subject,
        subject_name=row.subject_name,
        as_of=row.as_of,
        sequence=row.sequence,
        hash=row.hash,
        changed_at=row.changed_at,
        computed=False,
        categories=_categories(catalogue, row.counts, counting),
        indicators=_in_order(row.indicators, indicators),
    )


def computed_state(
    row: StateRow,
    tables: TableSnapshot,
    decode: DecodePayload,
    catalogue: Catalogue,
    indicators: Iterable[Indicator],
    day: date,
) -> StateOnDay:
    """Return the state as of ``day``, from the records known now (law 4); those effective after it do not count.

    Raises PoisonMessage when a record's payload cannot be read.
    """
    defined = tuple(indicators)
    records = [record for item in tables.record_counts(row.subject) for record in tables.records(row.subject, item)]
    winners, until = _winners(records), Publications(catalogue.items, decode).until
    counts: dict[str, int] = {}
    there = effective(winners, until, day)
    for item, _ in there:
        counts[item] = counts.get(item, 0) + 1
    return StateOnDay(
        subject=row.subject,
        subject_name=row.subject_name,
        as_of=day,
        sequence=None,
        hash=None,
        changed_at=row.changed_at,
        computed=True,
        categories=_categories(catalogue, counts, _counting(there.values())),
        indicators=_in_order(indicators_on(winners, groups_of(defined), decode, until, day), defined),
    )


def _winners(records: Iterable[Record]) -> dict[RecordIdentity, Record]:
    # The marks of whole sets come with the records of their items.
    return {(record.envelope.item, record.envelope.record_key): record for record in records}


def _counting(records: Iterable[Record]) -> dict[str, CountingRecords]:
    counting: dict[str, CountingRecords] = {}
    for record in records:
        envelope = record.envelope
        newest, partly_read = counting.get(envelope.item, CountingRecords(envelope.source_time, 0))
        partly_read += bool(envelope.unread_fields)
        counting[envelope.item] = CountingRecords(max(envelope.source_time, newest), partly_read)
    return counting


def _categories(
    catalogue: Catalogue, counts: Mapping[str, int], counting: Mapping[str, CountingRecords]
) -> tuple[CategoryRecords, ...]:
    categories = (
        CategoryRecords(
            category,
            tuple(
                ItemRecords(item, counts[item.id], *counting.get(item.id, (None, 0)))
                for item in category.items
                if counts.get(item.id)
            ),
        )
        for category in catalogue.categories
    )
    return tuple(category for category in categories if category.items)


def _in_order(values: Mapping[str, Decimal | None], definitions: Iterable[Indicator]) -> tuple[IndicatorValue, ...]:
    """Return the values in the order of the definitions, those that are no longer defined last."""
    defined = {indicator.id: indicator for indicator in definitions}
    order = {name: index for index, name in enumerate(defined)}
    names = sorted(values, key=lambda name: (order.get(name, len(order)), name))
    return tuple(IndicatorValue(name, values[name], defined.get(name)) for name in names)


def _category_as_json(group: CategoryRecords) -> dict[str, Any]:
    items = [
        {
            "seq": records.item.seq, "id": records.item.id, "name": records.item.zh, "records": records.records,
            "newest": None if records.newest is None else moment(records.newest),
            "partly_read": records.partly_read,
        }
        for records in group.items
    ]  # fmt: skip
    return {
        "category": group.category.id, "category_zh": group.category.zh, "records": group.records, "items": items,
    }  # fmt: skip


def _indicator_as_json(indicator: IndicatorValue) -> dict[str, Any]:
    definition = indicator.definition
    return {
        "id": indicator.id, "name": indicator.name, "items": list(definition.items) if definition else [],
        "value": None if indicator.value is None else number(indicator.value),
        "unit": definition.unit if definition else "",
        "sensitivity": definition.sensitivity if definition else None,
    }  # fmt: skip
