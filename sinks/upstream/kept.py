"""What the hub keeps of its uploads: a message for each record that was sent, and one for the platform's answer."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.change_feed import Published
from bus.config import BusConfig
from catalogue import wire
from sinks.upstream.delivery import UpstreamReceipt
from sinks.upstream.records import UpstreamRecord

Sent = Sequence[tuple[UpstreamRecord, UpstreamReceipt]]

_UP_FIELDS = ("key", "subject", "item", "change_sequence", "op", "policy")


class KeptUploads:
    """Encodes both messages, for the partition of the change that the record comes from."""

    def __init__(self, config: BusConfig, registry: Registry, profile: str) -> None:
        self._registry, self._profile = registry, profile
        self._up_topic = config.topic(topics.UPSTREAM_UP)
        self._receipt_topic = config.topic(topics.UPSTREAM_RECEIPT)
        self._encoders: tuple[Encoder, Encoder] | None = None

    def messages(self, sent: Iterable[tuple[int, Sent]]) -> Iterator[Published]:
        """Yield the messages of what was sent, given by partition; raises Unavailable while the registry is away."""
        encode_up, encode_receipt = self._both_encoders()
        now = datetime.now(UTC)
        for partition, pairs in sent:
            for record, answer in pairs:
                subject = record.subject.encode()
                up_value = {
                    **{name: getattr(record, name) for name in _UP_FIELDS},
                    "batch_id": answer.batch_id,
                    "profile": self._profile,
                    "sent_at": now,
                }
                yield self._up_topic, encode_up(up_value), subject, partition
                receipt_value = {name: getattr(answer, name) for name in UpstreamReceipt.__slots__}
                yield self._receipt_topic, encode_receipt(receipt_value), subject, partition

    def _both_encoders(self) -> tuple[Encoder, Encoder]:
        # Not when the sink is made: the registry may be away then.
        if self._encoders is None:
            self._encoders = (
                Encoder(self._registry, topics.UPSTREAM_UP, wire.UPSTREAM_UP),
                Encoder(self._registry, topics.UPSTREAM_RECEIPT, wire.UPSTREAM_RECEIPT),
            )
        return self._encoders
