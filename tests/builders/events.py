"""Events of the catalogue's topics: a report of a fictitious subject, changed in what a test is about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from catalogue.avro import event_schema, topic
from catalogue.envelope import Channel, Envelope, EventId, ItemId, Op, RecordKey, SubjectKey, SubmissionId
from catalogue.load import load_catalogue
from rules.merge import Record

SUBJECT = SubjectKey("91630102MAX000015H")
MOMENT = datetime(2026, 6, 30, tzinfo=UTC)
_REPORT = Envelope(
    event_id=EventId("s:1"),
    item=ItemId("administration.penalty"),
    op=Op.REPORT.value,
    record_key=RecordKey("1"),
    period=None,
    source_time=MOMENT,
    revision=0,
    content_hash="00ff",
    reported_at=MOMENT,
    unit="functional_departments",
    region="630102",
    channel=Channel.FILE.value,
    submission_id=SubmissionId("s"),
    row=1,
    subject=SUBJECT,
    subject_name="青海虚构样例有限公司",
    replaces_set=False,
)


def envelope(**fields: Any) -> Envelope:
    """Return the envelope of a report; ``fields`` are those that the test is about. Raises ValueError for others."""
    return _REPORT._replace(**fields)


def record(payload: bytes = b"", *, schema_id: int = 1, **fields: Any) -> Record:
    """Return one version of a record as the merge holds it, with the envelope of these fields."""
    return Record(envelope(**fields), schema_id, payload)


def event_value(data: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return an event as its topic carries it, with this payload."""
    return {**envelope(**fields)._asdict(), "data": None if data is None else dict(data)}


def event_encoder(registry: Registry, item: str) -> Encoder:
    """Return what encodes the events of an item for its topic."""
    declared = load_catalogue().item(item)
    return Encoder(registry, topic(declared.category), event_schema(declared))
