"""One proof over all arrows. Downstream topics are read first, so that what comes meanwhile counts as pending."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import OnRead, TopicReader
from catalogue.model import Catalogue
from proofs.reconcile import banks, changes, database, files, merge, upstream
from proofs.reconcile.bank_due import BankDue, Deliverable
from proofs.reconcile.bank_told import ToldReader
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.expectations import Window
from proofs.reconcile.findings import CHANGES, FILES, MERGE, POSTGRES, UPSTREAM, Findings, bank_arrow
from proofs.reconcile.list_changes import read_list_changes
from proofs.reconcile.positions import Position, ledger, merge_positions
from proofs.reconcile.records import Records, read_records, record_topics
from sinks.policies import Policies
from sinks.snapshots import read_snapshots
from sinks.upstream.profile import Profile

# A commit reaches its partitions one after another, within milliseconds.
_SETTLE_S = 0.2
_Reached = Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class ProofScope:
    """What is proved: the receivers, and where PostgreSQL is; None leaves a receiver out."""

    catalogue: Catalogue
    banks: tuple[str, ...]
    dsn: str | None
    upstream: Profile | None
    upstream_group: str = "sink.upstream"

    @classmethod
    def of_the_merge(cls, catalogue: Catalogue) -> "ProofScope":
        """Return a scope without receivers: the merge and what it reads."""
        return cls(catalogue, banks=(), dsn=None, upstream=None)


class Proof:
    """One proof, which runs once; ``findings`` has the result."""

    def __init__(self, config: BusConfig, scope: ProofScope, registry: Registry, on_read: OnRead) -> None:
        self._config, self._scope = config, scope
        self._reader = TopicReader(config, on_read)
        self._registry, self._plain = registry, PlainDecoder(registry)
        self._deliverable = Deliverable(registry)
        self.findings = Findings()

    def run(self) -> Findings:
        """Scan everything once; raises Unavailable when a service is away."""
        for arrow in (FILES, MERGE, CHANGES):
            self.findings.arrow(arrow)
        self._change_partitions = self._partitions(topics.CHANGE)
        self._read_by_banks = self._partitions(*topics.BANK_INPUTS)
        if self._scope.dsn is None:
            self._prove(None)
        else:
            with database.snapshot(self._scope.dsn, self._config.topic_prefix) as snapshot:
                self._prove(snapshot)
        return self.findings

    def _prove(self, snapshot: database.DatabaseSnapshot | None) -> None:
        reader, findings, scope = self._reader, self.findings, self._scope
        decode = Decoder(self._registry)
        snapshots, before = read_snapshots(self._config, decode), self._receivers()
        time.sleep(_SETTLE_S)
        expected, delivered, starts = self._banks(before, decode)
        for bank, expectation in expected.items():
            expectation.expect_past_lists(snapshots.get(bank_arrow(bank), []))
        listing = self._partitions(topics.LIST_CHANGE)
        read_list_changes(reader, self._plain, listing, self._deliverable, expected, findings)
        for bank, expectation in expected.items():
            expectation.place_lists()
            expectation.expect_past(snapshots.get(bank_arrow(bank), []))
        expected_receipts, answered = self._upstream(before, decode)
        if expected_receipts is not None:
            expected_receipts.expect_relabelled(snapshots.get(UPSTREAM, []))
        inputs = self._partitions(*topics.merge_inputs(scope.catalogue))
        position_partitions, ledger_partitions = self._partitions(topics.POSITION), self._partitions(topics.SUBMISSION)
        positions = merge_positions(reader, self._plain, position_partitions)
        opened = ledger(reader, self._plain, ledger_partitions)
        time.sleep(_SETTLE_S)
        states = changes.read_states(reader, self._plain, self._partitions(topics.STATE), findings)
        values = changes.read_values(reader, self._plain, self._partitions(topics.INDICATOR), findings)
        rated = self._partitions(topics.RATING)
        ratings = changes.read_values(reader, self._plain, rated, findings, topics.RATING, "model")
        listed = changes.read_values(reader, self._plain, self._partitions(topics.LIST), findings, topics.LIST, "list")
        records: dict[str, Records] = {
            name: read_records(reader, self._plain, self._partitions(name), findings) for name in record_topics()
        }
        all_records = records[topics.RECORD] | records[topics.PERSON_RECORD]
        scanned_changes = changes.read_changes(
            reader,
            self._plain,
            self._change_partitions,
            self._deliverable,
            expected,
            expected_receipts,
            snapshot.of(topics.CHANGE) if snapshot is not None else {},
            findings,
        )
        events = merge.read_events(reader, self._plain, inputs, positions, self._config.partitions)
        not_taken_partitions = self._partitions(topics.REJECTED, topics.UNRESOLVED)
        tabled = snapshot.positions if snapshot is not None else {}
        not_taken = files.read_not_taken(reader, self._plain, not_taken_partitions, tabled, findings)
        moving = _moved(positions, merge_positions(reader, self._plain, position_partitions))
        after = ledger(reader, self._plain, ledger_partitions)
        findings.moved = bool(moving) or opened.keys() != after.keys()
        files.compare(scope.catalogue, opened, after, events, not_taken, findings)
        merge.compare(events, positions, all_records, findings)
        changes.compare(scanned_changes, states, all_records, moving, findings)
        changes.compare_values(states, values, moving, findings)
        for bank, expectation in expected.items():
            banks.compare(bank, expectation, delivered[bank], starts[bank], findings)
        if expected_receipts is not None:
            upstream.compare(expected_receipts, answered, findings)
        if snapshot is not None:
            findings.arrow(POSTGRES)
            database.compare_records(snapshot, topics.RECORD, "credit_record", records[topics.RECORD], findings)
            database.compare_records(
                snapshot, topics.PERSON_RECORD, "person_record", records[topics.PERSON_RECORD], findings
            )
            database.compare_states(snapshot, states, findings)
            database.compare_values(snapshot, values, findings, topics.INDICATOR, "credit_indicator", "item")
            database.compare_values(snapshot, ratings, findings, topics.RATING, "credit_rating", "model")
            database.compare_values(snapshot, listed, findings, topics.LIST, "credit_list", "list")
            database.compare_changes(snapshot, scanned_changes, findings)
            database.compare_submissions(snapshot, after, findings)
            for topic, table in ((topics.REJECTED, "rejected"), (topics.UNRESOLVED, "unresolved")):
                database.compare_rows_not_taken(snapshot, topic, table, not_taken.tabled[topic], findings)

    def _receivers(self) -> dict[str, _Reached]:
        """Return by group the next offset that each receiver will read, by topic and partition."""
        reached = {group: self._committed(group, self._read_by_banks) for group in map(_bank_group, self._scope.banks)}
        if self._scope.upstream is not None:
            reached[self._scope.upstream_group] = self._committed(self._scope.upstream_group, self._change_partitions)
        return reached

    def _banks(
        self, before: Mapping[str, _Reached], decode: Decoder
    ) -> tuple[dict[str, banks.ExpectedDeliveries], dict[str, banks.BankDelivery], dict[str, dict[int, int]]]:
        reader, told, expected, delivered, starts = self._reader, ToldReader(self._registry), {}, {}, {}
        for bank in self._scope.banks:
            sequences = banks.read_sequences(reader, self._plain, self._partitions(topics.sequence_topic(bank)))
            partitions = self._partitions(topics.bank_topic(bank))
            starts[bank] = {partition: low for (_, partition), (low, _) in reader.ends(partitions).items()}
            runs = banks.read_topic(reader, told, partitions, bank, self.findings)
            delivered[bank] = banks.BankDelivery(sequences, runs)
        # Behind what was told, before up to where: a snapshot lies within what was read.
        policies, snapshots = Policies(self._config, decode), read_snapshots(self._config, decode)
        for bank, one in delivered.items():
            reached = before[_bank_group(bank)], self._committed(_bank_group(bank), self._read_by_banks)
            changes_of, lists_of = (Window(*(at[name] for at in reached)) for name in topics.BANK_INPUTS)
            own = snapshots.get(bank_arrow(bank), [])
            due = BankDue(self._config, own, policies, self._plain, self._deliverable)
            firsts = {subject: run.first for subject, run in one.runs.items()}
            entries = {subject: run.entries for subject, run in one.runs.items() if run.entries}
            expected[bank] = banks.ExpectedDeliveries(
                changes_of, lists=lists_of, firsts=firsts, entries=entries, due=due
            )
        return expected, delivered, starts

    def _upstream(
        self, before: Mapping[str, _Reached], decode: Decoder
    ) -> tuple[upstream.ExpectedReceipts | None, upstream.UpstreamAnswers]:
        profile, group = self._scope.upstream, self._scope.upstream_group
        if profile is None:
            return None, upstream.UpstreamAnswers()
        partitions = self._partitions(topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT)
        answered = upstream.read_answers(self._reader, self._plain, partitions, self.findings)
        policies, own = Policies(self._config, decode), read_snapshots(self._config, decode).get(UPSTREAM, [])
        due = upstream.UpstreamDue(self._config, own, policies, self._plain, self._deliverable, profile)
        after = self._committed(group, self._change_partitions)
        window = Window(before[group][topics.CHANGE], after[topics.CHANGE])
        return upstream.ExpectedReceipts(due, window), answered

    def _committed(self, group: str, partitions: Sequence[TopicPartition]) -> _Reached:
        reached: dict[str, dict[int, int]] = {}
        for (topic, partition), offset in self._reader.committed(group, partitions).items():
            reached.setdefault(topic, {})[partition] = offset
        return reached

    def _partitions(self, *names: str) -> list[TopicPartition]:
        return self._reader.partitions(names)


def _bank_group(bank: str) -> str:
    return f"sink.bank.{bank}"


def _moved(before: Mapping[TopicPartition, Position], after: Mapping[TopicPartition, Position]) -> frozenset[int]:
    return frozenset(
        source[1]
        for source, position in after.items()
        if before.get(source, {}).get("next_offset") != position["next_offset"]
    )
