"""Reads many topics from given offsets to what their end is when the reading begins, committed messages only."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing

import confluent_kafka
from confluent_kafka import KafkaException, Message
from confluent_kafka.admin import OffsetSpec

from bus import clients
from bus.access import raise_if_refused
from bus.config import BusConfig
from bus.reading.group_positions import GroupPositions
from bus.reading.offsets import TopicPartition, Watermarks, watermarks
from bus.reading.offsets import partitions as named_partitions
from bus.reading.scan import scan_partitions
from catalogue.errors import Unavailable

OnRead = Callable[[int], None]
"""Is called with how many messages came."""

_TIMEOUT_S = 30.0
_NEWEST_WITHIN_S = 5.0
# As far as the client does by itself: it is the only one in its process, and it reads the longest topics.
_FAR_AHEAD: Mapping[str, int] = {}


class TopicReader:
    """One admin client and the list of topics are kept, so that asking again is cheap."""

    def __init__(self, config: BusConfig, on_read: OnRead = lambda count: None) -> None:
        self._config, self._on_read = config, on_read
        self._admin = clients.admin(config)
        self._partitions: dict[str, list[int]] = {}

    def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return every partition of the topics; raises Unavailable when one does not exist."""
        wanted = {topic: self._config.topic(topic) for topic in topics}
        # A broker may have thousands of topics, and how many partitions one has never changes here.
        if wanted.values() - self._partitions.keys():
            self._partitions = self._listed()
        partitions: list[TopicPartition] = []
        for topic, name in wanted.items():
            if name not in self._partitions:
                # One that this user may not see is not listed. Asked for by its name, the broker says which it is.
                with contextlib.suppress(Unavailable):
                    named_partitions(self._config, topic)
                raise Unavailable(f"There is no topic {name}.", remedy="Run `credithub prepare`.")
            partitions += [TopicPartition(topic, partition) for partition in self._partitions[name]]
        return partitions

    def existing(self, topics: Iterable[str]) -> set[str]:
        """Return those of the topics that exist now; raises Unavailable when the broker is away."""
        self._partitions = self._listed()
        return {topic for topic in topics if self._config.topic(topic) in self._partitions}

    def ends(self, partitions: Collection[TopicPartition], *, stable: bool = False) -> dict[TopicPartition, Watermarks]:
        """Return where each partition begins and ends, messages of open transactions and control messages included.

        ``stable``: the end is where the first open transaction begins, beyond which nobody can read yet.
        """
        return watermarks(self._config, partitions, admin=self._admin, stable=stable)

    def committed(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the next offset that a group (without prefix) will read; 0 where it never committed."""
        with closing(GroupPositions(self._config, group)) as positions:
            return positions.committed(partitions, _TIMEOUT_S)

    def last_written_at(self, partitions: Collection[TopicPartition]) -> float | None:
        """Return when the newest message of all these partitions was written, in seconds since the epoch.

        None where they hold none. Raises Unavailable when Kafka does not say it.
        """
        wanted = dict.fromkeys((key.real(self._config) for key in partitions), OffsetSpec.max_timestamp())
        remedy = "See `credithub status`."
        try:
            answers = self._admin.list_offsets(wanted, request_timeout=_NEWEST_WITHIN_S)
            newest = [answer.result() for answer in answers.values()]
        except KafkaException as exc:
            raise_if_refused(exc, "ask when it was written to last")
            raise Unavailable(f"Kafka does not say when it was written to last: {exc}.", remedy=remedy) from exc
        # See ``bus.reading.offsets.offsets``: this is how the client says that it heard nothing.
        if any(answer.offset == confluent_kafka.OFFSET_INVALID for answer in newest):
            raise Unavailable("Kafka does not say in time when it was written to last.", remedy=remedy)
        newest_ms = max((answer.timestamp for answer in newest), default=-1)
        return newest_ms / 1000 if newest_ms > 0 else None

    def read(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, Watermarks] | None = None
    ) -> Iterator[Message]:
        """Yield every committed message from ``starts`` to ``ends`` (now), each partition's in offset order.

        Waits for transactions that are open before the end. Raises Unavailable when the broker falls silent before.
        """
        ends = self.ends(starts.keys()) if ends is None else ends
        for _, message in scan_partitions(self._config, starts, ends, ahead=_FAR_AHEAD, on_read=self._on_read):
            yield message

    def read_all(self, partitions: Iterable[TopicPartition]) -> Iterator[Message]:
        """Yield every committed message of these partitions, as ``read`` does."""
        return self.read(dict.fromkeys(partitions, 0))

    def bare(self, topic: str) -> str:
        """Return a topic's name without the prefix."""
        return self._config.name_of(topic)

    def _listed(self) -> dict[str, list[int]]:
        try:
            listed = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as exc:
            raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc
        prefix = self._config.topic_prefix
        return {name: sorted(metadata.partitions) for name, metadata in listed.items() if name.startswith(prefix)}
