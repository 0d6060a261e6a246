"""The arrow of the release and those to the banks, one partition after the other: memory holds no more than one.

What is downstream is read first. The marks name a step: all that was told up to it has to be in the banks' topics, for
a step is one transaction. What the release did since may be there, or not yet.
"""

from collections.abc import Callable, Mapping

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.fingerprints import published_signing_keys
from bus.crypto.signing import Ed25519Verifier
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import OUTCOMES, RELEASE, Findings, WrittenOff, bank_arrow
from proofs.reconcile.positions import Position, merge_positions
from proofs.release.bank_topics import BankPartition
from proofs.release.chain import Chain, ChainEnd, Found, Step
from proofs.release.losses import declared_of
from proofs.release.marks import Marks
from proofs.release.reading import PartitionReader
from proofs.release.recipients import ProvedBanks
from proofs.release.replay import ReleaseReplay, ReplayInputs
from rules.release.labels import Labels
from sinks.policies import Policies

_COUNTERS = ("merged", "duplicate", "superseded", "rejected")


class ReleaseProof:
    """Proves what the release told, and that the banks' topics have it."""

    def __init__(
        self, config: BusConfig, banks: ProvedBanks, registry: Registry, reader: TopicReader, findings: Findings
    ) -> None:
        self._config, self._banks, self._registry = config, banks.ids, registry
        self._losses = banks.losses
        self._reader, self._findings = reader, findings
        self._decode, self._plain = Decoder(registry), PlainDecoder(registry)
        self._partitions = PartitionReader(reader, self._decode)
        self._positions: dict[TopicPartition, Position] = {}

    def run(self, settle: Callable[[], None]) -> None:
        """Prove all partitions; ``settle`` waits for a commit to reach all of them. Raises Unavailable."""
        for arrow in (RELEASE, *map(bank_arrow, self._banks)):
            self._findings.arrow(arrow)
        self._positions = positions = self._reached()
        policies = Policies(self._config, self._decode)
        verifier = Ed25519Verifier(published_signing_keys(self._config, self._registry).values())
        settle()
        for partition in range(self._config.partitions):
            self._prove(partition, positions, lambda version: policies.of(version).labels, verifier)
        for bank, loss in self._losses.items():
            lost = self._findings.arrow(bank_arrow(bank)).lost
            self._findings.written_off.append(WrittenOff(bank_arrow(bank), lost, loss.reason, loss.said_at))
        self._findings.moved |= positions != self._reached()

    def compare_set_aside(self, set_aside: Mapping[TopicPartition, int]) -> None:
        """Compare what ``rejected.v1`` has of the release, read behind ``run``, with how much it says it set aside."""
        now = self._reached()
        for source, position in self._positions.items():
            said, there = position["rejected"], set_aside.get(source, 0)
            if there < said or (there > said and now.get(source) == position):
                what = f"{there} messages set aside in {topics.REJECTED}, the release says {said}"
                self._findings.differ(RELEASE, f"{source.topic}/{source.partition}", what, abs(there - said))

    def _reached(self) -> dict[TopicPartition, Position]:
        return merge_positions(self._reader, self._plain, self._reader.partitions((topics.RELEASE_POSITION,)))

    def _prove(
        self,
        partition: int,
        positions: Mapping[TopicPartition, Position],
        labels_of: Callable[[int], Labels],
        verifier: Ed25519Verifier,
    ) -> None:
        found = self._found(RELEASE)
        marks = Marks(partition, found)
        marks.read(self._partitions.messages(topics.RELEASE_SEQUENCE, partition), self._decode)
        banks = {bank: self._bank(bank, partition) for bank in self._banks}
        # Where the steps end is asked before where their inputs do: all that they read is read.
        steps = self._partitions.messages(topics.RELEASE, partition)
        inputs = {topic: self._partitions.messages(topic, partition) for topic in topics.RELEASE_INPUTS}
        replay = ReleaseReplay(ReplayInputs(partition, inputs, labels_of, verifier), self._registry, found)
        chain = Chain(partition, self._decode, ChainEnd(), found)
        reached = _Reached(partition, positions, found)
        for message in steps:
            step = chain.take(message.offset, message.value or b"")
            if step is None:
                continue
            self._take_told(step, banks, is_certain=step.value["number"] <= marks.number)
            replay.take(step)
            reached.take(step, replay)
            if step.value["number"] == marks.number:
                marks.compare(step, replay.told)
        chain.finish()
        replay.finish()
        reached.finish()
        marks.finish(chain.end.number, has_read=bool(reached.due))
        for bank, own in banks.items():
            own.finish()
            arrow = self._findings.arrow(bank_arrow(bank))
            arrow.entered += own.counts.told
            arrow.merged += own.counts.delivered
            arrow.pending += own.counts.pending
            arrow.lost += own.counts.lost
        self._count(replay, reached)

    def _take_told(self, step: Step, banks: Mapping[str, BankPartition], *, is_certain: bool) -> None:
        for entry in step.entries:
            for message in entry.value["messages"]:
                bank = banks.get(message["recipient"])
                if bank is None:
                    what = f"{entry.value['subject']}: told to {message['recipient']}, which has no topic"
                    self._findings.differ(RELEASE, entry.place, what)
                else:
                    bank.take(entry.value["subject"], message, entry.offset, is_certain=is_certain)

    def _bank(self, bank: str, partition: int) -> BankPartition:
        loss = declared_of(self._losses, bank, partition)
        return self._partitions.bank(bank, partition, self._found(bank_arrow(bank)), loss)

    def _count(self, replay: ReleaseReplay, reached: "_Reached") -> None:
        """Count what the release read, by what it says itself, and what it has still to read."""
        arrow = self._findings.arrow(RELEASE)
        for topic in topics.RELEASE_INPUTS:
            position = reached.of(topic)
            taken = reached.counted.get(topic, 0)
            all_messages = sum(replay.outcomes[topic].values()) + replay.unread(topic)
            arrow.entered += all_messages
            arrow.pending += all_messages - taken
            for outcome in OUTCOMES:
                if outcome in position:
                    setattr(arrow, outcome, getattr(arrow, outcome) + position[outcome])
        # How much is still to be told is not known: something.
        arrow.pending += not replay.is_settled

    def _found(self, arrow: str) -> Found:
        return lambda place, what: self._findings.differ(arrow, place, what)


class _Reached:
    """Up to where the release says that it read each input of a partition, against where steps ended."""

    def __init__(self, partition: int, positions: Mapping[TopicPartition, Position], found: Found) -> None:
        self._partition, self._found = partition, found
        self.due = {source.topic: one for source, one in positions.items() if source.partition == partition}
        self.counted: dict[str, int] = {}

    def of(self, topic: str) -> Position:
        """Return the position of an input."""
        return self.due.get(topic, {})

    def take(self, step: Step, replay: ReleaseReplay) -> None:
        """Compare the outcomes of each input of which the release came just so far."""
        for topic, position in self.due.items():
            if topic in self.counted or step.value["after"].get(topic) != position["next_offset"]:
                continue
            counts = replay.outcomes[topic]
            self.counted[topic] = sum(counts.values())
            for outcome in _COUNTERS:
                said, due = position[outcome], counts[outcome]
                if said != due:
                    self._found(self._place(topic), f"{said:,} {outcome}, the replay finds {due:,}")

    def finish(self) -> None:
        """Note positions at which no step ended."""
        for topic in self.due.keys() - self.counted.keys():
            what = f"the release has read up to offset {self.due[topic]['next_offset']}, where no step ended"
            self._found(self._place(topic), what)

    def _place(self, topic: str) -> str:
        return f"{topic}/{self._partition}"
