"""What an item's topic holds already: its events read back, and the revisions that a returning record must exceed."""

from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from confluent_kafka import Message

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry, full_name
from bus.avro.wire_format import schema_id_of
from bus.config import BusConfig
from bus.reading.offsets import partitions, watermarks
from bus.reading.scan import scan
from catalogue import avro
from catalogue.envelope import Envelope
from catalogue.errors import PoisonMessage
from catalogue.model import Item

SubjectRecordKey = tuple[str, str]  # subject, record key
_DERIVED = ":w"


class EventReader:
    """Reads the envelopes of one item's events, in the order of each partition."""

    def __init__(self, config: BusConfig, registry: Registry, item: Item) -> None:
        self._config, self._topic = config, avro.topic(item.category)
        self._decode, self._name = Decoder(registry), full_name(avro.event_schema(item))
        self._is_item: dict[int, bool] = {}

    def partitions(self) -> Iterator[Iterator[Envelope]]:
        """Yield, one partition after the other, the events up to what was its end; a subject is in one of them.

        Waits for open transactions. Raises Unavailable when Kafka is away.
        """
        every = ((self._topic, partition) for partition in partitions(self._config, self._topic))
        for (topic, partition), end in watermarks(self._config, every).items():
            if end.high:
                yield self._envelopes(scan(self._config, topic, partitions=[partition]))

    def _envelopes(self, messages: Iterable[Message]) -> Iterator[Envelope]:
        for message in messages:
            value = message.value()
            if isinstance(value, bytes) and self._of_item(value):
                yield self._decode.envelope(value)[0]

    def _of_item(self, value: bytes) -> bool:
        try:
            schema_id = schema_id_of(value)
            if schema_id not in self._is_item:
                self._is_item[schema_id] = self._decode.name(value) == self._name
        except PoisonMessage:
            return False
        return self._is_item[schema_id]


def is_derived(event_id: str) -> bool:
    """Whether an event is a withdrawal that a whole list made (see ``snapshot_withdrawals``), no row of a file."""
    return _DERIVED in event_id


def derived_id(submission_id: str, digest: str) -> str:
    """Return the id of the withdrawal that a submission derives for one record; the same whenever it is derived."""
    return f"{submission_id}{_DERIVED}{digest}"


class RevisionFloor(NamedTuple):
    """The highest revision of a record since a whole list withdrew it, and whether it still is withdrawn."""

    source_time: datetime
    as_of: datetime
    revision: int
    withdrawn: bool


def revision_floors(
    events: Iterable[Envelope], submissions: Container[str], current: str
) -> dict[SubjectRecordKey, RevisionFloor]:
    """Return the floors of the records that one of these ``submissions`` withdrew by leaving them out.

    The events of the ``current`` submission do not count: a killed push has to go on as it began.
    """
    floors: dict[SubjectRecordKey, RevisionFloor] = {}
    for event in events:
        if event.submission_id not in submissions or event.submission_id == current:
            continue
        key = (event.subject, event.record_key)
        floor = floors.get(key)
        derived = is_derived(event.event_id)
        stamp = (event.source_time, event.as_of, event.revision)
        if derived and (floor is None or stamp > floor[:3]):
            floors[key] = RevisionFloor(*stamp, True)
        elif floor is not None and stamp[:2] == floor[:2] and event.revision > floor.revision:
            floors[key] = RevisionFloor(*stamp, derived)
    return floors
