"""The release as a processor: what it reads and writes, and how it begins on a partition."""

import logging
from collections.abc import Iterator, Mapping

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks, watermarks
from bus.reading.scan import scan_partitions
from catalogue import wire
from catalogue.errors import IntegrityError, PoisonMessage
from catalogue.times import EPOCH
from monitoring.metrics import RESTORED
from processing.output import InputMessage, StoreWrites
from processing.processor import PartitionTask, Processor, Restore
from processing.store import Store, StoreMemory
from rules.release.labels import Labels
from rules.release.recipient_messages import recipient_message
from rules.release.visible import is_enterprise
from sinks.banks import keys
from sinks.banks.chain import LastStep, StepChain, last_step
from sinks.banks.consent_book import ConsentBook
from sinks.banks.holdings import Holdings
from sinks.banks.messages import BankMessages
from sinks.banks.recipient_book import RecipientBook
from sinks.banks.step_output import StepOutput
from sinks.banks.task import ReleaseTask
from sinks.banks.telling import StepTelling
from sinks.banks.verifiers import PublishedVerifiers
from sinks.policies import Policies

log = logging.getLogger(__name__)
_CHUNK = 5000


class ReleaseProcessor(Processor):
    """Tells banks what they may see of each change, and of everything when they may see something else."""

    name = "release"
    inputs = topics.RELEASE_INPUTS
    changelogs = (topics.RELEASE_SEQUENCE,)
    positions = topics.RELEASE_POSITION
    # A revocation waits for no backlog: neither for what was read before it, nor for long behind what is worked on.
    leading = topics.RELEASE_GOVERNANCE
    most_records = 2000
    # Some banks' clients read no other one; by another one the broker would compress everything once more.
    compression = "gzip"
    # It reads the few that changed, and mostly lately; a worker of the merge needs more.
    store_memory = StoreMemory(cached=48 << 20, buffered=48 << 20)

    def __init__(self, config: BusConfig, registry: Registry, labels: Labels) -> None:
        """``labels``: those of this process, by which alone it tells anything."""
        self._config, self._registry, self._labels = config, registry, labels

    def restorer(self, store: Store) -> Restore:
        """Return what turns marks and the last step into writes."""

        def restore(topic: str, key: bytes, value: bytes | None, writes: StoreWrites) -> None:
            writes[keys.STEP if key == keys.STEP_KEY else keys.MARKS + key] = value

        return restore

    def begin(self, partition: int, store: Store, reached: Mapping[str, int]) -> PartitionTask:
        """Return the task of a partition.

        Raises Unavailable when the broker or the registry is away, or while other labels than ours are the newest.
        """
        decode = Decoder(self._registry, unscaled=True)
        policies = Policies(self._config, decode)
        policy = policies.current(self._labels)
        raw = store.get(keys.STEP)
        last = LastStep() if raw is None else last_step(decode(raw))
        recipients, holdings = RecipientBook(store), Holdings(store)
        consents = ConsentBook(store, decode, PublishedVerifiers(self._config, self._registry).of)
        # Of what was told already, consents and recipients count as they did: also those of a batch that is to come.
        upto = {
            topic: max(reached.get(topic, 0), last.after.get(topic, 0))
            if topic in topics.RELEASE_GOVERNANCE
            else reached.get(topic, 0)
            for topic in self.inputs
        }
        self._fold(partition, store, upto, decode, recipients, consents, holdings)
        chain = StepChain(
            last,
            Encoder(self._registry, topics.RELEASE, wire.RELEASE_ENTRY),
            Encoder(self._registry, topics.RELEASE, wire.RELEASE_STEP),
        )
        messages = BankMessages(self._registry, lambda: topics.bank_topic(next(iter(recipients)).recipient))
        made = StepOutput(
            store, decode, recipients, chain, Encoder(self._registry, topics.RELEASE_SEQUENCE, wire.RELEASE_MARKS)
        )
        telling = StepTelling(
            made, decode.payload, lambda version: policies.of(version).labels, policy, holdings, messages
        )
        return ReleaseTask(store, decode, policy, recipients, consents, holdings, telling, chain, upto)

    def _fold(
        self,
        partition: int,
        store: Store,
        upto: Mapping[str, int],
        decode: Decoder,
        recipients: RecipientBook,
        consents: ConsentBook,
        holdings: Holdings,
    ) -> None:
        """Fold what the store lacks of what was told: of an empty one, or one that another owner went ahead of."""

        def write(topic: str, count: int, reached: int) -> None:
            at = {keys.FOLDED + topic.encode(): b"%d" % reached}
            store.write({**recipients.writes(), **consents.writes(EPOCH), **holdings.writes(), **at})
            for book in (recipients, consents, holdings):
                book.written()
            RESTORED.labels(self.name, topic).inc(count)

        for topic, end in upto.items():
            start = int(store.get(keys.FOLDED + topic.encode()) or 0)
            if start >= end:
                continue
            count = 0
            for count, message in enumerate(self._between(topic, partition, start, end), start=1):
                try:
                    if topic == topics.CONSENT:
                        consents.take(message)
                    elif topic == topics.RECIPIENT:
                        raw = message.value or b""
                        recipients.take(recipient_message(decode.name(raw), decode(raw)))
                    else:
                        change = decode(message.value or b"")
                        if is_enterprise(change) and topic == topics.CHANGE:
                            holdings.fold(change, message.offset)
                        elif is_enterprise(change):
                            holdings.fold_list(change)
                except PoisonMessage:
                    pass  # it became a dead letter
                if count % _CHUNK == 0:
                    write(topic, _CHUNK, message.offset + 1)
            write(topic, count % _CHUNK, end)
            log.info("partition %d: %s folded from offset %d, %d messages", partition, topic, start, count)

    def _between(self, topic: str, partition: int, start: int, end: int) -> Iterator[InputMessage]:
        source = TopicPartition(topic, partition)
        low = watermarks(self._config, [source])[source].low
        if low > start:
            raise IntegrityError(
                f"{topic}[{partition}] begins at offset {low}: what was before it is gone, and so is what banks know.",
                remedy="Restore that topic from a backup; it is kept for ever.",
            )
        for _, message in scan_partitions(self._config, {source: start}, {source: Watermarks(low, end)}):
            offset = message.offset() or 0
            if offset >= end:
                return
            yield InputMessage(offset, message.value(), message.key())
