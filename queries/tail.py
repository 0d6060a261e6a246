"""A bank's topic as it grows: each event, and what of its record changed since the event before it."""

from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaException

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage

# Records of which the last content is remembered, to tell what the next one changes.
_REMEMBERED = 100_000
_POLL_S = 0.2
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a bank's topic.

    ``changed``: the fields (or indicators) with their values before and now. ``first``: nothing was seen of the
    record before, so that all that is filled counts as changed. ``item`` is None for indicators.
    """

    partition: int
    offset: int
    subject: str
    subject_name: str | None
    sequence: int
    emitted_at: datetime
    item: str | None
    op: str
    record_key: str | None
    changed: Mapping[str, tuple[Any, Any]]
    first: bool
    withheld: tuple[str, ...] = ()


class Memory:
    """What was last seen of each record, the longest unseen forgotten first."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._held: OrderedDict[tuple[str, str, str], Mapping[str, Any]] = OrderedDict()

    def tell(self, value: Mapping[str, Any], partition: int = 0, offset: int = 0) -> Told:
        """Return what a decoded message says, and remember it."""
        if "indicators" in value:
            changed = {name: (None, now) for name, now in sorted(value["indicators"].items())}
            return Told(
                partition, offset, value["subject"], value["subject_name"], value["sequence"], value["emitted_at"],
                None, "INDICATORS", None, changed, first=False,
            )  # fmt: skip
        key = (value["subject"], value["item"], value["record_key"])
        before, data = self._held.pop(key, None), value["data"] or {}
        if value["op"] == "REPORT":
            self._held[key] = data
            if len(self._held) > self._most:
                self._held.popitem(last=False)
        names = dict.fromkeys((*(before or {}), *data))
        changed = {n: ((before or {}).get(n), data.get(n)) for n in names if (before or {}).get(n) != data.get(n)}
        return Told(
            partition, offset, value["subject"], value["subject_name"], value["sequence"], value["emitted_at"],
            value["item"], value["op"], value["record_key"], changed, before is None,
            tuple(one["field"] for one in value["withheld"]),
        )  # fmt: skip


def follow(
    config: BusConfig, topic: str, *, from_beginning: bool, on_ready: Callable[[int], None] = lambda partitions: None
) -> Generator[Told | PoisonMessage, None, None]:
    """Yield what is in a topic, if ``from_beginning``, and then what comes, without an end; committed events only.

    ``on_ready`` is told the number of partitions once nothing that comes from now on can be missed.
    Raises Unavailable when there is no such topic.
    """
    reader = TopicReader(config)
    # What is committed from now on begins behind the stable end, though its transaction may be open already.
    ends = reader.ends(reader.partitions((topic,)), stable=True)
    starts = {place: at.low if from_beginning else at.high for place, at in ends.items()}
    memory = Memory()
    with closing(Registry(config)) as registry, closing(clients.consumer(config, "watch")) as consumer:
        decode = Decoder(registry)
        consumer.assign(
            [confluent_kafka.TopicPartition(config.topic(t), number, at) for (t, number), at in starts.items()]
        )
        on_ready(len(starts))
        while True:
            for message in consumer.consume(_AT_ONCE, timeout=_POLL_S):
                error = message.error()
                if error is not None:
                    if error.fatal() or not error.retriable():
                        raise KafkaException(error)
                    continue
                try:
                    yield memory.tell(decode(message.value() or b""), message.partition(), message.offset())
                except PoisonMessage as problem:
                    yield problem
