"""Where the value of a field comes from: of each record the version that won, those that lost, and by which rule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bus.reading.offsets import TopicPartition
from catalogue.envelope import Envelope, is_mark
from catalogue.model import Catalogue, Item
from catalogue.plain_values import SEALED, moment
from queries.contributions import not_counted, withdrawn_by
from queries.origin import RecordOrigin, origin_of
from queries.table_snapshot import StateRow, SubmissionSource, TableSnapshot
from queries.targets import FieldTarget
from queries.values import same_sealed, unit_of, value_of
from queries.versions import RankedVersion, Standing, ranked
from rules.merge import Record, SetSince, set_since
from rules.release.publication import Publications
from rules.state import DecodePayload, RecordIdentity

NOT_THERE = "not merged or not delivered yet"


@dataclass(frozen=True, slots=True)
class ExplainedVersion:
    """One version of a record: what it says, and what became of it.

    ``value`` is as ``queries.values.value_of`` gives it; ``same_as_winner``: of sealed values alone, where it can be
    told.
    """

    record: Record
    standing: Standing
    rule: str
    value: Any
    same_as_winner: bool | None
    origin: RecordOrigin
    unread: bool  # the field was filled, and nobody could read the value: it is not empty at the source

    def as_json(self) -> dict[str, Any]:
        """Return the version for JSON."""
        envelope = self.record.envelope
        return {
            "standing": self.standing.value,
            "rule": self.rule,
            "op": envelope.op,
            "withdrawn_by": withdrawn_by(envelope),
            "value": self.value,
            "unread": self.unread,
            "same_as_winner": self.same_as_winner,
            "source_time": moment(envelope.source_time),
            "as_of": moment(envelope.as_of),
            "revision": envelope.revision,
            "content_hash": envelope.content_hash,
            "period": envelope.period,
            "reported_at": moment(envelope.reported_at),
            **self.origin.as_json(),
        }


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """One record with all its versions, the winner first but for what is pending; ``note``: why it does not count."""

    record_key: str
    live: bool
    note: str
    versions: tuple[ExplainedVersion, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the record for JSON."""
        versions = [version.as_json() for version in self.versions]
        return {"record_key": self.record_key, "live": self.live, "note": self.note, "versions": versions}


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """Every record of a subject that has the field, those that count first, the newest first."""

    subject: str
    subject_name: str | None
    target: FieldTarget
    topic_partition: TopicPartition  # where the versions that lost were read
    records: tuple[ExplainedRecord, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for JSON."""
        field = self.target.last
        return {
            "subject": self.subject, "subject_name": self.subject_name, "kind": "field",
            "item": item_as_json(self.target.item),
            "field": {
                "path": self.target.path, "name": field.name, "zh": self.target.zh, "type": field.type.value,
                "unit": unit_of(field), "sensitivity": field.sensitivity.value, "ground": field.ground,
            },
            "sealed": field.encrypted,
            "topic": self.topic_partition.topic,
            "partition": self.topic_partition.partition,
            "records": [record.as_json() for record in self.records],
        }  # fmt: skip


def explain_field(
    target: FieldTarget,
    state: StateRow,
    tables: TableSnapshot,
    decode: DecodePayload,
    catalogue: Catalogue,
    topic_partition: TopicPartition,
    events: Sequence[Record],
    as_of: date,
) -> FieldExplanation:
    """Return, for each record of the subject that has the field, its winner, its losers and why, as of a day.

    ``events``: the item's events of the subject in ``topic_partition``. They must be read before the snapshot of the
    tables is taken, so that what won in them was seen, and only what is still on its way is pending.
    """
    winners = tables.records(state.subject, target.item.id)
    by_key: dict[str, tuple[Record | None, list[Record]]] = {
        one.envelope.record_key: (one, []) for one in winners if not is_mark(one.envelope.record_key)
    }
    for event in events:
        by_key.setdefault(event.envelope.record_key, (None, []))[1].append(event)
    sources = tables.sources({one.envelope.submission_id for one in (*winners, *events)})
    marks, publications = marks_of(winners), Publications(catalogue.items, decode)
    records: list[ExplainedRecord] = []
    for key, (winner, versions) in by_key.items():
        explained = tuple(
            _explained(target, winner, one, decode, catalogue, sources) for one in ranked(winner, versions)
        )
        note = NOT_THERE
        if winner is not None:
            note = not_counted(winner, since_of(marks, winner.envelope), publications, as_of)
        records.append(ExplainedRecord(key, not note, note, explained))
    records.sort(key=lambda r: (r.live, moment(r.versions[0].record.envelope.source_time), r.record_key), reverse=True)
    return FieldExplanation(state.subject, state.subject_name, target, topic_partition, tuple(records))


def content_of(record: Record, decode: DecodePayload) -> Mapping[str, Any] | None:
    """Return a version's content; None where it has none."""
    return None if is_mark(record.envelope.record_key) else decode(record.schema_id, record.payload)


def marks_of(winners: Iterable[Record]) -> dict[RecordIdentity, Envelope]:
    """Return the marks of whole sets among winning records."""
    return {
        (one.envelope.item, one.envelope.record_key): one.envelope
        for one in winners
        if is_mark(one.envelope.record_key)
    }


def since_of(marks: Mapping[RecordIdentity, Envelope], record: Envelope) -> SetSince | None:
    """Return since when the set that a record may be a member of holds; None when there is none."""
    mark = marks.get((record.item, record.set_key))
    return None if mark is None else set_since(mark)


def item_as_json(item: Item) -> dict[str, Any]:
    """Return an item for JSON."""
    return {"seq": item.seq, "id": item.id, "name": item.zh}


def _explained(
    target: FieldTarget,
    winner: Record | None,
    version: RankedVersion,
    decode: DecodePayload,
    catalogue: Catalogue,
    sources: Mapping[str, SubmissionSource],
) -> ExplainedVersion:
    content = content_of(version.record, decode)
    value = value_of(target, content)
    same = None
    if value == SEALED and winner is not None and version.standing is not Standing.WINNER:
        same = same_sealed(target, content_of(winner, decode), content)
    origin = origin_of(version.record.envelope, catalogue, sources)
    unread = target.field.name in version.record.envelope.unread_fields
    return ExplainedVersion(version.record, version.standing, version.rule, value, same, origin, unread)
