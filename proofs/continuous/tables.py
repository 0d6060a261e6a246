"""The arrow to PostgreSQL: what its sink read since the proven moment, looked up row by row in one snapshot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bus import topics
from catalogue.envelope import changelog_key
from connectors import postgres
from proofs.continuous.moment import ProvenMoment
from proofs.reconcile.database import LOG_TABLES, DatabaseSnapshot
from proofs.reconcile.decoding import stamp
from proofs.reconcile.findings import POSTGRES
from proofs.reconcile.records import named

POSTGRES_TOPICS = (
    topics.SUBMISSION, topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.INDICATOR, topics.RATING,
    topics.LIST, topics.CHANGE, topics.REJECTED, topics.UNRESOLVED, *LOG_TABLES,
)  # fmt: skip
_LOCK_S, _STATEMENT_S = 3, 60
_EPOCH = "date '1970-01-01'"
_RECORDS = (
    "select t.subject, t.item, t.record_key, (extract(epoch from t.source_time) * 1000000)::bigint,"
    " (extract(epoch from t.as_of) * 1000000)::bigint, t.revision, t.content_hash"
    " from {table} t join (values %s) as wanted (subject, item, record_key) using (subject, item, record_key)"
)
_VERSION = ("source_time", "as_of", "revision", "content_hash")
_STATES = (
    f"select t.subject, t.sequence, t.hash, t.as_of - {_EPOCH} from credit_state t"
    " join (values %s) as wanted (subject) using (subject)"
)
_VALUES = (
    "select t.subject, t.item, t.sequence, t.hash from credit_indicator t"
    " join (values %s) as wanted (subject, item) using (subject, item)"
)
_RATINGS = (
    "select t.subject, t.model, t.sequence, t.hash from credit_rating t"
    " join (values %s) as wanted (subject, model) using (subject, model)"
)
_LISTS = (
    "select t.subject, t.list, t.sequence, t.hash from credit_list t"
    " join (values %s) as wanted (subject, list) using (subject, list)"
)
_CHANGES = (
    "select wanted.subject, count(t.sequence), max(t.sequence) from (values %s) as wanted (subject, first)"
    " left join credit_change t on t.subject = wanted.subject and t.sequence >= wanted.first group by wanted.subject"
)
_LOG = (
    "select t.partition, t.position from {table} t"
    " join (values %s) as wanted (partition, position) using (partition, position)"
)
_COUNTS = ("rows", "accepted", "rejected", "unresolved", "duplicates", "state")
_SUBMISSIONS = (
    f"select t.submission_id, {', '.join(f't.{name}' for name in _COUNTS)} from submission t"
    " join (values %s) as wanted (submission_id) using (submission_id)"
)
_REJECTED = (
    "select t.submission_id, t.row, t.source_topic, t.source_partition, t.source_offset from rejected t"
    " join (values %s) as wanted (submission_id, row, source_topic, source_partition, source_offset)"
    " using (submission_id, row, source_topic, source_partition, source_offset)"
)
_UNRESOLVED = (
    "select t.unit, t.submission_id, t.row, t.state from unresolved t join (values %s)"
    " as wanted (unit, submission_id, row) using (unit, submission_id, row)"
)


@contextmanager
def bounded_snapshot(dsn: str, prefix: str) -> Iterator[DatabaseSnapshot]:
    """Open a snapshot that waits for no lock for long; raises SinkUnavailable, which names who holds the lock."""
    with postgres.bounded_snapshot(dsn, lock_s=_LOCK_S, statement_s=_STATEMENT_S) as connection:
        yield DatabaseSnapshot(connection, prefix)


class TableRows:
    """One window of the arrow: the newest message of each key below the sink's positions."""

    def __init__(self, moment: ProvenMoment) -> None:
        self._moment = moment
        self._records: dict[str, dict[tuple[str, ...], bytes]] = {"credit_record": {}, "person_record": {}}
        self._states: dict[str, tuple[Any, ...]] = {}
        self._values: dict[tuple[str, str], tuple[int, str]] = {}
        self._ratings: dict[tuple[str, str], tuple[int, str]] = {}
        self._lists: dict[tuple[str, str], tuple[int, str]] = {}
        self._changes: dict[str, tuple[int, int]] = {}  # first and last sequence
        self._submissions: dict[str, list[Any]] = {}
        self._rejected: set[tuple[Any, ...]] = set()
        self._unresolved: dict[tuple[Any, ...], str] = {}
        self._logs: dict[str, list[tuple[int, int]]] = {topic: [] for topic in LOG_TABLES}

    def take_record(self, topic: str, value: Mapping[str, Any]) -> None:
        """Take a record."""
        table = self._records["credit_record" if topic == topics.RECORD else "person_record"]
        table[value["subject"], value["item"], value["record_key"]] = stamp(value)

    def take_place(self, topic: str, partition: int, offset: int) -> None:
        """Take a message of a topic that has a row for each."""
        self._logs[topic].append((partition, offset))

    def take(self, topic: str, value: Mapping[str, Any]) -> None:
        """Take a message of another topic."""
        match topic:
            case topics.STATE:
                self._states[value["subject"]] = (value["sequence"], value["hash"], value["as_of"])
            case topics.INDICATOR:
                self._values[value["subject"], value["item"]] = (value["sequence"], value["hash"])
            case topics.RATING:
                self._ratings[value["subject"], value["model"]] = (value["sequence"], value["hash"])
            case topics.LIST:
                self._lists[value["subject"], value["list"]] = (value["sequence"], value["hash"])
            case topics.CHANGE:
                first, _ = self._changes.get(value["subject"], (value["sequence"], 0))
                self._changes[value["subject"]] = (first, value["sequence"])
            case topics.SUBMISSION:
                self._submissions[value["submission_id"]] = [value[name] for name in _COUNTS]
            case topics.REJECTED:
                source = (value["source_topic"] or "", _or_none(value["source_partition"]))
                self._rejected.add((value["submission_id"], value["row"], *source, _or_none(value["source_offset"])))
            case topics.UNRESOLVED:
                self._unresolved[value["unit"], value["submission_id"], value["row"]] = value["state"]

    def settle(self, database: DatabaseSnapshot) -> None:
        """Compare the window with the rows of the snapshot; raises what the database raises."""
        found = [*self._off_records(database), *self._off_states(database),
                 *self._off_values(database, _VALUES, "credit_indicator", self._values),
                 *self._off_values(database, _RATINGS, "credit_rating", self._ratings),
                 *self._off_values(database, _LISTS, "credit_list", self._lists),
                 *self._off_changes(database), *self._off_submissions(database), *self._off_rows(database),
                 *self._off_logs(database)]  # fmt: skip
        # All or nothing: a look-up that fails is made again with the next pass, from the same positions.
        for table, what in found:
            self._moment.differ(POSTGRES, table, what)

    def _off_records(self, database: DatabaseSnapshot) -> Iterator[tuple[str, str]]:
        for table, wanted in self._records.items():
            rows = {
                tuple(row[:3]): stamp(dict(zip(_VERSION, row[3:], strict=True)))
                for row in database.look_up(_RECORDS.format(table=table), list(wanted))
            }
            for key, version in wanted.items():
                name = named(changelog_key(*key))
                if key not in rows:
                    yield table, f"no row: {name}"
                elif rows[key] != version:
                    yield table, f"another version: {name}"

    def _off_states(self, database: DatabaseSnapshot) -> Iterator[tuple[str, str]]:
        rows = {row[0]: tuple(row[1:]) for row in database.look_up(_STATES, [(s,) for s in self._states])}
        for subject, state in self._states.items():
            if rows.get(subject) != state:
                yield "credit_state", f"{'another state' if subject in rows else 'no row'}: {subject}"

    def _off_values(
        self, database: DatabaseSnapshot, query: str, table: str, wanted: Mapping[tuple[str, str], tuple[int, str]]
    ) -> Iterator[tuple[str, str]]:
        rows = {tuple(row[:2]): tuple(row[2:]) for row in database.look_up(query, list(wanted))}
        for key, told in wanted.items():
            if rows.get(key) != told:
                yield table, f"{'other values' if key in rows else 'no row'}: {' '.join(key)}"

    def _off_changes(self, database: DatabaseSnapshot) -> Iterator[tuple[str, str]]:
        wanted = [(subject, first) for subject, (first, _) in self._changes.items()]
        for subject, count, last in database.look_up(_CHANGES, wanted):
            first, end = self._changes[subject]
            if (count, last) != (end - first + 1, end):
                yield "credit_change", f"{subject}: changes {first} to {end}, {count} rows that end at {last}"

    def _off_submissions(self, database: DatabaseSnapshot) -> Iterator[tuple[str, str]]:
        rows = {row[0]: list(row[1:]) for row in database.look_up(_SUBMISSIONS, [(s,) for s in self._submissions])}
        for submission, counts in self._submissions.items():
            if rows.get(submission) != counts:
                yield "submission", f"{'other counts' if submission in rows else 'no row'}: {submission}"

    def _off_rows(self, database: DatabaseSnapshot) -> Iterator[tuple[str, str]]:
        there = {tuple(row) for row in database.look_up(_REJECTED, list(self._rejected))}
        for submission, number, *_ in sorted(self._rejected - there):
            yield "rejected", f"no row: {submission} row {number}"
        states = {tuple(row[:3]): row[3] for row in database.look_up(_UNRESOLVED, list(self._unresolved))}
        for key, state in self._unresolved.items():
            if states.get(key) != state:
                yield "unresolved", f"{'another state' if key in states else 'no row'}: {key[1]} row {key[2]}"

    def _off_logs(self, database: DatabaseSnapshot) -> Iterator[tuple[str, str]]:
        for topic, table in LOG_TABLES.items():
            there = {tuple(row) for row in database.look_up(_LOG.format(table=table), self._logs[topic])}
            for partition, offset in self._logs[topic]:
                if (partition, offset) not in there:
                    yield table, f"no row: {topic}/{partition}@{offset}"


def _or_none(number: int | None) -> int:
    # As the table has it: part of the key, where PostgreSQL allows no null.
    return -1 if number is None else number
