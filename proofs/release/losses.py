"""What a bank's topic does not have of what the release told: for who declares it lost, and for the proofs then."""

from collections.abc import Mapping

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.topic_reader import OnRead, TopicReader
from proofs.release.bank_topics import NO_LOSS, DeclaredLoss
from proofs.release.chain import Chain, ChainEnd
from proofs.release.reading import PartitionReader
from rules.release.recipient_messages import TopicLoss

_WHATEVER = DeclaredLoss(1 << 62, 1 << 62)


def missing_messages(
    config: BusConfig, registry: Registry, bank: str, on_read: OnRead = lambda count: None
) -> dict[int, DeclaredLoss]:
    """Return by partition how many messages a bank's topic lacks of what was told, and up to where that was looked at.

    What retention took is not missing. Raises Unavailable while Kafka or the registry is away, or without a topic.
    """
    reader, decode = TopicReader(config, on_read), Decoder(registry)
    found, partitions = dict[int, DeclaredLoss](), PartitionReader(reader, decode)
    for source in reader.partitions([topics.bank_topic(bank)]):
        # Where the entries end is asked first: what they tell is then in the topic, for a step is one transaction.
        entries, before = partitions.messages(topics.RELEASE, source.partition), 0
        held = partitions.bank(bank, source.partition, _unheard, _WHATEVER)
        chain = Chain(source.partition, decode, ChainEnd(), _unheard)
        for message in entries:
            step, before = chain.take(message.offset, message.value or b""), message.offset + 1
            for entry in step.entries if step is not None else ():
                for told in entry.value["messages"]:
                    if told["recipient"] == bank:
                        held.take(entry.value["subject"], told, entry.offset, is_certain=True)
        found[source.partition] = DeclaredLoss(before, held.counts.lost)
    return found


def declared_of(losses: Mapping[str, TopicLoss], bank: str, partition: int) -> DeclaredLoss:
    """Return what was declared lost of a partition of a bank's topic."""
    said = losses.get(bank)
    if said is None:
        return NO_LOSS
    return DeclaredLoss(said.before.get(str(partition), 0), said.missing.get(str(partition), 0))


def _unheard(place: str, what: str) -> None:
    """Pass over a difference: the proofs tell it."""
