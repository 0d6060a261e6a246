"""What a demonstration shows per category, read back from where the records arrived."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue.model import Catalogue
from connectors import postgres

_RecordOfSubject = tuple[str, str, str]
"""Subject, item, record key."""


@dataclass(slots=True)
class CategoryFigures:
    """One category of the list; latencies in seconds, from the reading of a row to its last hop."""

    zh: str
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    rejected_rows: int = 0
    states: int = 0
    persons: int = 0
    receipts: int = 0
    bank_changes: int = 0
    latencies_s: list[float] = field(default_factory=list)


def quantile(values: list[float], share: float) -> float | None:
    """Return the value below which ``share`` of the values lie; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def gather_figures(
    config: BusConfig, dsn: str, catalogue: Catalogue, banks: Iterable[str], receipts: Iterable[Mapping[str, Any]]
) -> dict[str, CategoryFigures]:
    """Read the topics and the database and return the figures by category id."""
    figures = {c.id: CategoryFigures(c.zh) for c in catalogue.categories}
    of_item = {item.id: figures[item.category] for item in catalogue.items}
    for receipt in receipts:
        category = of_item[receipt["item"]]
        category.rows += receipt["rows"]
        category.rejected_rows += receipt["rejected"]
        for reason in receipt["reasons"]:
            category.rejected[f"{reason['column']}：{reason['message']}"] += reason["rows"]
    registry = Registry(config)
    try:
        decode = Decoder(registry)
        first_arrival = _bank_changes(config, decode, banks, of_item)
        _latencies(config, decode, first_arrival, of_item)
        _receipts(config, decode, of_item)
    finally:
        registry.close()
    _states(dsn, catalogue, figures)
    return figures


def _bank_changes(
    config: BusConfig, decode: Decoder, banks: Iterable[str], of_item: Mapping[str, CategoryFigures]
) -> dict[_RecordOfSubject, datetime]:
    """Count the changes in the banks' topics and return when each record reached the first bank."""
    first_arrival: dict[_RecordOfSubject, datetime] = {}
    for bank in banks:
        for message in scan(config, topics.bank_topic(bank)):
            event = decode(message.value())
            if "item" not in event:
                continue
            of_item[event["item"]].bank_changes += 1
            key = (event["subject"], event["item"], event["record_key"])
            first_arrival[key] = min(event["emitted_at"], first_arrival.get(key, event["emitted_at"]))
    return first_arrival


def _latencies(
    config: BusConfig,
    decode: Decoder,
    first_arrival: Mapping[_RecordOfSubject, datetime],
    of_item: Mapping[str, CategoryFigures],
) -> None:
    """Measure up to a bank's topic where banks may see the record, else up to the change topic, its last hop."""
    for message in scan(config, topics.CHANGE):
        change = decode(message.value())
        for record in change["records"]:
            arrived = first_arrival.get((change["subject"], record["item"], record["record_key"]), change["changed_at"])
            of_item[record["item"]].latencies_s.append((arrived - record["reported_at"]).total_seconds())


def _receipts(config: BusConfig, decode: Decoder, of_item: Mapping[str, CategoryFigures]) -> None:
    sent: dict[str, str] = {}
    for message in scan(config, topics.UPSTREAM_UP):
        up = decode(message.value())
        sent[up["key"]] = up["item"]
    for message in scan(config, topics.UPSTREAM_RECEIPT):
        of_item[sent[decode(message.value())["key"]]].receipts += 1


def _states(dsn: str, catalogue: Catalogue, figures: Mapping[str, CategoryFigures]) -> None:
    with postgres.snapshot(dsn) as connection, connection.cursor() as cursor:
        for category in catalogue.categories:
            items = [item.id for item in category.items]
            cursor.execute(
                "select (select count(*) from credit_state where counts ?| %s),"
                " (select count(distinct subject) from person_record where item = any(%s))",
                (items, items),
            )
            figures[category.id].states, figures[category.id].persons = cursor.fetchone() or (0, 0)


def busiest_subject(dsn: str) -> str:
    """Return the subject whose state has changed most often; empty when there is none."""
    with postgres.snapshot(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select subject from credit_state order by sequence desc, subject limit 1")
        row = cursor.fetchone()
    return row[0] if row else ""
