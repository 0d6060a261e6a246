"""Where partitions begin and end, and which topics they are of, as the broker says it."""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicMetadata

from bus import clients
from bus.config import BusConfig
from catalogue.errors import IntegrityError, Unavailable

_RETRY_FOR_S, _PAUSE_S = 30.0, 0.1
# A partition just made, or moved, has no leader for a moment, or one that does not know yet how far its log is agreed
# on; the client does not call these retriable here.
_LEADERLESS = frozenset(
    {
        "NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PART", "_NOENT", "OFFSET_NOT_AVAILABLE",
    }
)  # fmt: skip
# After an election a client that knew the former leader goes on asking by its epoch: only a new one asks anew.
_OUTDATED = frozenset({"FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH"})


class Watermarks(NamedTuple):
    """The first offset that is still kept, and the one behind the last, markers of transactions included."""

    low: int
    high: int


def watermarks(config: BusConfig, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Watermarks]:
    """Return the watermarks of (topic without prefix, partition); raises Unavailable when the broker is away."""
    asked = {(name, number): TopicPartition(config.topic(name), number) for name, number in wanted}
    if not asked:
        return {}
    admin = connected(config, next(iter(asked.values())).topic)
    earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()
    lows, highs = (offsets(config, admin, asked.values(), spec) for spec in (earliest, latest))
    return {key: Watermarks(lows[tp], highs[tp]) for key, tp in asked.items()}


def refuse_beyond(config: BusConfig, reached: Mapping[tuple[str, int], int], who: str) -> None:
    """Raise IntegrityError when ``who`` has read further in (topic without prefix, partition) than its log goes.

    A consumer that begins there would silently begin at the start, or pass over what comes until it is there.
    Raises Unavailable when the broker is away.
    """
    for (name, number), end in watermarks(config, reached).items():
        if reached[name, number] > end.high:
            raise IntegrityError(
                f"{who} has read {config.topic(name)}[{number}] up to offset {reached[name, number]}, but it ends at"
                f" {end.high}: it lost its tail, or was made anew.",
                remedy="Restore the topic from a replica or a backup. If it was made anew, begin anew behind it, too:"
                " another CREDITHUB_TOPIC_PREFIX, and an empty database in CREDITHUB_POSTGRES_DSN.",
            )


def partitions(config: BusConfig, topic: str) -> list[int]:
    """Return the partition numbers of a topic (without prefix); raises Unavailable when it cannot be read."""
    name = config.topic(topic)
    _, known = _asked(config, name)
    if known.error is not None or not known.partitions:
        raise Unavailable(f"The topic {name} cannot be read: {known.error}.", remedy="Run `credithub prepare`.")
    return sorted(known.partitions)


def offsets(
    config: BusConfig, admin: AdminClient, places: Collection[TopicPartition], spec: OffsetSpec, *, stable: bool = False
) -> dict[TopicPartition, int]:
    """Return the offset of each partition that ``spec`` asks for, open transactions included.

    ``stable``: the latest one is where the first open transaction begins. ``admin`` is asked, or a new client when that
    one is out of date. Raises Unavailable when Kafka does not say it within half a minute.
    """
    isolation = IsolationLevel.READ_COMMITTED if stable else IsolationLevel.READ_UNCOMMITTED
    deadline = time.monotonic() + _RETRY_FOR_S
    while True:
        wanted = dict.fromkeys(places, spec)
        asked = admin.list_offsets(wanted, isolation_level=isolation, request_timeout=30)
        try:
            return {place: int(asked[place].result().offset) for place in places}
        except KafkaException as exc:
            outdated = exc.args[0].name() in _OUTDATED
            passing = exc.args[0].retriable() or exc.args[0].name() in _LEADERLESS or outdated
            if not passing or time.monotonic() > deadline:
                raise Unavailable(
                    f"Kafka does not say where its topics end: {exc}.", remedy="Run `credithub prepare`."
                ) from exc
            if outdated:
                admin = connected(config, next(iter(places)).topic)
            time.sleep(_PAUSE_S)


def topic_ids(config: BusConfig, names: Iterable[str]) -> dict[str, str]:
    """Return the broker's id of each topic, another one when a topic was deleted and created again.

    Raises Unavailable when the broker is away or has no such topic.
    """
    real = {config.topic(name): name for name in names}
    # Held by a name: what it promised ends with it.
    admin = connected(config, next(iter(real)))
    try:
        told = admin.describe_topics(TopicCollection([*real]), request_timeout=30)
        return {name: str(told[topic].result().topic_id) for topic, name in real.items()}
    except KafkaException as exc:
        raise Unavailable(
            f"The broker does not describe its topics: {exc}.", remedy="Run `credithub prepare`."
        ) from exc


def connected(config: BusConfig, name: str) -> AdminClient:
    """Return a client that has spoken with a broker, about a topic (real name); raises Unavailable when none answers.

    What is asked before it has waits now and then for three seconds, however quick the broker is.
    """
    client, _ = _asked(config, name)
    return client


def _asked(config: BusConfig, name: str) -> tuple[AdminClient, TopicMetadata]:
    client = clients.admin(config, **{"reconnect.backoff.ms": 5, "log_level": 3})
    try:
        return client, client.list_topics(name, timeout=_RETRY_FOR_S).topics[name]
    except KafkaException as exc:
        raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc
