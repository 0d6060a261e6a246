"""One partition of a processor, from its fencing to its transactions.

A partition is fenced first (``fence``): nobody else publishes for it, and its positions are final. Then its store is
filled (``FencedPartition.restore``), and only a ``RestoredPartition`` works on batches. A batch is ``work``ed on, which
hands the messages to the producer, and then ``commit``ted, which waits for the broker; between the two the caller may
work on another partition.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from catalogue import wire
from catalogue.errors import IntegrityError, PoisonMessage
from processing.dead_letters import DeadLetters
from processing.output import Batches, Output, StoreWrites, no_outcomes
from processing.positions import Position, read_positions
from processing.processor import PartitionTask, Processor
from processing.restore import OnRestored, fill, open_store, restored_topics
from processing.store import Store, stored_offset, stored_position
from processing.transaction import PartitionProducer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What all partitions of a worker share. ``on_progress`` is called with each part that is published."""

    config: BusConfig
    processor: Processor
    registry: Registry
    cipher: Cipher
    folder: Path
    on_progress: Callable[[], None] = lambda: None

    def store_path(self, partition: int) -> Path:
        """Return where the store of a partition lies."""
        return self.folder / f"partition-{partition}"


@dataclass(frozen=True, slots=True)
class FencedPartition:
    """A partition whose former owner cannot publish any more; its positions are known, its store is not open."""

    runtime: Runtime
    partition: int
    producer: PartitionProducer
    positions: dict[str, Position]

    def next_offsets(self) -> dict[str, int]:
        """Return the next offset to read of every input topic that was ever read."""
        return {topic: position.next_offset for topic, position in self.positions.items()}

    def restore(self, on_restored: OnRestored = lambda topic, count: None) -> "RestoredPartition":
        """Fill the store up to what was committed and begin the processor's task on it.

        Raises Unavailable when the broker or the registry is away, and what ``on_restored`` raises.
        """
        runtime, partition = self.runtime, self.partition
        encode_position = Encoder(runtime.registry, runtime.processor.positions, wire.POSITION)
        dead_letters = DeadLetters(runtime.registry, runtime.cipher)
        store = open_store(runtime.config, partition, runtime.store_path(partition), runtime.processor)
        try:
            fill(runtime.config, partition, store, runtime.processor, on_restored)
            task = runtime.processor.begin(partition, store, self.next_offsets())
        except BaseException:
            store.close()
            raise
        return RestoredPartition(self, store, task, encode_position, dead_letters)


def fence(runtime: Runtime, partition: int) -> FencedPartition:
    """End a former owner's transactions and read where they ended; from here on nobody else publishes.

    Raises Unavailable when the broker or the registry is away.
    """
    processor = runtime.processor
    producer = PartitionProducer(runtime.config, processor.name, partition, processor.compression)
    decode = Decoder(runtime.registry)
    positions = read_positions(runtime.config, processor.positions, partition, decode)
    return FencedPartition(runtime, partition, producer, positions)


@dataclass(frozen=True, slots=True)
class Pending:
    """What the batches came to: with the producer, but not yet acknowledged. It grows with each piece."""

    outcomes: dict[str, dict[str, int]]
    positions: dict[str, Position]
    writes: StoreWrites


