"""What ``explain`` says of a field or an indicator, as ``--json`` prints it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bus.avro.decoding import Decoder
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.envelope import SET_MARK, Envelope, Op
from catalogue.model import Catalogue, Item
from queries import events
from queries.counting import LEFT_OUT, WITHDRAWN, Counted, counted, definition
from queries.tables import Source, State, Tables
from queries.targets import FieldTarget, IndicatorTarget
from queries.values import SEALED, moment, number, same_sealed, value_of
from queries.versions import Standing, Version, ranked
from rules.indicators.definitions import from_millionths
from rules.merge import Record, is_live, is_mark

Mark = tuple[datetime, int] | None
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where what is explained is read from."""

    catalogue: Catalogue
    tables: Tables
    reader: TopicReader
    decode: Decoder

    def payload(self, record: Record) -> Mapping[str, Any] | None:
        """Return a version's content; None where it has none."""
        return None if is_mark(record.envelope.record_key) else self.decode.payload(record.schema_id, record.payload)


def field_explained(
    desk: Desk, target: FieldTarget, state: State, place: TopicPartition, seen: Sequence[Record]
) -> Json:
    """Return, for each record of the subject that has the field, its winner, its losers and why.

    ``seen`` are the item's events of ``place``, read before the snapshot of the tables was taken: so what won
    in them was seen, and only what is still on its way is pending.
    """
    held = desk.tables.records(state.subject, target.item.id)
    by_key: dict[str, tuple[Record | None, list[Record]]] = {
        one.envelope.record_key: (one, []) for one in held if not is_mark(one.envelope.record_key)
    }
    for one in seen:
        by_key.setdefault(one.envelope.record_key, (None, []))[1].append(one)
    sources = desk.tables.sources({one.envelope.submission_id for one in (*held, *seen)})
    mark = mark_of(held)
    records: list[Json] = []
    for key, (winner, versions) in by_key.items():
        told = [_version(desk, target, winner, one, sources) for one in ranked(winner, versions)]
        live = winner is not None and is_live(winner.envelope, mark)
        records.append({"record_key": key, "live": live, "note": _note(winner, mark), "versions": told})
    records.sort(key=lambda r: (r["live"], r["versions"][0]["source_time"], r["record_key"]), reverse=True)
    field = target.last
    return {
        **_head(state, "field", target.item),
        "field": {
            "path": target.path, "name": field.name, "zh": target.zh, "type": field.type.value, "unit": field.unit,
            "sensitivity": field.sensitivity.value, "ground": field.ground,
        },
        "sealed": field.encrypted,
        "topic": place[0],
        "partition": place[1],
        "records": records,
    }  # fmt: skip


def indicator_explained(desk: Desk, target: IndicatorTarget, state: State) -> Json:
    """Return an indicator's definition, its value computed again, and the records that count for it."""
    held = desk.tables.records(state.subject, target.item.id)
    as_of = _today(desk, state)
    records = [(one, desk.payload(one)) for one in held if not is_mark(one.envelope.record_key)]
    indicator = target.indicator
    value, found = counted(indicator, records, mark_of(held), as_of)
    sources = desk.tables.sources({one.record.envelope.submission_id for one in found})
    stated = state.indicators.get(indicator.id)
    # A state has no value of an indicator before there is a record of its item.
    agrees = stated == value if indicator.id in state.indicators else not any(one.counts for one in found)
    return {
        **_head(state, "indicator", target.item),
        "indicator": {
            "id": indicator.id, "zh": indicator.zh, "unit": indicator.unit, "sensitivity": indicator.sensitivity,
            "aggregate": indicator.aggregate, "field": indicator.field, "date_field": indicator.date_field,
            "window_months": indicator.window_months, "where": {k: list(v) for k, v in indicator.where.items()},
            "unless_filled": list(indicator.unless_filled), "definition": definition(indicator),
        },
        "as_of": as_of.isoformat(),
        "value": None if value is None else number(value),
        "state_value": None if stated is None else number(stated),
        "state_as_of": state.as_of.isoformat(),
        "agrees": agrees,
        "records": [_counted(desk, one, sources) for one in found],
    }  # fmt: skip


def mark_of(held: Iterable[Record]) -> Mark:
    """Return since when the latest whole set of an item holds; None when it was never sent as one."""
    for one in held:
        if one.envelope.record_key == SET_MARK:
            return one.envelope.source_time, one.envelope.revision
    return None


def _today(desk: Desk, state: State) -> date:
    """Return the business date of the streams; a state keeps the day on which it last changed."""
    day = events.business_day(desk.reader, desk.decode, state.subject)
    return state.as_of if day is None else max(day, state.as_of)


def _head(state: State, kind: str, item: Item) -> Json:
    return {
        "subject": state.subject,
        "subject_name": state.subject_name,
        "kind": kind,
        "item": {"seq": item.seq, "id": item.id, "name": item.zh},
    }


def _note(winner: Record | None, mark: Mark) -> str:
    if winner is None:
        return "not merged or not delivered yet"
    if is_live(winner.envelope, mark):
        return ""
    return WITHDRAWN if winner.envelope.op != Op.REPORT else LEFT_OUT


def _version(
    desk: Desk, target: FieldTarget, winner: Record | None, one: Version, sources: Mapping[str, Source]
) -> Json:
    data = desk.payload(one.record)
    value = value_of(target, data)
    same = None
    if value == SEALED and winner is not None and one.standing is not Standing.WINNER:
        same = same_sealed(target, desk.payload(winner), data)
    envelope = one.record.envelope
    return {
        "standing": one.standing.value,
        "rule": one.rule,
        "op": envelope.op,
        "value": value,
        "same_as_winner": same,
        "source_time": moment(envelope.source_time),
        "revision": envelope.revision,
        "content_hash": envelope.content_hash,
        "period": envelope.period,
        "reported_at": moment(envelope.reported_at),
        **_origin(desk, envelope, sources),
    }


def _counted(desk: Desk, one: Counted, sources: Mapping[str, Source]) -> Json:
    envelope, share = one.record.envelope, one.share
    return {
        "record_key": envelope.record_key,
        "counts": one.counts,
        "why": one.why,
        "number": None if share is None or share.number is None else number(from_millionths(share.number)),
        "placed": None if share is None else share.placed.isoformat(),
        "counts_from": None if share is None else share.enter.isoformat(),
        "counts_until": None if share is None or share.leave is None else share.leave.isoformat(),
        "source_time": moment(envelope.source_time),
        "revision": envelope.revision,
        **_origin(desk, envelope, sources),
    }


def _origin(desk: Desk, envelope: Envelope, sources: Mapping[str, Source]) -> Json:
    source = sources.get(envelope.submission_id)
    unit = desk.catalogue.units.get(envelope.unit)
    return {
        "unit": envelope.unit,
        "unit_zh": unit.zh if unit is not None else envelope.unit,
        "region": envelope.region,
        "channel": envelope.channel,
        "file": source.file_name if source is not None else None,
        "sheet": source.sheet if source is not None else None,
        "row": envelope.row,
        "submission_id": envelope.submission_id,
        "event_id": envelope.event_id,
    }
