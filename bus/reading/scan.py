"""Read topics to what was their end when the reading began, committed messages only.

A transaction that somebody left open hides what others committed behind it, so its end is waited for: whoever restores
from a topic would otherwise miss his own newest messages.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping

from confluent_kafka import KafkaException, Message, TopicPartition

from bus import clients
from bus.config import BusConfig
from bus.reading import offsets
from bus.reading.offsets import Watermarks
from catalogue.errors import Unavailable

Place = tuple[str, int]  # topic without prefix, partition

# A worker restores all its numbers at once, each by a client that would fetch so much ahead.
_LITTLE_AHEAD = {"queued.max.messages.kbytes": 4096, "max.partition.fetch.bytes": 262_144}
_AT_ONCE, _POLL_S = 5000, 0.02
# Longer than any transaction of ours may last, a killed process's too.
_SILENT_AT_MOST_S = 75.0


def scan(
    config: BusConfig,
    topic: str,
    *,
    partitions: list[int] | None = None,
    start: int = 0,
) -> Iterator[Message]:
    """Yield every committed message of a topic (named without prefix), each partition's in offset order.

    ``start`` is the first offset of interest, in each partition.

    Raises Unavailable when nothing comes for long before the end was reached: the broker is away, or a
    transaction does not end.
    """
    for _, message in scan_topics(config, {topic: start}, partitions=partitions):
        yield message


def scan_topics(
    config: BusConfig, starts: Mapping[str, int], *, partitions: list[int] | None = None
) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message) of several topics at once, as ``scan`` does of one."""
    places = {
        (topic, number): start
        for topic, start in starts.items()
        for number in (offsets.partitions(config, topic) if partitions is None else partitions)
    }
    return scan_places(config, places, offsets.watermarks(config, places))


def scan_places(
    config: BusConfig,
    starts: Mapping[Place, int],
    ends: Mapping[Place, Watermarks],
    *,
    ahead: Mapping[str, int] = _LITTLE_AHEAD,
    on_read: Callable[[int], None] = lambda count: None,
) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message) of places, each from its start to its end, as ``scan`` does of one topic.

    ``ahead`` is how much the client fetches ahead; ``on_read`` is told how much came.
    """
    bare = {config.topic(topic): topic for topic, _ in starts}
    first = {TopicPartition(config.topic(t), number): start for (t, number), start in starts.items()}
    todo = {
        TopicPartition(config.topic(topic), number): ends[topic, number].high
        for (topic, number), start in starts.items()
        if ends[topic, number].high > max(ends[topic, number].low, start)
    }
    if not todo:
        return
    settings = {"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10, **ahead}
    consumer = clients.consumer(config, f"scan-{uuid.uuid4()}", **settings)
    try:
        consumer.assign([TopicPartition(p.topic, p.partition, first[p]) for p in todo])
        heard = time.monotonic()
        while todo:
            # A short time-out: `consume` waits for the whole number of messages or for all of it.
            messages = consumer.consume(_AT_ONCE, timeout=_POLL_S)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT_AT_MOST_S:
                raise Unavailable(
                    f"The broker sent nothing of {_named(todo)} for {_SILENT_AT_MOST_S:.0f} s.",
                    remedy="See `credithub status`.",
                )
            on_read(len(messages))
            reached = []
            for message in messages:
                error = message.error()
                if error is None:
                    yield bare[message.topic()], message
                elif error.name() == "_PARTITION_EOF":
                    # Behind the last message there may be a transaction's own marks, which are no messages.
                    reached.append(TopicPartition(message.topic(), message.partition(), message.offset()))
                elif not error.retriable():
                    raise KafkaException(error)
            # Where somebody goes on writing, the end of today is passed without stopping there.
            done = {p for p in (*reached, *consumer.position([*todo])) if p.offset >= todo.get(p, p.offset + 1)}
            if done:
                consumer.pause([*done])
            for place in done:
                del todo[place]
    except KafkaException as exc:
        raise Unavailable(f"{_named(todo)} cannot be read: {exc}.", remedy="See `credithub status`.") from exc
    finally:
        consumer.close()


def _named(places: Iterable[TopicPartition]) -> str:
    return ", ".join(sorted({place.topic for place in places}))
