"""One bank's topic: of every change, what that bank may see, in a gapless sequence per subject.

The messages, the sequences and the positions of a batch are one Kafka transaction under one ``transactional.id`` per
bank, so a bank that reads ``read_committed`` sees 1…n whatever is killed (law 6).
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import partitions, watermarks
from catalogue.errors import IntegrityError, PoisonMessage
from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from sinks import dead_letters, runner
from sinks.banks.messages import BankMessages
from sinks.banks.sequences import Sequences
from sinks.change_feed import ChangeFeed, Published, is_empty
from sinks.contract import Sink
from sinks.holding import Patience
from sinks.readiness import SinkReadiness

BATCH_SIZE = 2000


def run(
    config: BusConfig,
    bank_id: str,
    stop: threading.Event,
    *,
    public_indicators: Collection[str] = frozenset(),
    catalogue: Catalogue | None = None,
    readiness: SinkReadiness | None = None,
) -> None:
    """Serve one bank until ``stop``; ``public_indicators`` are the ids that rest on public data alone.

    Raises what ``sinks.runner.run`` raises.
    """
    sink = BankSink(config, bank_id, frozenset(public_indicators), catalogue or load_catalogue())
    runner.run(sink, config, stop, readiness)


class BankBatch(NamedTuple):
    """A batch as it is published, and the last sequence of each of its subjects."""

    events: list[Published]
    drawn: dict[str, int]


class BankSink(Sink[BankBatch]):
    """The sink of one bank."""

    # The price of few transactions is latency.
    poll_s = 0.05
    outcomes = ("delivered",)

    def __init__(self, config: BusConfig, bank: str, public: frozenset[str], catalogue: Catalogue) -> None:
        self._config, self._bank = config, bank
        self.name, self.batch_size = f"sink.bank.{bank}", BATCH_SIZE
        self.reached = {}
        self._topic = topics.bank_topic(bank)
        # gzip: some banks' clients read no other compression.
        self._feed = ChangeFeed(config, self.name, **{"compression.type": "gzip"})
        self.consumer, self.sources = self._feed.consumer, {self._feed.topic: topics.CHANGE}
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._messages = BankMessages(self._registry, self._topic, catalogue, public)
        self._sequences = Sequences(config, self._registry, bank)
        self._real_topic = config.topic(self._topic)

    def open(self, patience: Patience) -> None:
        """Fence a former owner, restore the sequences, take the positions of the last transaction."""
        self._feed.fence()
        self._sequences.restore(self._decode)
        reached = self._feed.positions()
        if self._sequences and not reached:
            self._feed.refuse_forgotten(
                f"The bank {self._bank} was given events, but Kafka has forgotten up to where: all would go out again."
            )
        if any(reached.values()) and not self._sequences and not is_empty(self._config, self._topic):
            raise IntegrityError(
                f"The bank {self._bank} was given events, but {self._config.topic(self._sequences.topic)}, which says"
                " how many of each subject, is empty: all would be counted from 1 again.",
                remedy="Restore that topic from a backup, or make it anew from the bank's own topic.",
            )
        if self._sequences and _was_never_written(self._config, self._topic):
            raise IntegrityError(
                f"The bank {self._bank} was given events, but {self._real_topic} is empty: it was deleted, and made"
                " anew. What comes next would begin in the middle.",
                remedy="Restore that topic from a backup, or let the bank begin anew under another id.",
            )
        self.reached = self._feed.assign(f"The sink of the bank {self._bank}")

    def prepare(self, messages: Sequence[Message]) -> BankBatch:
        """Encode what the bank is told, with sequences drawn ahead."""
        drawn: dict[str, int] = {}
        return BankBatch([event for message in messages for event in self._events(message, drawn)], drawn)

    def _events(self, message: Message, drawn: dict[str, int]) -> Iterator[Published]:
        def dead_letter(record: Mapping[str, Any], problem: PoisonMessage) -> None:
            dead_letters.pass_over(self.name, topics.CHANGE, message, problem, record)

        try:
            change = self._decode(message.value() or b"")
        except PoisonMessage as problem:
            dead_letters.pass_over(self.name, topics.CHANGE, message, problem)
            return
        subject = change["subject"]
        key, partition = subject.encode(), message.partition()
        for encode, value in self._messages.of(change, self._decode, dead_letter):
            value["sequence"] = self._sequences.draw(subject, drawn)
            yield self._real_topic, encode(value), key, partition

    def deliver(self, prepared: BankBatch, messages: Sequence[Message]) -> Mapping[str, int]:
        """Publish the batch in one transaction."""
        marks = list(self._sequences.marks(prepared.drawn))
        self._feed.publish([*prepared.events, *marks], messages)
        self._sequences.keep(prepared.drawn)
        return {"delivered": len(prepared.events)}

    def abort(self) -> None:
        """Abort the transaction."""
        self._feed.abort()

    def close(self) -> None:
        """Close the clients."""
        self._feed.close()
        self._registry.close()


def _was_never_written(config: BusConfig, topic: str) -> bool:
    """Whether there was never a message in a topic; one whose messages retention took away still has their offsets."""
    ends = watermarks(config, [(topic, partition) for partition in partitions(config, topic)])
    return not any(end.high for end in ends.values())
