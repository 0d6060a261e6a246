"""Reads partitions of topics up to where they end when they are asked for; of a bank's topic with what it holds."""

from collections.abc import Iterator, Mapping

from bus import topics
from bus.avro.decoding import Decoder
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from processing.output import InputMessage
from proofs.release.bank_topics import BankPartition, DeclaredLoss
from proofs.release.chain import Found


class PartitionReader:
    """Reads with one client. Raises Unavailable while Kafka or the registry is away."""

    def __init__(self, reader: TopicReader, decode: Decoder) -> None:
        self._reader, self._decode = reader, decode

    def messages(self, topic: str, partition: int) -> Iterator[InputMessage]:
        """Return what a topic has by now in a partition; where that ends is asked at once."""
        source = TopicPartition(topic, partition)
        return self._read(source, self._reader.ends([source], stable=True))

    def bank(self, bank: str, partition: int, found: Found, loss: DeclaredLoss) -> BankPartition:
        """Return what a bank's topic holds by now in a partition; ``loss``: what was declared lost of it."""
        source = TopicPartition(topics.bank_topic(bank), partition)
        is_cut = self._reader.ends([source])[source].low > 0
        made = BankPartition(bank, partition, is_cut, found, loss)
        made.read(self.messages(source.topic, partition), self._decode)
        return made

    def _read(self, source: TopicPartition, ends: Mapping[TopicPartition, Watermarks]) -> Iterator[InputMessage]:
        for message in self._reader.read({source: 0}, ends):
            offset = message.offset() or 0
            if offset < ends[source].high:
                yield InputMessage(offset, message.value(), message.key(), message.headers() or ())