class RestoredPartition:
    """A partition that works on batches. Not thread-safe: one batch at a time.

    After any error but PoisonMessage, which it deals with, it is to be closed, fenced and restored anew.
    """

    def __init__(
        self,
        fenced: FencedPartition,
        store: Store,
        task: PartitionTask,
        encode_position: Encoder,
        dead_letters: DeadLetters,
    ) -> None:
        self.partition = fenced.partition
        self._runtime = fenced.runtime
        self._producer, self._positions = fenced.producer, fenced.positions
        self._store, self._task = store, task
        self._encode_position, self._dead_letters = encode_position, dead_letters
        config = self._runtime.config
        self._changelogs = {config.topic(topic): topic for topic in restored_topics(self._runtime.processor)}

    def next_offsets(self) -> dict[str, int]:
        """Return the next offset to read of every input topic that was ever read."""
        return {topic: position.next_offset for topic, position in self._positions.items()}

    def process(self, batches: Batches) -> dict[str, dict[str, int]]:
        """Work on the batches, commit what comes of them and return each topic's outcome counts.

        Raises whatever the processor, the broker or the registry raised; nothing was published then.
        """
        pending = self.work(batches)
        self.commit(pending)
        return pending.outcomes

    def work(self, batches: Batches) -> Pending:
        """Work on the batches and hand what comes of them to the producer; ``commit`` it before the next ones.

        Raises as ``process`` does.
        """
        try:
            return self._work(batches, careful=False)
        except PoisonMessage as problem:
            log.warning("partition %d: an unreadable payload: %s", self.partition, problem)
            # With another producer, for this one's transaction is aborted (decision 9).
            self._producer.close()
            self._fence_again()
            return self._work(batches, careful=True)

    def is_due(self) -> bool:
        """Whether parts are due without a batch."""
        return self._task.is_due()

    def work_due(self) -> None:
        """Publish the parts that are due without a batch; raises as ``process`` does."""
        self._publish_parts({}, careful=False)

    def commit(self, pending: Pending) -> None:
        """Wait until the broker has all of it; only then move the positions and write the store.

        Raises what the broker said; nothing was published then.
        """
        ends = self._producer.commit()
        for name, offset in ends.items():
            if name in self._changelogs:
                # Nobody else writes to these partitions, so the store now holds all that lies before this offset.
                pending.writes[stored_offset(self._changelogs[name])] = b"%d" % (offset + 1)
        self._store.write(pending.writes)
        self._positions.update(pending.positions)

    def close(self) -> None:
        """Release the store, which was never written ahead of a transaction; one left open is aborted."""
        self._producer.close()
        self._store.close()

    def _publish_parts(self, batches: Batches, *, careful: bool) -> None:
        for part in self._task.parts(batches, careful=careful):
            self._producer.begin()
            pending = Pending({}, {}, {})
            self._hand_over(part, pending)
            self.commit(pending)
            self._runtime.on_progress()

    def _work(self, batches: Batches, *, careful: bool) -> Pending:
        self._publish_parts(batches, careful=careful)
        self._producer.begin()
        pending = Pending(no_outcomes(batches), {}, {})
        for output in self._task.work(batches, careful=careful):
            self._hand_over(output, pending)
        self._hand_over(self._moved_positions(batches, pending), pending)
        return pending

    def _hand_over(self, output: Output, pending: Pending) -> None:
        """Hand an output, or a piece of one, to the producer, and note what it came to."""
        now = datetime.now(UTC)
        self._producer.send(output, self._dead_letters.encode(output.dead_letters, self.partition, now))
        pending.writes.update(output.writes)
        for topic, outcomes in output.outcomes.items():
            for outcome, count in outcomes.items():
                pending.outcomes[topic][outcome] += count

    def _moved_positions(self, batches: Batches, pending: Pending) -> Output:
        """Move the positions behind the batches, and return what says so."""
        output = Output()
        for topic, messages in batches.items():
            outcomes = pending.outcomes[topic]
            if sum(outcomes.values()) != len(messages):
                raise IntegrityError(
                    f"{topic}[{self.partition}]: {len(messages)} messages came to {sum(outcomes.values())} outcomes."
                )
            position = self._positions.get(topic, Position()).moved(messages[-1].offset + 1, outcomes)
            value = self._encode_position(position.wire(topic, self.partition))
            output.messages[self._runtime.processor.positions].append((f"{topic}/{self.partition}".encode(), value))
            output.writes[stored_position(topic)] = value
            pending.positions[topic] = position
        return output

    def _fence_again(self) -> None:
        again = fence(self._runtime, self.partition)
        if again.positions != self._positions:
            # Our store lacks what somebody else published meanwhile.
            raise IntegrityError(
                f"Partition {self.partition} had another owner while it was worked on.",
                remedy="None is needed: this worker ends, and takes the partition over anew when it starts again.",
            )
        self._producer = again.producer
