"""The merge as a processor: what it reads and writes, and how it begins on a partition."""

from collections.abc import Iterable, Mapping

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry, full_name
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.scan import scan
from catalogue.avro import event_schema
from catalogue.model import Item
from processing.processor import PartitionTask, Processor, Restore
from processing.store import Store
from rules.indicators.definitions import Indicator
from rules.indicators.groups import groups_of
from rules.release.publication import Publications, publication_rules
from streams.merge.calendar import EPOCH
from streams.merge.publishing import SubjectPublisher
from streams.merge.restoring import MergeRestorer
from streams.merge.task import MergeTask


class MergeProcessor(Processor):
    """Merges catalogue events into records, and computes indicators and states from them.

    ``inputs``: the catalogue topics, and the calendar, from which it learns the business date.
    """

    name = "merge"
    changelogs = (topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.INDICATOR)
    positions = topics.POSITION

    def __init__(
        self,
        config: BusConfig,
        registry: Registry,
        inputs: Iterable[str],
        items: Iterable[Item],
        indicators: Iterable[Indicator],
    ) -> None:
        self.inputs = tuple(inputs)
        self._config, self._registry, self._items = config, registry, tuple(items)
        self._groups = groups_of(indicators)
        # What indicators and the law may look at; the merge reads no more of a payload.
        self._wanted = {full_name(event_schema(one)): self._looked_at(one) for one in self._items}
        # A type of somebody else's may say it is of any item.
        of_any = frozenset(name for names in self._wanted.values() for name in names)
        # One for all partitions: its readers are made once for each schema, which takes a millisecond or two.
        self._decode = Decoder(registry, lambda name: self._wanted.get(name, of_any))

    def _looked_at(self, item: Item) -> frozenset[str]:
        group, rule = self._groups.by_item.get(item.id), publication_rules((item,)).get(item.id)
        return (frozenset() if group is None else group.reads) | (frozenset() if rule is None else rule.reads())

    def restorer(self, store: Store) -> Restore:
        """Return what turns records and states into writes."""
        return MergeRestorer(store, self._groups)

    def begin(self, partition: int, store: Store, reached: Mapping[str, int]) -> PartitionTask:
        """Return the task of a partition. Raises Unavailable when the broker or the registry is away."""
        decode = self._decode
        publisher = SubjectPublisher(self._registry)
        as_of = EPOCH
        for message in scan(self._config, topics.CALENDAR, partitions=[partition]):
            # A day behind the position is still to be rolled to. Where nothing was read yet, there is nothing to roll.
            if message.offset() < reached.get(topics.CALENDAR, 0) or not reached:
                as_of = max(as_of, business_date_of(decode, message.value()) or EPOCH)
        publications = Publications(self._items, decode.payload)

        def belongs(subject: str) -> bool:
            return partition_of(subject, self._config.partitions) == partition

        return MergeTask(store, decode, self._groups, publications, publisher, as_of, belongs)
