"""Read topics to what was their end when the reading began, committed messages only.

A transaction that somebody left open hides what others committed behind it, so its end is waited for: whoever restores
from a topic would otherwise miss his own newest messages.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Message

from bus import clients
from bus.access import raise_if_refused
from bus.config import BusConfig
from bus.reading import offsets
from bus.reading.offsets import TopicPartition, Watermarks
from catalogue.errors import Unavailable

# A worker restores all its partitions at once, each by a client that would fetch so much ahead.
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
    first = {
        TopicPartition(topic, partition): start
        for topic, start in starts.items()
        for partition in (offsets.partitions(config, topic) if partitions is None else partitions)
    }
    return scan_partitions(config, first, offsets.watermarks(config, first))


def scan_partitions(
    config: BusConfig,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, Watermarks],
    *,
    ahead: Mapping[str, int] = _LITTLE_AHEAD,
    on_read: Callable[[int], None] = lambda count: None,
) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message) of each partition from its start to its end, as ``scan`` does of a topic.

    ``ahead`` is how much the client fetches ahead; ``on_read`` is told how much came.
    """
    bare = {config.topic(topic): topic for topic, _ in starts}
    todo = {
        key.real(config, start): ends[key].high
        for key, start in starts.items()
        if ends[key].high > max(ends[key].low, start)
    }
    if not todo:
        return
    settings = {"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10, **ahead}
    consumer = clients.consumer(config, config.own(f"scan-{uuid.uuid4()}"), **settings)
    try:
        consumer.assign([*todo])
        yield from _to_ends(consumer, todo, bare, on_read)
    except KafkaException as exc:
        raise_if_refused(exc, f"read {_named(todo)}")
        raise Unavailable(f"{_named(todo)} cannot be read: {exc}.", remedy="See `credithub status`.") from exc
    finally:
        consumer.close()


def _to_ends(
    consumer: Consumer,
    todo: dict[confluent_kafka.TopicPartition, int],
    bare: Mapping[str, str],
    on_read: Callable[[int], None],
) -> Iterator[tuple[str, Message]]:
    """Yield what an assigned consumer gets until each partition has reached its end; ``todo`` gets empty.

    ``bare``: the topics' names without prefix, by their real ones.
    """
    heard_at_s = time.monotonic()
    while todo:
        # A short time-out: `consume` waits for the whole number of messages or for all of it.
        messages = consumer.consume(_AT_ONCE, timeout=_POLL_S)
        if messages:
            heard_at_s = time.monotonic()
        elif time.monotonic() - heard_at_s > _SILENT_AT_MOST_S:
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
                # Behind the last message there may be the end of a transaction, which is no message.
                reached.append(confluent_kafka.TopicPartition(message.topic(), message.partition(), message.offset()))
            elif not error.retriable():
                raise KafkaException(error)
        # Where somebody goes on writing, the end of today is passed without stopping there.
        done = {p for p in (*reached, *consumer.position([*todo])) if p.offset >= todo.get(p, p.offset + 1)}
        if done:
            consumer.pause([*done])
        for partition in done:
            del todo[partition]


def _named(partitions: Iterable[confluent_kafka.TopicPartition]) -> str:
    return ", ".join(sorted({partition.topic for partition in partitions}))
