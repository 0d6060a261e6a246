"""One proof over all arrows. Downstream topics are read first, so that what comes meanwhile counts as pending."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import OnRead, TopicReader
from catalogue.model import Catalogue
from proofs.reconcile import changes, database, files, merge, upstream
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.expectations import Window
from proofs.reconcile.findings import CHANGES, FILES, MERGE, POSTGRES, UPSTREAM, Findings
from proofs.reconcile.logs import read_logs
from proofs.reconcile.positions import Position, ledger, merge_positions
from proofs.reconcile.records import Records, read_records, record_topics
from proofs.reconcile.release import ReleaseProof
from proofs.reconcile.upstream_due import Deliverable, UpstreamDue
from proofs.release.recipients import proved_banks
from sinks.policies import Policies
from sinks.snapshots import read_snapshots
from sinks.upstream.profile import Profile

# A commit reaches its partitions one after another, within milliseconds.
_SETTLE_S = 0.2


@dataclass(frozen=True, slots=True)
class ProofScope:
    """What is proved: the receivers, and where PostgreSQL is; None, or no ``release``, leaves a receiver out.

    ``release``: what banks are told, all of those of ``recipient.v1``.
    """

    catalogue: Catalogue
    dsn: str | None
    upstream: Profile | None
    release: bool = True
    upstream_group: str = "sink.upstream"

    @classmethod
    def of_the_merge(cls, catalogue: Catalogue) -> "ProofScope":
        """Return a scope without receivers: the merge and what it reads."""
        return cls(catalogue, dsn=None, upstream=None, release=False)


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
        if self._scope.dsn is None:
            self._prove(None)
        else:
            with database.snapshot(self._scope.dsn, self._config.topic_prefix) as snapshot:
                self._prove(snapshot)
        return self.findings

    def _prove(self, snapshot: database.DatabaseSnapshot | None) -> None:
        reader, findings, scope = self._reader, self.findings, self._scope
        decode = Decoder(self._registry)
        snapshots, before = read_snapshots(self._config, decode), self._gone_up()
        released: ReleaseProof | None = None
        if scope.release:
            banks = proved_banks(self._config, self._registry, reader)
            released = ReleaseProof(self._config, banks, self._registry, reader, findings)
            released.run(lambda: time.sleep(_SETTLE_S))
        time.sleep(_SETTLE_S)
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
            expected_receipts,
            snapshot.of(topics.CHANGE) if snapshot is not None else {},
            findings,
        )
        events = merge.read_events(reader, self._plain, inputs, positions, self._config.partitions)
        not_taken_partitions = self._partitions(topics.REJECTED, topics.UNRESOLVED)
        tabled = snapshot.positions if snapshot is not None else {}
        not_taken = files.read_not_taken(reader, self._plain, not_taken_partitions, tabled, findings)
        if released is not None:
            released.compare_set_aside(not_taken.unreleased)
        moving = _moved(positions, merge_positions(reader, self._plain, position_partitions))
        after = ledger(reader, self._plain, ledger_partitions)
        findings.moved |= bool(moving) or opened.keys() != after.keys()
        files.compare(scope.catalogue, opened, after, events, not_taken, findings)
        merge.compare(events, positions, all_records, findings)
        changes.compare(scanned_changes, states, all_records, moving, findings)
        changes.compare_values(states, values, moving, findings)
        if expected_receipts is not None:
            upstream.compare(expected_receipts, answered, findings)
        if snapshot is not None:
            findings.arrow(POSTGRES)
            logs = read_logs(reader, self._partitions(*database.LOG_TABLES), tabled)
            database.compare_logs(snapshot, logs, findings)
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

    def _gone_up(self) -> dict[int, int]:
        """Return the next offset of the changes that the platform's sink will read, by partition."""
        return {} if self._scope.upstream is None else self._committed(self._scope.upstream_group)

    def _upstream(
        self, before: Mapping[int, int], decode: Decoder
    ) -> tuple[upstream.ExpectedReceipts | None, upstream.UpstreamAnswers]:
        profile, group = self._scope.upstream, self._scope.upstream_group
        if profile is None:
            return None, upstream.UpstreamAnswers()
        partitions = self._partitions(topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT)
        answered = upstream.read_answers(self._reader, self._plain, partitions, self.findings)
        policies, own = Policies(self._config, decode), read_snapshots(self._config, decode).get(UPSTREAM, [])
        due = UpstreamDue(self._config, own, policies, self._plain, self._deliverable, profile)
        return upstream.ExpectedReceipts(due, Window(before, self._committed(group))), answered

    def _committed(self, group: str) -> dict[int, int]:
        return {
            partition: offset
            for (_, partition), offset in self._reader.committed(group, self._change_partitions).items()
        }

    def _partitions(self, *names: str) -> list[TopicPartition]:
        return self._reader.partitions(names)


def _moved(before: Mapping[TopicPartition, Position], after: Mapping[TopicPartition, Position]) -> frozenset[int]:
    return frozenset(
        source[1]
        for source, position in after.items()
        if before.get(source, {}).get("next_offset") != position["next_offset"]
    )
