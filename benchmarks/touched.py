"""What one event costs on a subject with ten, a thousand or a hundred thousand records.

A subject's tax arrears, whose indicators are a count and a maximum: new reports, and withdrawals of the highest amount,
each a batch of its own. Timed is what a partition does with a batch (``RestoredPartition.work``): reading the store,
merging, encoding, producing. The commit, which is the broker's, comes after it and is left out.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from benchmarks.prepared import delete_topics, prepared
from bus.avro.encoding import EventEncoder
from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from bus.crypto.keys import load_key_file
from bus.partitions import partition_of
from bus.users import ADMIN
from catalogue import avro
from catalogue.envelope import Envelope, EventId, ItemId, Op, RecordKey, SubjectKey, SubmissionId
from catalogue.load import load_catalogue
from hub.settings import Settings, bus_config
from processing.output import InputMessage
from processing.partition import RestoredPartition, Runtime, fence
from rules.indicators.definitions import load_indicators
from simulation.people import make_uscc
from streams.merge.processor import MergeProcessor

ITEM = "tax.arrears"
HISTORIES = (10, 1_000, 100_000)
_EVENTS = 300
_SUBJECT = SubjectKey(make_uscc("630104", 1))
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Touched:
    """Median microseconds of an event on a subject that has so many records."""

    records: int
    report_us: float
    withdraw_highest_us: float


def measure(settings: Settings, say: Callable[[str], None]) -> Iterator[Touched]:
    """Yield each length of history."""
    for number, records in enumerate(HISTORIES):
        say(f"one subject with {records:,} records")
        own = prepared(settings, f"touched{number}.")
        config = bus_config(own, ADMIN)
        with closing(Registry(config)) as registry:
            event = _Events(registry)
            cipher = Cipher(load_key_file(own.keys))
            processor = MergeProcessor(config, registry, (event.topic,), load_catalogue().items, load_indicators())
            runtime = Runtime(config, processor, registry, cipher, own.home / "streams")
            with closing(fence(runtime, partition_of(_SUBJECT, config.partitions)).restore()) as partition:
                feed = _Feed(partition, event.topic)
                for first in range(0, records, _BATCH):
                    feed.take([event(n, Op.REPORT) for n in range(first, min(first + _BATCH, records))])
                # The highest are the last.
                new = [feed.take([event(records + n, Op.REPORT)]) for n in range(_EVENTS)]
                gone = [feed.take([event(records + _EVENTS - 1 - n, Op.WITHDRAW)]) for n in range(_EVENTS)]
        yield Touched(records, statistics.median(new) * 1e6, statistics.median(gone) * 1e6)
        delete_topics(config)


class _Feed:
    """Hands batches to a partition, one transaction each."""

    def __init__(self, partition: RestoredPartition, topic: str) -> None:
        self._partition, self._topic, self._offset = partition, topic, 0

    def take(self, values: list[bytes]) -> float:
        """Merge a batch and return how long the partition worked on it."""
        messages = [InputMessage(self._offset + n, value) for n, value in enumerate(values)]
        self._offset += len(values)
        begun = time.perf_counter()
        pending = self._partition.work({self._topic: messages})
        took = time.perf_counter() - begun
        self._partition.commit(pending)
        return took


class _Events:
    """Encodes reports and withdrawals of arrears whose amount rises with their number."""

    def __init__(self, registry: Registry) -> None:
        item = load_catalogue().item(ITEM)
        self.topic, self._unit = avro.topic(item.category), item.units[0]
        self._encode = EventEncoder(registry, self.topic, avro.event_schema(item))
        self._now = datetime.now(UTC)

    def __call__(self, number: int, op: Op) -> bytes:
        told = self._now - timedelta(days=1) + timedelta(seconds=op == Op.WITHDRAW)
        envelope = Envelope(
            EventId(f"touched:{op}:{number}"), ItemId(ITEM), op, RecordKey(f"样例欠税{number}"), None, told, 0,
            f"{number:032x}", self._now, self._unit, "630100", "FILE", SubmissionId("touched"), number,
            _SUBJECT, "西宁样例商贸有限公司", False,
        )  # fmt: skip
        said = {"arrears_amount": Decimal(f"{1000 + number}.25")} if op == Op.REPORT else None
        return self._encode(envelope._asdict(), said)
