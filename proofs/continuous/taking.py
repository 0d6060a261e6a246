"""The windows of all arrows in one pass: hands each message to those that read it."""

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import Message

from bus import topics
from bus.avro.registry import Registry
from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition
from catalogue.errors import PoisonMessage
from proofs.continuous.changed import PublishedChanges
from proofs.continuous.filed import FiledRows
from proofs.continuous.merged import MergedEvents
from proofs.continuous.moment import ProvenMoment
from proofs.continuous.receivers import UpstreamWindow
from proofs.continuous.steps import StepsWindow, bank_windows
from proofs.continuous.tables import TableRows
from proofs.continuous.windows import ReadingPlan
from proofs.reconcile.database import LOG_TABLES, DatabaseSnapshot
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import CHANGES, FILES, MERGE, POSTGRES, RELEASE, UPSTREAM, bank_arrow
from proofs.reconcile.proof import ProofScope
from proofs.reconcile.upstream_due import Deliverable, UpstreamDue

OUTPUTS = "merge outputs"
_RECORDS = (topics.RECORD, topics.PERSON_RECORD)
_ANSWERS = (topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT)


@dataclass(slots=True)
class TakenMessages:
    """What one reader took of a partition: how many, the first and the last offset, when the first was written."""

    first: int
    first_at_s: float
    last: int = 0
    count: int = 0


