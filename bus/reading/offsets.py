"""Where partitions begin and end, and which topics they are of, as the broker says it."""

import itertools
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import confluent_kafka
from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicMetadata

from bus import clients
from bus.access import is_refusal, raise_if_refused, refused
from bus.config import BusConfig
from catalogue.errors import IntegrityError, Unavailable

_RETRY_FOR_S, _PAUSE_S, _FIRST_TURN_S = 30.0, 0.1, 2.0
# A partition just made, or moved, has no leader for a moment, or one that does not know yet how far its log is agreed
# on; the client does not call these retriable here.
_LEADERLESS = frozenset(
    {
        "NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PART", "_NOENT", "OFFSET_NOT_AVAILABLE",
    }
)  # fmt: skip
# After an election a client that knew the former leader goes on asking by its epoch: only a new one asks anew.
_OUTDATED = frozenset({"FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH"})


class TopicPartition(NamedTuple):
    """One partition of a topic, which is named without prefix."""

    topic: str
    partition: int

    def real(self, config: BusConfig, *offset: int) -> confluent_kafka.TopicPartition:
        """Return it as the client names it, with prefix, at an offset or at none."""
        return confluent_kafka.TopicPartition(config.topic(self.topic), self.partition, *offset)


class Watermarks(NamedTuple):
    """The first offset that is still kept, and the one behind the last, markers of transactions included."""

    low: int
    high: int


def watermarks(
    config: BusConfig,
    wanted: Iterable[tuple[str, int]],
    *,
    admin: AdminClient | None = None,
    stable: bool = False,
) -> dict[TopicPartition, Watermarks]:
    """Return the watermarks of topic partitions; messages of open transactions are included.

    ``stable``: the end is where the first open transaction begins; nobody can read beyond it yet. ``admin``: the
    client to ask, else a new one. Raises Unavailable when the broker is away.
    """
    requested = {key: key.real(config) for key in itertools.starmap(TopicPartition, wanted)}
    if not requested:
        return {}
    if admin is None:
        admin = connected(config, next(iter(requested.values())).topic)
    low = offsets(config, admin, requested.values(), OffsetSpec.earliest())
    high = offsets(config, admin, requested.values(), OffsetSpec.latest(), stable=stable)
    return {key: Watermarks(low[partition], high[partition]) for key, partition in requested.items()}


def refuse_beyond(
    config: BusConfig, reached: Mapping[TopicPartition, int] | Mapping[tuple[str, int], int], who: str
) -> None:
    """Raise IntegrityError when ``who`` has read further in a topic partition than its log goes.

    A consumer that starts there would start at the beginning without a word, or skip what comes until it is there.
    Raises Unavailable when the broker is away.
    """
    positions = {TopicPartition(*key): offset for key, offset in reached.items()}
    for key, end in watermarks(config, positions).items():
        if positions[key] > end.high:
            raise IntegrityError(
                f"{who} has read {config.topic(key.topic)}[{key.partition}] up to offset {positions[key]}, but it"
                f" ends at {end.high}: it lost its tail, or was made anew.",
                remedy="Restore the topic from a replica or a backup. If it was made anew, begin anew behind it, too:"
                " another CREDITHUB_TOPIC_PREFIX, and an empty database in CREDITHUB_POSTGRES_DSN.",
            )


def partitions(config: BusConfig, topic: str) -> list[int]:
    """Return the partition numbers of a topic (without prefix); raises Unavailable when it cannot be read."""
    name = config.topic(topic)
    _, metadata = _described(config, name)
    _refuse(metadata)
    if metadata.error is not None or not metadata.partitions:
        raise Unavailable(f"The topic {name} cannot be read: {metadata.error}.", remedy="Run `credithub prepare`.")
    return sorted(metadata.partitions)


def committed(
    consumer: Consumer, wanted: Sequence[confluent_kafka.TopicPartition], timeout_s: float
) -> list[confluent_kafka.TopicPartition]:
    """Return the partitions with the offsets that the consumer's group will read next; below 0 where it has none.

    Raises Unavailable when Kafka does not say it of every partition: one wrongly taken for unread would be read again.
    """
    answered = _asked_for_committed(consumer, list(wanted), timeout_s)
    for partition in answered:
        if partition.error is not None:
            raise Unavailable(
                f"Kafka does not say up to where {partition.topic}[{partition.partition}] was read: {partition.error}.",
                remedy="See `credithub status`.",
            )
    return answered


