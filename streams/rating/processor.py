"""The rating as a processor: what it reads and writes, and how it begins on a partition."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.scan import scan
from catalogue import wire
from catalogue.errors import PoisonMessage
from processing.output import InputMessage, StoreWrites
from processing.processor import PartitionTask, Processor, Restore
from processing.store import Store
from rules.lists.definition import ListDefinition
from rules.rating.messages import entry_of, version_of
from rules.rating.reviews import Entry
from rules.rating.schedule import ModelVersion
from streams.rating.day_close import DayClose
from streams.rating.keys import VALUES_READ, mark_key, stored_membership, stored_rating
from streams.rating.rater import Rater
from streams.rating.task import EPOCH, RatingTask
from streams.rating.values import Shapes
from streams.rating.values_fold import ValuesFold
from streams.rating.values_reader import ValuesReader

_CHUNK = 5000


class RatingProcessor(Processor):
    """Rates enterprises by the values of their indicators, the models that were published, and reviews; decides lists.

    A stage of its own behind the merge: it may lag, and rates everybody anew without holding what comes in.
    """

    name = "rating"
    inputs = topics.RATING_INPUTS
    changelogs = (topics.RATING, topics.LIST)
    positions = topics.RATING_POSITION

    def __init__(self, config: BusConfig, registry: Registry, lists: Iterable[ListDefinition] = ()) -> None:
        """``lists``: which are decided at the end of each day."""
        self._config, self._registry, self._lists = config, registry, tuple(lists)

    def restorer(self, store: Store) -> Restore:
        """Return what turns ratings and memberships into writes."""

        def restore(topic: str, key: bytes, value: bytes | None, writes: StoreWrites) -> None:
            writes[stored_rating(key) if topic == topics.RATING else stored_membership(key)] = value
            # Whether its day has ended since is not known here: to look at somebody in vain changes nothing.
            writes[mark_key(key.partition(b"\0")[0].decode())] = b""

        return restore

    def begin(self, partition: int, store: Store, reached: Mapping[str, int]) -> PartitionTask:
        """Return the task of a partition. Raises Unavailable when the broker or the registry is away."""
        decode = Decoder(self._registry, unscaled=True)
        told = Encoder(self._registry, topics.INDICATOR, wire.INDICATOR_VALUES)
        read_values = ValuesReader(decode, Shapes(store), told.magic)
        rating = Encoder(self._registry, topics.RATING, wire.RATING)
        change = Encoder(self._registry, topics.RATING_CHANGE, wire.RATING_CHANGE)
        listed = Encoder(self._registry, topics.LIST, wire.LIST)
        list_change = Encoder(self._registry, topics.LIST_CHANGE, wire.LIST_CHANGE)

        def belongs(subject: str) -> bool:
            return partition_of(subject, self._config.partitions) == partition

        values = ValuesFold(store, read_values, belongs)
        self._fill_values(partition, store, reached.get(topics.INDICATOR, 0), values)
        return RatingTask(
            store,
            decode,
            read_values,
            Rater(store, decode, rating.wrap, change.wrap),
            DayClose(store, decode, self._lists, listed, list_change),
            self._day(partition, reached.get(topics.CALENDAR, 0), decode),
            self._versions(partition, reached.get(topics.RATING_MODEL, 0), decode),
            self._entries(partition, reached.get(topics.REVIEW, 0), decode),
            belongs,
        )

    def _day(self, partition: int, reached: int, decode: Decoder) -> date:
        as_of = EPOCH
        for value in self._before(topics.CALENDAR, partition, reached):
            as_of = max(as_of, business_date_of(decode, value) or EPOCH)
        return as_of

    def _versions(self, partition: int, reached: int, decode: Decoder) -> list[ModelVersion]:
        found = []
        for value in self._before(topics.RATING_MODEL, partition, reached):
            try:
                found.append(version_of(decode(value)))
            except PoisonMessage:
                # It became a dead letter.
                continue
        return found

    def _entries(self, partition: int, reached: int, decode: Decoder) -> dict[str, dict[int, Entry]]:
        found: dict[str, dict[int, Entry]] = {}
        for value in self._before(topics.REVIEW, partition, reached):
            try:
                said = decode(value)
                entry = entry_of(said)
            except PoisonMessage:
                continue
            found.setdefault(said["subject"], {}).setdefault(entry.number, entry)
        return found

    def _before(self, topic: str, partition: int, reached: int) -> list[bytes]:
        """Return the messages that were worked on."""
        if not reached:
            return []
        every = scan(self._config, topic, partitions=[partition])
        return [message.value() or b"" for message in every if (message.offset() or 0) < reached]

    def _fill_values(self, partition: int, store: Store, reached: int, values: ValuesFold) -> None:
        """Read the values that the store lacks: of an empty one, or one that another owner went ahead of.

        To the topic's end and not to where the partition is: of what was compacted since, only newer values are left,
        and without them an enterprise would be rated as if nothing were known. When their turn comes they are known.
        """
        known = int(store.get(VALUES_READ) or 0)
        if known >= reached:
            return
        for message in scan(self._config, topics.INDICATOR, partitions=[partition], start=known):
            with suppress(PoisonMessage):
                values.take(InputMessage(message.offset() or 0, message.value()))
            if len(values.touched) == _CHUNK:
                store.write(values.writes())
        store.write({**values.writes(), VALUES_READ: b"%d" % reached})
