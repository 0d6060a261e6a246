"""One pass: how far every stage came, what it published since the proven moment, and what does not add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from catalogue.errors import HubError, SinkUnavailable
from proofs.continuous.arrivals import Arrivals
from proofs.continuous.moment import Cursor, FactKind, ProvenMoment
from proofs.continuous.released import Released
from proofs.continuous.tables import POSTGRES_TOPICS, bounded_snapshot
from proofs.continuous.taking import OUTPUTS, PassWindow
from proofs.continuous.windows import ReadingPlan, read_windows
from proofs.reconcile.database import LOG_TABLES, DatabaseSnapshot
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import CHANGES, FILES, MERGE, POSTGRES, RELEASE, UPSTREAM, bank_arrow
from proofs.reconcile.proof import ProofScope
from proofs.reconcile.upstream_due import Deliverable
from proofs.release.recipients import proved_banks

_MARKS = "marks"
_GOVERNANCE = "consents and recipients"


@dataclass(frozen=True, slots=True)
class PassResult:
    """What a pass found out beside differences, which the moment keeps."""

    pending: dict[str, int] = field(default_factory=dict)
    oldest_pending_at_s: dict[str, float] = field(default_factory=dict)
    read: int = 0
    waits_for: str = ""  # what kept an arrow from being proven


class OtherBanks(HubError):
    """There are other banks than when the passes began: they are to be begun anew."""


class ProofPass:
    """Makes passes with clients that are kept. Raises Unavailable when Kafka or the registry is away."""

    def __init__(
        self,
        config: BusConfig,
        scope: ProofScope,
        registry: Registry,
        moment: ProvenMoment,
        banks: Sequence[str],
    ) -> None:
        """``banks``: the ids of those that have topics."""
        self._config, self._scope, self._moment, self._registry = config, scope, moment, registry
        self._reader, self._plain, self._banks = TopicReader(config), PlainDecoder(registry), tuple(banks)
        self._deliver = Deliverable(registry)
        self._arrivals = Arrivals()
        of = self._reader.partitions
        self._released = Released(config, scope, registry, self._reader, self._deliver)
        for (_, partition), cursor in moment.cursors.items():
            if cursor.since_s:
                self._arrivals.note(partition, cursor.offset, cursor.since_s)
        self._inputs = of(topics.merge_inputs(scope.catalogue))
        outputs = (
            topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.INDICATOR, topics.RATING, topics.LIST,
            topics.CHANGE,
        )  # fmt: skip
        self._outputs = of(outputs)
        self._not_taken = of((topics.REJECTED, topics.UNRESOLVED))
        self._marks = of((topics.POSITION, topics.SUBMISSION, topics.AUDIT))
        self._changes = of((topics.CHANGE,))
        # What each receiver was told, by its arrow.
        self._received = {bank_arrow(bank): of((topics.bank_topic(bank),)) for bank in self._banks}
        self._steps, self._logs = of((topics.RELEASE,)) if scope.release else [], of(LOG_TABLES)
        self._governance = of(topics.RELEASE_GOVERNANCE) if scope.release else []
        # Each of its partitions has all definitions of banks; up to here they are those that are known.
        self._recipients = [one for one in self._governance if one == TopicPartition(topics.RECIPIENT, 0)]
        self._recipients_end: dict[TopicPartition, Watermarks] = {}
        if scope.upstream is not None:
            self._received[UPSTREAM] = of((topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT))

    def ends(self) -> dict[TopicPartition, Watermarks]:
        """Return where everything ends that a pass reads; while it stays the same, nothing came."""
        received = [partition for partitions in self._received.values() for partition in partitions]
        own = [*self._inputs, *self._outputs, *self._not_taken, *self._marks, *self._logs, *self._governance]
        return self._reader.ends([*own, *self._released.partitions, *received])

    def run(self) -> PassResult:
        """Make one pass, and move the moment to its end; raises OtherBanks before anything is moved."""
        window: PassWindow | None = None
        waits_for = ""
        if self._scope.dsn is not None:
            try:
                with bounded_snapshot(self._scope.dsn, self._config.topic_prefix) as database:
                    window = self._proven(database)
                    window.settle_tables(database)
                    self._move(window, POSTGRES)
            except SinkUnavailable as exc:
                waits_for = str(exc)
        if window is None:
            # The other arrows do not wait for a database that is away.
            window = self._proven(None)
        pending, oldest = self._pending()
        return PassResult(pending, oldest, window.read, waits_for)

    def _proven(self, database: DatabaseSnapshot | None) -> PassWindow:
        """Read one window of everything and settle all arrows but that to PostgreSQL."""
        moment = self._moment
        gone_up = self._reader.committed(self._scope.upstream_group, self._changes) if self._scope.upstream else {}
        # Where no transaction is open a step is whole; and whoever was told something is a recipient that is known.
        ends = self._reader.ends(self._marks) | self._reader.ends(self._steps, stable=True)
        self._refuse_other_banks()
        window = PassWindow(
            moment, self._scope, self._config.partitions, self._plain, self._registry, self._banks, self._deliver,
            self._released.due(),
        )  # fmt: skip
        if window.upstream is not None:
            self._released.take_past(moment, window.upstream, self._changes)
        self._tell_lost_tails(ends)
        window.plan = ReadingPlan()
        self._plan(window.plan, _MARKS, {partition: ends[partition].high for partition in self._marks})
        self._plan(window.plan, RELEASE, {partition: ends[partition].high for partition in self._steps})
        for source, message, _ in read_windows(self._reader, window.plan, ends):
            window.take_mark(source, message)
        self._move(window, _MARKS)
        self._move(window, RELEASE)
        # From here on to ends behind what the stages say of themselves: all of that is there.
        ends = self.ends()
        self._tell_lost_tails(ends)
        window.plan = plan = ReadingPlan()
        highs = {partition: end.high for partition, end in ends.items()}
        self._plan(plan, FILES, {one: highs[one] for one in (*self._inputs, *self._not_taken)})
        merged_to = {one: moment.positions[one]["next_offset"] for one in self._inputs if one in moment.positions}
        self._plan(plan, MERGE, merged_to)
        self._plan(plan, OUTPUTS, {partition: highs[partition] for partition in self._outputs})
        read_to = {one: window.steps.reached(one.partition).get(one.topic, 0) for one in self._read_by_release()}
        self._plan(plan, RELEASE, read_to)
        self._plan(plan, _GOVERNANCE, {one: highs[one] for one in self._governance})
        for arrow, partitions in self._received.items():
            changes = gone_up if arrow == UPSTREAM else {}
            self._plan(plan, arrow, {**changes, **{one: highs[one] for one in partitions}})
            window.note_lost(arrow, [one for one in partitions if ends[one].low > moment.cursor(arrow, one).offset])
        if database is not None:
            own = {
                source: offset
                for source, offset in database.positions.items()
                if source in ends and source.topic in POSTGRES_TOPICS
            }
            self._plan(plan, POSTGRES, own)
        for source, message, readers in read_windows(self._reader, plan, ends):
            window.take(source, message, readers)
        window.settle()
        for reader in (FILES, MERGE, OUTPUTS, RELEASE, _GOVERNANCE, *self._received):
            self._move(window, reader)
        return window

    def _read_by_release(self) -> list[TopicPartition]:
        return [*self._changes, *self._governance] if self._scope.release else []

    def _refuse_other_banks(self) -> None:
        ends = self._reader.ends(self._recipients)
        if self._recipients and ends != self._recipients_end:
            if proved_banks(self._config, self._registry, self._reader).ids != self._banks:
                raise OtherBanks("There are other banks than when the passes began.")
            self._recipients_end = ends

    def _tell_lost_tails(self, ends: Mapping[TopicPartition, Watermarks]) -> None:
        """Tell of each partition that ends before what was proven of it: it lost its tail, or was made anew."""
        for reader, arrow in (
            (_MARKS, MERGE),
            (FILES, FILES),
            (OUTPUTS, CHANGES),
            (RELEASE, RELEASE),
            (_GOVERNANCE, RELEASE),
            *((one, one) for one in self._received),
        ):
            for partition, end in ends.items():
                cursor = self._moment.cursors.get((reader, partition))
                # Of what a receiver reads its own cursor is what it says of itself.
                is_input = reader == arrow and partition in (*self._changes, *self._governance)
                if cursor is None or cursor.offset <= end.high or is_input:
                    continue
                place = f"{partition.topic}/{partition.partition}"
                what = f"ends at offset {end.high}, and was proven up to {cursor.offset}"
                self._moment.differ(arrow, place, what, cursor.offset - end.high)
                cursor.offset = cursor.last = end.high
                self._moment.touch(FactKind.CURSOR, (reader, partition))

    def _plan(self, plan: ReadingPlan, reader: str, to: Mapping[TopicPartition, int]) -> None:
        for partition, end in to.items():
            plan.add(reader, partition, self._moment.cursor(reader, partition).offset, end)

    def _move(self, window: PassWindow, reader: str) -> None:
        """Move a reader's cursors behind what it read."""
        for partition, windows in window.plan.windows.items():
            for name, _, end in windows:
                if name != reader:
                    continue
                cursor, taken = self._moment.cursor(reader, partition), window.taken.get((reader, partition))
                cursor.offset = end
                if taken is not None:
                    cursor.count, cursor.last = cursor.count + taken.count, taken.last + 1
                    self._arrivals.note(partition, taken.first, taken.first_at_s)
                self._moment.touch(FactKind.CURSOR, (reader, partition))

    def _pending(self) -> tuple[dict[str, int], dict[str, float]]:
        """Return by arrow how many messages its stage has still to read, and when the oldest of them was written."""
        waiting: dict[str, list[tuple[str, Iterable[TopicPartition]]]] = {
            FILES: [],
            MERGE: [(FILES, self._inputs)],
            CHANGES: [],
            # What a bank was told is there in the transaction that says so: the release alone can be behind.
            **{arrow: [] for arrow in self._received},
        }
        if self._scope.release:
            waiting[RELEASE] = [(OUTPUTS, self._changes), (_GOVERNANCE, self._governance)]
        if self._scope.upstream is not None:
            waiting[UPSTREAM] = [(OUTPUTS, self._changes)]
        if self._scope.dsn is not None:
            tabled = [partition for partition in self._marks if partition.topic != topics.POSITION]
            waiting[POSTGRES] = [(OUTPUTS, self._outputs), (FILES, self._not_taken), (_MARKS, tabled)]
            waiting[POSTGRES].append((RELEASE, self._steps))
        pending, oldest = dict.fromkeys(waiting, 0), {}
        for arrow, parts in waiting.items():
            since = []
            for source, partitions in parts:
                for partition in partitions:
                    count, own = _behind(self._moment, self._arrivals, source, arrow, partition)
                    pending[arrow] += count
                    if count:
                        since.append(own.since_s)
            if since:
                oldest[arrow] = min(since)
        return pending, oldest


def _behind(
    moment: ProvenMoment, arrivals: Arrivals, source: str, arrow: str, partition: TopicPartition
) -> tuple[int, Cursor]:
    """Return how many messages of a partition an arrow's stage has not read, and its cursor."""
    there, own = moment.cursor(source, partition), moment.cursor(arrow, partition)
    before = own.since_s
    if own.offset >= there.last:
        # Compaction may have taken what the one counted and the other has not.
        own.count, own.since_s, count = there.count, 0.0, 0
    else:
        own.since_s = arrivals.since(partition, own.offset) or before
        count = max(1, there.count - own.count)
    if own.since_s != before:
        moment.touch(FactKind.CURSOR, (arrow, partition))
    return count, own