class PassWindow:
    """One pass's windows. ``settle`` compares all but PostgreSQL's, which ``settle_tables`` does."""

    def __init__(
        self,
        moment: ProvenMoment,
        scope: ProofScope,
        count: int,
        plain: PlainDecoder,
        registry: Registry,
        banks: Iterable[str],
        deliver: Deliverable,
        upstream: UpstreamDue | None,
    ) -> None:
        """``count``: how many partitions each topic keyed by subject has."""
        self._count = count
        self._moment, self._plain = moment, plain
        self.plan = ReadingPlan()
        self.taken: dict[tuple[str, TopicPartition], TakenMessages] = {}
        self.read = 0
        self._filed, self._merged = FiledRows(moment), MergedEvents(moment)
        self._changed, self._tables = PublishedChanges(moment, scope.catalogue, deliver.payload), TableRows(moment)
        by_id = bank_windows(moment, banks, self._plain)
        self._banks = {bank_arrow(bank): window for bank, window in by_id.items()}
        self.steps = StepsWindow(moment, registry, by_id)
        self.upstream = None if upstream is None else UpstreamWindow(moment, upstream)

    def note_lost(self, arrow: str, partitions: Iterable[TopicPartition]) -> None:
        """Note that retention deleted messages of a receiver's topic before they were proven."""
        if arrow in self._banks and any(partitions):
            self._banks[arrow].is_cut = True

    def take_mark(self, source: TopicPartition, message: Message) -> None:
        """Take what a stage says of itself: a position of the merge, a submission's progress, a step of the release."""
        if source.topic == topics.RELEASE:
            self._note(RELEASE, source, message)
            self.steps.take(source.partition, message.offset() or 0, message.value() or b"")
            return
        self._note("marks", source, message)
        if source.topic == topics.AUDIT:
            return  # which only is in PostgreSQL; what is wrong with its chain `credithub audit verify` tells
        try:
            value = self._plain(message.value())
        except PoisonMessage as problem:
            arrow = MERGE if source.topic == topics.POSITION else FILES
            where = f"{source.topic}/{source.partition}@{message.offset()}"
            self._moment.differ(arrow, where, f"unreadable: {problem.message}")
            return
        if source.topic == topics.POSITION:
            self._merged.take_position(value)
        else:
            self._filed.take_progress(value)

    def take(self, source: TopicPartition, message: Message, readers: list[str]) -> None:
        """Take a message for these readers."""
        for reader in readers:
            self._note(reader, source, message)
        self.read += 1
        topic, where = source.topic, f"{source.topic}/{source.partition}@{message.offset()}"
        try:
            if topic.startswith("catalogue.") or topic == topics.CALENDAR:
                self._take_input(source, message, readers)
            elif topic in _RECORDS:
                self._take_record(source, message, readers, where)
            elif topic == topics.CHANGE:
                self._take_change(source, message, readers, where)
            elif topic in LOG_TABLES:
                self._tables.take_place(topic, source.partition, message.offset() or 0)
            elif topic not in topics.RELEASE_GOVERNANCE:
                self._take_other(source, message, readers, where)
        except PoisonMessage as problem:
            arrow = {OUTPUTS: CHANGES, FILES: FILES}.get(readers[0], readers[0])
            self._moment.differ(arrow, where, f"unreadable: {problem.message}")

    def _note(self, reader: str, source: TopicPartition, message: Message) -> None:
        taken = self.taken.get((reader, source))
        offset = message.offset() or 0
        if taken is None:
            taken = self.taken[reader, source] = TakenMessages(offset, message.timestamp()[1] / 1000)
        taken.last, taken.count = offset, taken.count + 1

    def _take_input(self, source: TopicPartition, message: Message, readers: list[str]) -> None:
        if MERGE in readers:
            self._merged.take_message(source)
        if source.topic == topics.CALENDAR:
            return
        try:
            # The merge refuses an unknown schema, too.
            event = self._plain.envelope(message.value() or b"")
            if partition_of(event["subject"], self._count) != source.partition:
                raise PoisonMessage("It lies in another partition than its subject's.")
        except PoisonMessage:
            if MERGE in readers:
                self._merged.take_poison(source, message.offset() or 0)
            return
        if MERGE in readers:
            self._merged.take_event(source, event)
        if FILES in readers:
            self._filed.take_event(event)

    def _take_record(self, source: TopicPartition, message: Message, readers: list[str], where: str) -> None:
        value = self._plain.envelope(message.value())
        if OUTPUTS in readers:
            self._merged.take_record(value, message.key(), source.partition, where)
        if POSTGRES in readers:
            self._tables.take_record(source.topic, value)

    def _take_change(self, source: TopicPartition, message: Message, readers: list[str], where: str) -> None:
        if readers == [RELEASE]:
            return  # which only counts them
        change = self._plain(message.value())
        if OUTPUTS in readers:
            self._changed.take_change(change, where)
        if POSTGRES in readers:
            self._tables.take(source.topic, change)
        if self.upstream is not None and UPSTREAM in readers:
            self.upstream.take_change(change, source.partition, message.offset() or 0)

    def _take_other(self, source: TopicPartition, message: Message, readers: list[str], where: str) -> None:
        topic = source.topic
        bank = next((self._banks[reader] for reader in readers if reader in self._banks), None)
        if bank is not None:
            bank.take_message(message.value() or b"", message.headers(), where)
            return
        value = self._plain(message.value())
        if POSTGRES in readers:
            self._tables.take(topic, value)
        if topic == topics.STATE and OUTPUTS in readers:
            self._changed.take_state(value, where)
        elif topic == topics.REJECTED and FILES in readers:
            self._filed.take_rejected(value)
            self._merged.take_dead_letter(value)
        elif topic == topics.UNRESOLVED and FILES in readers:
            self._filed.take_unresolved(message.key(), value)
        elif topic in _ANSWERS and self.upstream is not None:
            self.upstream.take_answer(topic, value, where)

    def settle(self) -> None:
        """Compare all arrows but that to PostgreSQL."""
        self._filed.settle()
        self._merged.settle(self._changed.versions())
        self._changed.settle(self._merged)
        self.steps.settle()
        for bank in self._banks.values():
            bank.settle()
        if self.upstream is not None:
            self.upstream.settle()

    def settle_tables(self, database: DatabaseSnapshot) -> None:
        """Compare the arrow to PostgreSQL."""
        self._tables.settle(database)
