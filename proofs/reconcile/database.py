"""The arrow to PostgreSQL: one snapshot of its rows against the topics, as far as the sink had read them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg2.extras import execute_values

from bus import topics
from bus.reading.offsets import TopicPartition
from catalogue.envelope import changelog_key
from connectors import postgres
from proofs.reconcile.changes import PublishedState, ScannedChanges, Values
from proofs.reconcile.decoding import stamp
from proofs.reconcile.expectations import ExpectedCounts, outside
from proofs.reconcile.files import Ledger
from proofs.reconcile.findings import POSTGRES, Findings
from proofs.reconcile.logs import LogRead, ReadLogs
from proofs.reconcile.records import PublishedRecord, named

_EPOCH = "date '1970-01-01'"
# As text: psycopg2's datetimes cost more than all the rest.
_RECORDS = (
    "select subject, item, record_key, (extract(epoch from source_time) * 1000000)::bigint,"
    " (extract(epoch from as_of) * 1000000)::bigint, revision, content_hash from {table}"
)
_VERSION = ("source_time", "as_of", "revision", "content_hash")
_STATES = f"select subject, sequence, hash, as_of - {_EPOCH} from credit_state"
_VALUES = "select subject, {of}, sequence, hash from {table}"
_CHANGES = "select subject, count(*), max(sequence) from credit_change group by subject"
_LOG = "select partition, count(*), max(position) from {table} group by partition"
_ROWS_NOT_TAKEN = "select submission_id, count(*) from {table} group by submission_id"
_SUBMISSIONS = "select submission_id, rows, accepted, rejected, unresolved, duplicates, state from submission"
TOPICS = (
    topics.SUBMISSION,
    topics.RECORD,
    topics.PERSON_RECORD,
    topics.STATE,
    topics.INDICATOR,
    topics.RATING,
    topics.LIST,
    topics.CHANGE,
    topics.RELEASE,
    topics.AUDIT,
)
LOG_TABLES = {topics.RELEASE: "release_log", topics.AUDIT: "audit"}
"""The tables that have a row for each message of a topic."""


class DatabaseSnapshot:
    """One snapshot of the tables and of the positions that were committed with them."""

    def __init__(self, connection: Any, prefix: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self.positions: dict[TopicPartition, int] = {}
        if self._value("select to_regclass('sink_position')") is not None:
            with connection.cursor() as cursor:
                cursor.execute("select topic, partition, next_offset from sink_position")
                for topic, partition, offset in cursor.fetchall():
                    if topic.startswith(prefix):
                        self.positions[TopicPartition(topic.removeprefix(prefix), partition)] = offset

    @property
    def began(self) -> bool:
        """Whether the sink ever wrote; before that there may be no tables."""
        return bool(self.positions)

    def of(self, topic: str) -> dict[int, int]:
        """Return the next offset of each partition of a topic."""
        return {partition: offset for (name, partition), offset in self.positions.items() if name == topic}

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, without all of them in memory."""
        if not self.began:
            return
        with self._connection.cursor(name="reconcile") as cursor:
            cursor.itersize = 20_000
            cursor.execute(query)
            yield from cursor

    def look_up(self, query: str, wanted: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return the rows of a query that joins with ``values %s``, for so many keys."""
        if not wanted:
            return []
        with self._connection.cursor() as cursor:
            rows: list[tuple[Any, ...]] = execute_values(cursor, query, wanted, page_size=1000, fetch=True)
        return rows

    def _value(self, query: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]


@contextmanager
def snapshot(dsn: str, prefix: str) -> Iterator[DatabaseSnapshot]:
    """Open a snapshot of the database; raises SinkUnavailable when it does not answer."""
    with postgres.snapshot(dsn) as connection:
        yield DatabaseSnapshot(connection, prefix)


def compare_records(
    database: DatabaseSnapshot, topic: str, table: str, records: Mapping[bytes, PublishedRecord], findings: Findings
) -> None:
    """Compare a table of records with its topic; a row that the topic has a newer message for is pending."""
    read_upto, arrow = database.of(topic), findings.arrow(POSTGRES)
    pending = {key for key, published in records.items() if published.offset >= read_upto.get(published.partition, 0)}
    arrow.entered += len(records)
    arrow.pending += len(pending)
    matched = 0
    missing = set(records) - pending if database.began else set()
    for subject, item, key, *version in database.rows(_RECORDS.format(table=table)):
        name = changelog_key(subject, item, key)
        published = records.get(name)
        if published is None:
            findings.differ(POSTGRES, table, f"a row that the topic has not: {named(name)}")
        elif name not in pending:
            matched += 1
            missing.discard(name)
            if published.stamp != stamp(dict(zip(_VERSION, version, strict=True))):
                findings.differ(POSTGRES, table, f"another version: {named(name)}")
    arrow.merged += matched
    for name in sorted(missing):
        findings.differ(POSTGRES, table, f"no row of {topic}/{records[name].partition}: {named(name)}")


def compare_states(database: DatabaseSnapshot, states: Mapping[str, PublishedState], findings: Findings) -> None:
    """Compare the table of states with its topic."""
    read_upto, arrow = database.of(topics.STATE), findings.arrow(POSTGRES)
    pending = {s for s, published in states.items() if published.offset >= read_upto.get(published.partition, 0)}
    arrow.entered += len(states)
    arrow.pending += len(pending)
    missing = set(states) - pending if database.began else set()
    for subject, sequence, digest, as_of in database.rows(_STATES):
        published = states.get(subject)
        if published is None:
            findings.differ(POSTGRES, "credit_state", f"a row that the topic has not: {subject}")
        elif subject not in pending:
            arrow.merged += 1
            missing.discard(subject)
            if published[:3] != (sequence, digest, as_of):
                findings.differ(POSTGRES, "credit_state", f"another state: {subject}")
    for subject in sorted(missing):
        findings.differ(POSTGRES, "credit_state", f"no row of {topics.STATE}/{states[subject].partition}: {subject}")


def compare_values(
    database: DatabaseSnapshot, values: Values, findings: Findings, topic: str, table: str, of: str
) -> None:
    """Compare the table of indicators, of ratings or of lists with its topic; ``of``: the second column of its key."""
    read_upto, arrow = database.of(topic), findings.arrow(POSTGRES)
    pending = {key for key, told in values.items() if told.offset >= read_upto.get(told.partition, 0)}
    arrow.entered += len(values)
    arrow.pending += len(pending)
    missing = set(values) - pending if database.began else set()
    for subject, item, sequence, digest in database.rows(_VALUES.format(table=table, of=of)):
        told, name = values.get((subject, item)), f"{subject} {item}"
        if told is None:
            findings.differ(POSTGRES, table, f"a row that the topic has not: {name}")
        elif (subject, item) not in pending:
            arrow.merged += 1
            missing.discard((subject, item))
            if told[:2] != (sequence, digest):
                findings.differ(POSTGRES, table, f"other values: {name}")
    for key in sorted(missing):
        where = f"{topic}/{values[key].partition}"
        findings.differ(POSTGRES, table, f"no row of {where}: {' '.join(key)}")


def compare_changes(database: DatabaseSnapshot, changes: ScannedChanges, findings: Findings) -> None:
    """Compare the table of changes with what it has read of its topic."""
    arrow = findings.arrow(POSTGRES)
    arrow.entered += sum(changes.written.values()) + changes.unread
    arrow.pending += changes.unread
    missing = dict(changes.written)
    for subject, count, last in database.rows(_CHANGES):
        arrow.merged += count
        expected, end = missing.pop(subject, 0), changes.written_to.get(subject, 0)
        where = f"credit_change of {topics.CHANGE}/{changes.partition.get(subject, '?')}"
        if count != expected:
            findings.differ(POSTGRES, where, f"{subject}: {expected} changes, {count} rows", abs(count - expected))
        elif last != end:
            findings.differ(POSTGRES, where, f"{subject}: the changes end at {end}, the rows at {last}")
    for subject, expected in missing.items():
        where = f"credit_change of {topics.CHANGE}/{changes.partition[subject]}"
        findings.differ(POSTGRES, where, f"{subject}: {expected} changes, no row", expected)


def compare_logs(database: DatabaseSnapshot, logs: ReadLogs, findings: Findings) -> None:
    """Compare the tables that have a row for each message with what they have read of their topics."""
    arrow = findings.arrow(POSTGRES)
    for topic, table in LOG_TABLES.items():
        rows = {partition: (count, last) for partition, count, last in database.rows(_LOG.format(table=table))}
        read = {key.partition: log for key, log in logs.items() if key.topic == topic}
        for partition in sorted(rows.keys() | read.keys()):
            (count, last), log = rows.get(partition, (0, -1)), read.get(partition, LogRead())
            arrow.entered += log.written + log.unread
            arrow.pending += log.unread
            arrow.merged += count
            where = f"{table} of {topic}/{partition}"
            if count != log.written:
                text = f"{log.written} messages, {count} rows"
                findings.differ(POSTGRES, where, text, abs(count - log.written))
            elif last != log.last:
                findings.differ(POSTGRES, where, f"the messages end at {log.last}, the rows at {last}")


def compare_submissions(database: DatabaseSnapshot, ledger: Ledger, findings: Findings) -> None:
    """Compare the table of submissions with the ledger."""
    read_upto, arrow = database.of(topics.SUBMISSION), findings.arrow(POSTGRES)
    pending = {
        name for name, progress in ledger.items() if progress["offset"] >= read_upto.get(progress["partition"], 0)
    }
    arrow.entered += len(ledger)
    arrow.pending += len(pending)
    missing = set(ledger) - pending if database.began else set()
    names = ("rows", "accepted", "rejected", "unresolved", "duplicates", "state")
    for submission, *values in database.rows(_SUBMISSIONS):
        progress = ledger.get(submission)
        if progress is None:
            findings.differ(POSTGRES, "submission", f"a row that the ledger has not: {submission}")
        elif submission not in pending:
            arrow.merged += 1
            missing.discard(submission)
            if [progress[name] for name in names] != values:
                findings.differ(POSTGRES, "submission", f"other counts: {submission}")
    for submission in sorted(missing):
        findings.differ(POSTGRES, "submission", f"no row: {submission}")


def compare_rows_not_taken(
    database: DatabaseSnapshot, topic: str, table: str, expected: ExpectedCounts, findings: Findings
) -> None:
    """Compare a table of rows that were not taken with its topic, by submission."""
    arrow = findings.arrow(POSTGRES)
    arrow.entered += expected.total
    arrow.pending += expected.total - sum(expected.least.values())
    counts = dict(database.rows(_ROWS_NOT_TAKEN.format(table=table)))
    for submission in sorted(expected.partition.keys() | counts.keys()):
        count, low, high = counts.get(submission, 0), expected.least[submission], expected.most[submission]
        arrow.merged += min(count, low)
        off = outside(count, low, high)
        if off:
            text = f"submission {submission}: {high} rows of {topic}, {count} in the table"
            findings.differ(POSTGRES, table, text, off)