def _asked_for_committed(
    consumer: Consumer, wanted: list[confluent_kafka.TopicPartition], timeout_s: float
) -> list[confluent_kafka.TopicPartition]:
    """Ask in turns, each twice as long: who may not use the group hears so between them, by the next poll alone."""
    deadline, turn_s = time.monotonic() + timeout_s, _FIRST_TURN_S
    while True:
        left_s = deadline - time.monotonic()
        try:
            answered: list[confluent_kafka.TopicPartition] = consumer.committed(
                wanted, timeout=max(0.01, min(turn_s, left_s))
            )
        except KafkaException as exc:
            heard = None if consumer.assignment() else consumer.poll(0)
            error = exc.args[0] if heard is None or heard.error() is None else heard.error()
            if is_refusal(error):
                raise refused("ask what the group has read", error) from exc
            if turn_s >= left_s or exc.args[0].name() != "_TIMED_OUT":
                raise Unavailable(
                    f"Kafka does not say what was read: {exc}.", remedy="See `credithub status`."
                ) from exc
            turn_s *= 2
        else:
            return answered


def offsets(
    config: BusConfig,
    admin: AdminClient,
    wanted: Collection[confluent_kafka.TopicPartition],
    spec: OffsetSpec,
    *,
    stable: bool = False,
    within_s: float = _RETRY_FOR_S,
) -> dict[confluent_kafka.TopicPartition, int]:
    """Return the offset of each partition that ``spec`` asks for, open transactions included.

    ``stable``: the latest one is where the first open transaction begins. ``admin`` is asked, or a new client when that
    one is out of date. Raises Unavailable when Kafka does not say it ``within_s``.
    """
    isolation = IsolationLevel.READ_COMMITTED if stable else IsolationLevel.READ_UNCOMMITTED
    deadline = time.monotonic() + within_s
    while True:
        answers = admin.list_offsets(dict.fromkeys(wanted, spec), isolation_level=isolation, request_timeout=within_s)
        try:
            found = {partition: int(answers[partition].result().offset) for partition in wanted}
        except KafkaException as exc:
            raise_if_refused(exc, "ask where its topics end")
            if exc.args[0].name() == "_NOENT":
                # So the client says of a topic that it may not see, too.
                for name in {partition.topic for partition in wanted}:
                    _refuse(_described(config, name)[1])
            outdated = exc.args[0].name() in _OUTDATED
            passing = exc.args[0].retriable() or exc.args[0].name() in _LEADERLESS or outdated
            if not passing or time.monotonic() > deadline:
                raise Unavailable(
                    f"Kafka does not say where its topics end: {exc}.", remedy="Run `credithub prepare`."
                ) from exc
            if outdated:
                admin = connected(config, next(iter(wanted)).topic, within_s=within_s)
            time.sleep(_PAUSE_S)
        else:
            # A broker that hangs is no error to this client, which then returns no offset as if it were one.
            if confluent_kafka.OFFSET_INVALID not in found.values():
                return found
            if time.monotonic() > deadline:
                raise Unavailable("Kafka does not say in time where its topics end.", remedy="See `credithub status`.")


def topic_ids(config: BusConfig, names: Iterable[str]) -> dict[str, str]:
    """Return the broker's id of each topic, another one when a topic was deleted and created again.

    Raises Unavailable when the broker is away or has no such topic.
    """
    real = {config.topic(name): name for name in names}
    # The client must stay referenced until the results are read: its futures end with it.
    admin = connected(config, next(iter(real)))
    try:
        described = admin.describe_topics(TopicCollection([*real]), request_timeout=30)
        return {name: str(described[topic].result().topic_id) for topic, name in real.items()}
    except KafkaException as exc:
        raise_if_refused(exc, "describe its topics")
        raise Unavailable(
            f"The broker does not describe its topics: {exc}.", remedy="Run `credithub prepare`."
        ) from exc


def connected(config: BusConfig, name: str, *, within_s: float = _RETRY_FOR_S) -> AdminClient:
    """Return a client that has spoken with a broker, about a topic (real name); raises Unavailable when none answers.

    What is asked before it has waits now and then for three seconds, however quick the broker is.
    """
    client, _ = _described(config, name, within_s)
    return client


def _refuse(metadata: TopicMetadata) -> None:
    if metadata.error is not None and is_refusal(metadata.error):
        raise refused(f"read the topic {metadata.topic}", metadata.error)


def _described(config: BusConfig, name: str, within_s: float = _RETRY_FOR_S) -> tuple[AdminClient, TopicMetadata]:
    """Return a client, and what the broker tells of a topic.

    Behind it come the readers, which wait in silence for a topic that they may not read: so a refusal is heard here.
    """
    client = clients.admin(config, **{"reconnect.backoff.ms": 5})
    try:
        return client, client.list_topics(name, timeout=within_s).topics[name]
    except KafkaException as exc:
        raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc
