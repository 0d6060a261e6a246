"""The sequence of each subject in a bank's topic: 1…n without a gap (law 6), remembered in a topic of its own."""

from collections.abc import Iterator, Mapping

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.change_feed import Published
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue import wire

# The topic's only partition.
_PARTITION = 0


class Sequences:
    """The last sequence that a bank was given of each subject.

    A batch draws its sequences before its transaction, and they are kept after the commit. Those of a batch that was
    held or aborted are drawn again.
    """

    def __init__(self, config: BusConfig, registry: Registry, bank: str) -> None:
        self._config, self._registry, self._bank = config, registry, bank
        self.topic = topics.sequence_topic(bank)
        self._encode: Encoder | None = None
        self._last: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether the bank was ever given anything."""
        return bool(self._last)

    def restore(self, decode: Decoder) -> None:
        """Read what was committed; only correct once no former owner can commit any more."""
        self._last = {}
        for message in scan(self._config, self.topic):
            mark = decode(message.value())
            self._last[mark["subject"]] = mark["sequence"]

    def draw(self, subject: str, drawn: dict[str, int]) -> int:
        """Return the next sequence of a subject, and note it in ``drawn``, the batch's own."""
        sequence = drawn.get(subject)
        if sequence is None:
            sequence = self._last.get(subject, 0)
        drawn[subject] = sequence = sequence + 1
        return sequence

    def marks(self, drawn: Mapping[str, int]) -> Iterator[Published]:
        """Yield the messages that remember what was drawn; they belong into the batch's transaction."""
        if self._encode is None:
            self._encode = Encoder(self._registry, self.topic, wire.BANK_SEQUENCE)
        name = self._config.topic(self.topic)
        for subject, sequence in drawn.items():
            value = self._encode({"bank": self._bank, "subject": subject, "sequence": sequence})
            yield name, value, subject.encode(), _PARTITION

    def keep(self, drawn: Mapping[str, int]) -> None:
        """Remember what was drawn, now that its transaction is committed."""
        self._last.update(drawn)
