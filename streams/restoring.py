"""Filling the local store of a partition number from its topics, and telling when it must not be trusted."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from confluent_kafka import Message

from bus import topics
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks, topic_ids, watermarks
from bus.reading.scan import scan_topics
from catalogue.errors import IntegrityError
from processing.store import Store, condemn, stored_offset, stored_position, stored_topic
from streams.merge.keys import COMPLETE, stored_record, stored_state
from streams.merge.rolling import ByItem, forget, forget_subject

log = logging.getLogger(__name__)
# What the store is a cache of, each partition number its own.
CHANGELOGS = (topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.POSITION)
_CHUNK = 5_000
# Called with the topic and the number of records that were restored.
OnRestored = Callable[[str, int], None]


class Tail:
    """Takes the messages of the changelogs of one partition number into its store, in chunks."""

    def __init__(self, store: Store, by_item: ByItem) -> None:
        self._store, self._by_item = store, by_item
        # A store without any sums has none to forget, which spares a look-up per record.
        self._has_sums = any(True for _ in store.below(b"a"))
        self._values: dict[bytes, bytes | None] = {}
        self._reached: dict[str, int] = {}

    def start(self, topic: str) -> int:
        """Return the offset up to which the store holds a topic."""
        held = self._store.get(stored_offset(topic))
        return int(held) if held else 0

    def take(self, topic: str, message: Message) -> None:
        """Take one message; it is written with the chunk that it is in."""
        key, value, values = message.key(), message.value(), self._values
        if topic == topics.STATE:
            values[stored_state(key.decode())] = value
            # Another owner may have taken the subject on to a later day.
            values[COMPLETE] = None
            if self._has_sums:
                forget_subject(self._store, self._by_item, key.decode(), values)
        elif topic == topics.POSITION:
            values[stored_position(key.decode().rsplit("/", 1)[0])] = value
        else:
            values[stored_record(key)] = value
            # The sums of what was written behind our back are made anew when they are next needed, with those of what
            # has none yet at the latest on the next day.
            values[COMPLETE] = None
            if self._has_sums:
                subject, item, _ = key.decode().split("\x00", 2)
                forget(self._store, self._by_item, subject, item, values)
        self._reached[topic] = message.offset() + 1
        if len(values) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what was taken, with the offsets it reaches to."""
        if self._reached:
            offsets = {stored_offset(topic): b"%d" % offset for topic, offset in self._reached.items()}
            self._store.write({**self._values, **offsets})
            self._values, self._reached = {}, {}


def restore(config: BusConfig, number: int, store: Store, by_item: ByItem, on_restored: OnRestored) -> None:
    """Bring a store up to what was committed. Raises Unavailable when the broker is away."""
    tail, counts = Tail(store, by_item), dict.fromkeys(CHANGELOGS, 0)
    starts = {topic: tail.start(topic) for topic in CHANGELOGS}
    for topic, message in scan_topics(config, starts, partitions=[number]):
        tail.take(topic, message)
        counts[topic] += 1
        if counts[topic] % _CHUNK == 0:
            on_restored(topic, _CHUNK)
    tail.flush()
    for topic, count in counts.items():
        on_restored(topic, count % _CHUNK)
        if count:
            log.info("partition %d: %s restored from offset %d, %d records", number, topic, starts[topic], count)


def open_store(config: BusConfig, number: int, path: Path) -> Store:
    """Open the store at ``path``; one that is of other topics, or ahead of them, is deleted and made anew.

    Raises Unavailable when the broker is away.
    """
    ids = {topic: topic_id.encode() for topic, topic_id in topic_ids(config, CHANGELOGS).items()}
    ends = watermarks(config, ((topic, number) for topic in CHANGELOGS))
    store = Store(path)
    for topic in CHANGELOGS:
        held, reached = store.get(stored_topic(topic)), int(store.get(stored_offset(topic)) or 0)
        if (held is not None and held != ids[topic]) or reached > ends[TopicPartition(topic, number)].high:
            log.warning("partition %d: the store is not of this %s, it is made anew", number, topic)
            store.close()
            condemn(path)
            store = Store(path)
            break
    store.write({stored_topic(topic): topic_id for topic, topic_id in ids.items()})
    return store


def check_positions(config: BusConfig, number: int, positions: Mapping[str, int], inputs: Iterable[str]) -> None:
    """Raise IntegrityError when events were deleted before they were merged, or were merged and no longer exist."""
    ends = watermarks(config, ((topic, number) for topic in inputs))
    for (topic, _), end in ends.items():
        refuse_gap(f"{topic}[{number}]", positions.get(topic, 0), end)


def refuse_gap(place: str, position: int, end: Watermarks) -> None:
    """Raise IntegrityError, with both offsets, when a position lies outside of what the broker keeps."""
    if position < end.low:
        raise IntegrityError(
            f"{place}: the next event to merge is offset {position}, but the broker keeps offsets from {end.low} on: "
            f"{end.low - position} offsets were deleted before they were merged.",
            remedy="Restore the topic from a backup, or send the submissions again that `credithub reconcile` names.",
        )
    if position > end.high:
        raise IntegrityError(
            f"{place}: events up to offset {position} were merged, but the broker's end is {end.high}: it lost some.",
            remedy="Restore the topic from a backup or a replica before the worker goes on.",
        )
