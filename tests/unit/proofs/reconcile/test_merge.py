"""What the scan of the merge's inputs counts beside outcomes. Nothing is read from Kafka."""

import io
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import fastavro

from bus.avro.registry import Registry
from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition
from catalogue.avro import ENVELOPE
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.merge import ScannedEvents, read_events
from tests.builders.events import MOMENT, envelope

PLACE = TopicPartition("catalogue.administration.v1", 0)
_SCHEMA = fastavro.parse_schema({"type": "record", "name": "Event", "fields": ENVELOPE})


def _event(number: int, **more: Any) -> bytes:
    fields = {"item": "administration.license", "unit": "government_service", "content_hash": "aa", **more}
    value = envelope(event_id=f"e-{number}", submission_id=f"s-{number}", **fields)._asdict()
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _SCHEMA, value)
    return b"\x00\x00\x00\x00\x01" + out.getvalue()


def _registry() -> Registry:
    registry: Any = SimpleNamespace(schema=lambda schema_id: _SCHEMA)
    return cast("Registry", registry)


def _scanned(*events: bytes, partitions: int = 1) -> ScannedEvents:
    messages = [
        SimpleNamespace(
            topic=lambda: PLACE[0], partition=lambda: 0, offset=lambda at=at: at, value=lambda event=event: event
        )
        for at, event in enumerate(events)
    ]

    def read_all(partitions: object) -> Iterator[Any]:
        yield from messages

    reader: Any = SimpleNamespace(read_all=read_all, bare=lambda topic: topic)
    plain = PlainDecoder(_registry())
    return read_events(reader, plain, [PLACE], {PLACE: {"next_offset": len(events)}}, partitions)


def _conflicts(*events: bytes) -> dict[tuple[str, str], int]:
    return dict(_scanned(*events).conflicts)


def test_reports_of_one_time_and_other_content_are_counted_by_item_and_unit() -> None:
    key = ("administration.license", "government_service")
    assert _conflicts(_event(1), _event(2, content_hash="bb")) == {key: 1}
    # Whichever of them has the higher hash.
    assert _conflicts(_event(1, content_hash="bb"), _event(2)) == {key: 1}


def test_repeats_corrections_and_later_reports_are_no_conflicts() -> None:
    later = MOMENT + timedelta(days=1)
    assert (
        _conflicts(
            _event(1),
            _event(2),
            _event(3, content_hash="bb", revision=1024),
            _event(4, content_hash="cc", source_time=later),
            _event(5, content_hash="dd", record_key="2"),
            _event(6, content_hash="ee", source_time=later, as_of=later),
        )
        == {}
    )


def test_an_event_in_another_partition_than_its_subject_s_is_one_that_the_merge_sets_aside() -> None:
    subjects = [f"9163010200000{number:05d}" for number in range(20)]
    own = sum(partition_of(subject, 2) == PLACE.partition for subject in subjects)
    events = [_event(number, subject=subject) for number, subject in enumerate(subjects)]
    scanned = _scanned(*events, partitions=2)
    assert scanned.poison == {PLACE: len(subjects) - own}
    assert (scanned.outcomes[PLACE].rejected, len(scanned.winners)) == (len(subjects) - own, own)
