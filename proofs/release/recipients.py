"""Whose topics are proved: the recipients of ``recipient.v1``, those that were removed included, that have a topic."""

from collections.abc import Mapping
from typing import NamedTuple

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.reading.topic_reader import TopicReader
from bus.topics import RECIPIENT, bank_topic
from catalogue.errors import PoisonMessage
from processing.output import InputMessage
from proofs.release.known import Recipients
from rules.release.recipient_messages import TopicLoss

# Each partition has all definitions.
_PARTITION = 0


class ProvedBanks(NamedTuple):
    """The ids of those that have topics, sorted, and what of these was declared lost, by the bank's id."""

    ids: tuple[str, ...]
    losses: Mapping[str, TopicLoss]


def proved_banks(config: BusConfig, registry: Registry, reader: TopicReader) -> ProvedBanks:
    """Return them as they are now; raises Unavailable while Kafka or the registry is away."""
    known = Recipients(Decoder(registry))
    for message in scan(config, RECIPIENT, partitions=[_PARTITION]):
        try:
            known.take(InputMessage(message.offset() or 0, message.value(), message.key()))
        except PoisonMessage:
            continue  # a dead letter of the release
    there = reader.existing(map(bank_topic, known.versions))
    ids = tuple(sorted(name for name in known.versions if bank_topic(name) in there))
    return ProvedBanks(ids, {name: loss for name, loss in known.losses.items() if name in ids})
