"""Filling the store of a partition from its changelogs, and telling when a store must not be trusted."""

import logging
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Message

from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, topic_ids, watermarks
from bus.reading.scan import scan_topics
from processing.output import StoreWrites
from processing.processor import Processor
from processing.store import Store, condemn, stored_offset, stored_position, stored_topic

log = logging.getLogger(__name__)
_CHUNK = 5_000
# Called with the topic and the number of records that were restored.
OnRestored = Callable[[str, int], None]


def restored_topics(processor: Processor) -> tuple[str, ...]:
    """Return the topics that a processor's store is a cache of."""
    return (*processor.changelogs, processor.positions)


class Tail:
    """Takes the messages of one partition's changelogs into its store, in chunks."""

    def __init__(self, store: Store, processor: Processor) -> None:
        self._store, self._positions = store, processor.positions
        self._restore = processor.restorer(store)
        self._writes: StoreWrites = {}
        self._reached: dict[str, int] = {}

    def start(self, topic: str) -> int:
        """Return the offset up to which the store holds a topic."""
        return _reached(self._store, topic)

    def take(self, topic: str, message: Message) -> None:
        """Take one message; it is written with the chunk that it is in."""
        key, value = message.key(), message.value()
        if topic == self._positions:
            self._writes[stored_position(key.decode().rsplit("/", 1)[0])] = value
        else:
            self._restore(topic, key, value, self._writes)
        self._reached[topic] = message.offset() + 1
        if len(self._writes) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what was taken, with the offsets it reaches to."""
        if self._reached:
            offsets = {stored_offset(topic): b"%d" % offset for topic, offset in self._reached.items()}
            self._store.write({**self._writes, **offsets})
            self._reached = {}
            self._writes.clear()


def fill(config: BusConfig, partition: int, store: Store, processor: Processor, on_restored: OnRestored) -> None:
    """Bring a store up to what was committed. Raises Unavailable when the broker is away."""
    names = restored_topics(processor)
    tail, counts = Tail(store, processor), dict.fromkeys(names, 0)
    starts = {topic: tail.start(topic) for topic in names}
    for topic, message in scan_topics(config, starts, partitions=[partition]):
        tail.take(topic, message)
        counts[topic] += 1
        if counts[topic] % _CHUNK == 0:
            on_restored(topic, _CHUNK)
    tail.flush()
    for topic, count in counts.items():
        on_restored(topic, count % _CHUNK)
        if count:
            log.info("partition %d: %s restored from offset %d, %d records", partition, topic, starts[topic], count)


def open_store(config: BusConfig, partition: int, path: Path, processor: Processor) -> Store:
    """Open the store at ``path``; one that is of other topics, or ahead of them, is deleted and begun anew.

    Raises Unavailable when the broker is away.
    """
    names = restored_topics(processor)
    ids = {topic: topic_id.encode() for topic, topic_id in topic_ids(config, names).items()}
    ends = watermarks(config, ((topic, partition) for topic in names))
    store = Store(path, processor.store_memory)
    for topic in names:
        known_id, end = store.get(stored_topic(topic)), ends[TopicPartition(topic, partition)].high
        if (known_id is not None and known_id != ids[topic]) or _reached(store, topic) > end:
            log.warning("partition %d: the store is not of this %s, it is made anew", partition, topic)
            store.close()
            condemn(path)
            store = Store(path, processor.store_memory)
            break
    store.write({stored_topic(topic): topic_id for topic, topic_id in ids.items()})
    return store


def _reached(store: Store, topic: str) -> int:
    return int(store.get(stored_offset(topic)) or 0)
