"""One bank's topic: of every change, and of every change of lists, what that bank may see, in one gapless sequence.

A bank begins with what counts then, never with history; and when the labels change it is told what that changes.

The messages, the sequences and the positions of a batch are one Kafka transaction under one ``transactional.id`` per
bank, so a bank that reads ``read_committed`` sees 1…n whatever is killed (law 6).
"""

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.change_feed import ChangeFeed, Published, is_empty
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, partitions, watermarks
from catalogue.errors import IntegrityError, PoisonMessage
from rules.release.handles import Handles
from rules.release.labels import LabelPolicy, Labels, current_labels
from sinks import dead_letters, runner
from sinks.banks.messages import BankMessages, Valued
from sinks.banks.sequences import Sequences
from sinks.contract import Sink
from sinks.holding import Patience
from sinks.policies import Policies
from sinks.readiness import SinkReadiness
from sinks.snapshot_telling import SnapshotTeller, Telling
from sinks.snapshots import Snapshot, Told

BATCH_SIZE = 2000
_HANDLE_KEY_BYTES = 32


def run(
    config: BusConfig,
    bank_id: str,
    stop: threading.Event,
    *,
    labels: Labels | None = None,
    readiness: SinkReadiness | None = None,
) -> None:
    """Serve one bank until ``stop``; ``labels`` are the catalogue's unless others are given.

    Raises what ``sinks.runner.run`` raises.
    """
    sink = BankSink(config, bank_id, labels or current_labels())
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

    def __init__(self, config: BusConfig, bank: str, labels: Labels) -> None:
        self._config, self._bank = config, bank
        self.name, self.batch_size = f"sink.bank.{bank}", BATCH_SIZE
        self.reached = {}
        self._topic = topics.bank_topic(bank)
        # gzip: some banks' clients read no other compression.
        self._feed = ChangeFeed(config, self.name, topics.BANK_INPUTS, **{"compression.type": "gzip"})
        self.consumer, self.sources = self._feed.consumer, self._feed.sources
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._labels = labels
        self._sequences = Sequences(config, self._registry, bank)
        self._real_topic = config.topic(self._topic)

    def open(self, patience: Patience) -> None:
        """Fence a former owner, restore the sequences, take the positions of the last transaction; tell snapshots."""
        self._feed.fence()
        self._sequences.restore(self._decode)
        policies = Policies(self._config, self._decode)
        policy = policies.current(self._labels)
        teller = SnapshotTeller(self._config, self._registry, self._decode, self._feed, f"bank.{self._bank}")
        reached = self._feed.positions()
        self._refuse_lost(teller.has_begun, reached)
        if not teller.has_begun:
            # With what counts at what is the end of all changes now.
            ends = self._feed.ends(*topics.BANK_INPUTS)
            teller.begin(policy, ends, ends, secrets.token_bytes(_HANDLE_KEY_BYTES))
        elif not teller.is_of_lists and not any(source.topic == topics.LIST_CHANGE for source in reached):
            # It began before lists were told: who is on one by now is told because the labels changed.
            ends = self._feed.ends(topics.LIST_CHANGE)
            self._feed.begin_at(ends)
            reached = {**reached, **ends}

        def tell(snapshot: Snapshot, partition: int, batch: Sequence[Told]) -> Telling:
            messages, drawn = self._messages_by(policies.of(snapshot.policy), teller), dict[str, int]()
            events = [
                event
                for told in batch
                for event in self._in_sequence(told.change["subject"], partition, messages.of_snapshot(told), drawn)
            ]
            return Telling([*events, *self._sequences.marks(drawn)], lambda: self._sequences.keep(drawn))

        teller.tell(policies, policy, reached, patience, self.batch_size, tell)
        self._messages = self._messages_by(policy, teller)
        self.reached = self._feed.assign(f"The sink of the bank {self._bank}")

    def _refuse_lost(self, has_begun: bool, reached: Mapping[TopicPartition, int]) -> None:
        """Raise IntegrityError where something is gone without which this bank would be told too much or too little."""
        if self._sequences and has_begun and not reached:
            self._feed.refuse_forgotten(
                f"The bank {self._bank} was given events, but Kafka has forgotten up to where: all would go out again."
            )
        if self._sequences and not has_begun:
            raise IntegrityError(
                f"The bank {self._bank} was given events, but {self._config.topic(topics.RELEASE_SNAPSHOT)} does not"
                " say with what it began.",
                remedy="Restore that topic from a backup, or let the bank begin anew under another id.",
            )
        if not self._sequences and any(reached.values()) and not is_empty(self._config, self._topic):
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

    def _messages_by(self, policy: LabelPolicy, teller: SnapshotTeller) -> BankMessages:
        return BankMessages(self._registry, self._topic, policy, Handles(teller.handle_key))

    def prepare(self, messages: Sequence[Message]) -> BankBatch:
        """Encode what the bank is told, with sequences drawn ahead."""
        drawn: dict[str, int] = {}
        return BankBatch([event for message in messages for event in self._events(message, drawn)], drawn)

    def _events(self, message: Message, drawn: dict[str, int]) -> Iterator[Published]:
        topic = self.sources[message.topic()]

        def dead_letter(record: Mapping[str, Any], problem: PoisonMessage) -> None:
            dead_letters.pass_over(self.name, topic, message, problem, record)

        try:
            change = self._decode(message.value() or b"")
        except PoisonMessage as problem:
            dead_letters.pass_over(self.name, topic, message, problem)
            return
        if topic == topics.LIST_CHANGE:
            values = self._messages.of_list(change)
        else:
            values = self._messages.of(change, self._decode, dead_letter)
        yield from self._in_sequence(change["subject"], message.partition() or 0, values, drawn)

    def _in_sequence(
        self, subject: str, partition: int, values: Iterable[Valued], drawn: dict[str, int]
    ) -> Iterator[Published]:
        key = subject.encode()
        for encode, value in values:
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
