"""Send one table: rows in, events out, each chunk and its progress in one Kafka transaction.

A push that was killed leaves either a whole chunk with its progress or nothing of it, so that the next run goes
on at ``next_row`` and every event appears exactly once.
"""

import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from confluent_kafka import KafkaException, Producer

from bus.cipher import Cipher
from bus.codec import Encoder, EventEncoder, Registry
from bus.config import BusConfig, producer_settings
from bus.topics import REJECTED, SUBMISSION, UNRESOLVED
from catalogue import avro, wire
from catalogue.envelope import Channel, Op
from catalogue.errors import FileRefused, Unavailable
from catalogue.model import FieldType, Item, Sensitivity
from connectors.tables import Cell
from producers.headers import Recognised
from producers.identity import compile_key, content_hash, period_of, plain, source_time, written_period
from producers.rows import Problem, Row, compile_row
from producers.seal import compile_seal, subject_of
from producers.submission import LedgerReader, Submission

_WRITTEN_DATE = re.compile(r"(?<!\d)(20\d{2})(?:[-./年](\d{1,2})[-./月](\d{1,2})|(\d{2})(\d{2}))(?!\d)")

CHUNK_ROWS = 5000
CHUNK_SECONDS = 1.0
_WITHDRAWN = frozenset({"删", "删除", "D", "DELETE", "撤销"})
_TIMEOUT_S = 60.0


@dataclass(slots=True)
class Progress:
    """The counts of a submission; ``next_row`` counts data rows from 0, empty rows not among them."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    unresolved: int = 0
    duplicates: int = 0
    conflicts: int = 0
    withdrawn: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a push; ``reasons`` are (column, message, remedy, rows, first row numbers)."""

    submission: Submission
    progress: Progress
    state: str
    recognised: bool = False  # completed before: nothing was sent
    reasons: tuple[tuple[str, str, str, int, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send: topic without prefix, key, value."""

    topic: str
    key: str
    value: bytes


class Sender:
    """Turns the rows of one table into messages, and counts them."""

    def __init__(self, registry: Registry, cipher: Cipher, sub: Submission, item: Item, seen: Recognised) -> None:
        self._cipher, self._sub, self._item, self._seen = cipher, sub, item, seen
        self._topic = avro.topic(item.category)
        self._event = EventEncoder(registry, self._topic, avro.event_schema(item))
        self._rejected = Encoder(registry, REJECTED, wire.REJECTED)
        self._unresolved = Encoder(registry, UNRESOLVED, wire.UNRESOLVED)
        self._progress = Encoder(registry, SUBMISSION, wire.SUBMISSION)
        self._read = compile_row(item, seen.columns, seen.extra, int(sub.period[:4]) if sub.period else None)
        self._key, self._seal = compile_key(cipher, item), compile_seal(cipher, item)
        self._rows_seen: set[int] = set()
        self._versions_seen: set[int] = set()
        self._money = [f.name for f in item.fields if f.type is FieldType.MONEY and f.sensitivity.value != "personal"]
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        self.reason_rows: dict[tuple[str, str, str], list[int]] = {}
        _refuse_timeless(item, sub, seen)

    def take(self, row_no: int, cells: Sequence[Cell], progress: Progress) -> tuple[bool, Message | None]:
        """Return (whether the row says anything, its message); None for a duplicate."""
        row = self._read(row_no, cells)
        if row is None:
            return False, None
        progress.rows += 1
        if row.natural_person:
            return True, self._wait(row, cells, progress, "NATURAL_PERSON", row.problems[0].message)
        if row.problems:
            return True, self._reject(row, cells, row.problems, progress)
        subject = subject_of(self._cipher, self._item, row.values)
        if subject is None:
            if self._item.subject.person is not None:
                missing = Problem(self._item.subject.person, "", "REQUIRED", "没有证件号码", "请填写证件号码")
                return True, self._reject(row, cells, [missing], progress)
            old = any(row.values.get(code) for code in self._item.subject.codes)
            text = "只有旧的登记号码，尚未对应到统一社会信用代码" if old else "没有统一社会信用代码，尚不能确定主体"
            return True, self._wait(row, cells, progress, "OLD_CODE" if old else "NO_CODE", text)
        try:
            return True, self._accept(row, subject, progress)
        except (FileRefused, ValueError):
            late = Problem("", "", "NO_TIME", "这一行没有可用的日期或所属期", "请填写日期或所属期")
            return True, self._reject(row, cells, [late], progress)

    def _accept(self, row: Row, subject: str, progress: Progress) -> Message | None:
        sub, item, cipher = self._sub, self._item, self._cipher
        op = Op.WITHDRAW if (row.op_flag or "").upper() in _WITHDRAWN else Op.REPORT
        declared = (written_period(row.period) if row.period else None) or sub.period
        period = period_of(item, row.values, declared)
        at = source_time(item, row.values, period, (row.data_date, sub.data_date))
        key = self._key(row.values, period)
        content = content_hash(cipher, row.values, op)
        version = hash((subject, key, at))
        whole = hash((subject, key, at, content))
        if whole in self._rows_seen:
            progress.duplicates += 1
            return None
        self._rows_seen.add(whole)
        if version in self._versions_seen:
            progress.conflicts += 1
        self._versions_seen.add(version)
        progress.accepted += 1
        for name in self._money:
            amount = row.values.get(name)
            if isinstance(amount, Decimal):
                progress.totals[name] = progress.totals.get(name, Decimal(0)) + amount
        name_field = item.subject.name
        named = name_field and not item.about_persons and not item.field(name_field).encrypted
        value = {
            "event_id": f"{sub.id}:{row.row_no:08d}",
            "item": item.id,
            "op": op.value,
            "record_key": key,
            "period": period,
            "source_time": at,
            "revision": sub.revision,
            "content_hash": content,
            "reported_at": datetime.now(UTC),
            "unit": sub.unit,
            "region": row.region or sub.region,
            "channel": Channel.FILE.value,
            "submission_id": sub.id,
            "row": row.row_no,
            "subject": subject,
            "subject_name": (plain(row.values.get(name_field)) or None) if named and name_field else None,
            "replaces_set": sub.mode == "SET",
        }
        return Message(self._topic, subject, self._event(value, self._seal(row.values)))

    def _reject(self, row: Row, cells: Sequence[Cell], problems: Sequence[Problem], progress: Progress) -> Message:
        progress.rejected += 1
        for p in problems:
            reason = (p.column, p.message, p.remedy)
            self.reasons[reason] += 1
            rows = self.reason_rows.setdefault(reason, [])
            if len(rows) < 10:
                rows.append(row.row_no)
        reasons = [
            {"field": p.field, "column": p.column, "code": p.code, "message": p.message, "remedy": p.remedy}
            for p in problems
        ]
        value = {**self._aside(row, cells), "reasons": reasons, "replay_count": 0, "rejected_at": datetime.now(UTC)}
        return Message(REJECTED, f"{self._sub.id}:{row.row_no:08d}", self._rejected(value))

    def _wait(self, row: Row, cells: Sequence[Cell], progress: Progress, reason: str, text: str) -> Message:
        progress.unresolved += 1
        value = {**self._aside(row, cells), "state": "WAITING", "reason": reason, "message": text}
        value["unresolved_at"] = datetime.now(UTC)
        key = f"{self._sub.unit}:{self._sub.id}:{row.row_no:08d}"
        return Message(UNRESOLVED, key, self._unresolved(value))

    def _aside(self, row: Row, cells: Sequence[Cell]) -> dict[str, Any]:
        sub, bad = self._sub, {p.field for p in row.problems}
        masked: dict[str, str] = {}
        raw: dict[str, str] = {}
        for index, column in self._seen.columns.items():
            cell = cells[index] if index < len(cells) else None
            if cell is None:
                continue
            raw[column.title] = str(cell)
            f = column.field
            # A cell that its column does not understand may hold anything, a person's number too.
            clear = f.sensitivity is Sensitivity.PUBLIC and not f.public_when and f.name not in bad
            masked[column.title] = str(cell) if clear and not self._item.about_persons else "***"
        for index, name in self._seen.extra.items():
            if index < len(cells) and cells[index] is not None:
                raw[name] = str(cells[index])
        text = json.dumps(raw, ensure_ascii=False)
        return {
            "submission_id": sub.id,
            "row": row.row_no,
            "unit": sub.unit,
            "region": sub.region,
            "item": sub.item,
            "file_name": sub.file_name,
            "sheet": sub.sheet,
            "masked": masked,
            "sealed": self._cipher.close(text.encode(), f"{sub.item}.raw"),
        }

    def progress(self, progress: Progress, state: str) -> Message:
        """Return the progress record of the submission."""
        sub = self._sub
        value = {
            "submission_id": sub.id, "state": state, "unit": sub.unit, "region": sub.region, "item": sub.item,
            "period": sub.period, "mode": sub.mode, "data_date": sub.data_date, "correction": sub.correction,
            "channel": Channel.FILE.value, "file_name": sub.file_name, "file_sha256": sub.file_sha256,
            "sheet": sub.sheet, "rows": progress.rows, "accepted": progress.accepted,
            "rejected": progress.rejected, "unresolved": progress.unresolved, "duplicates": progress.duplicates,
            "conflicts": progress.conflicts, "withdrawn": progress.withdrawn, "next_row": progress.rows,
            "control_totals": {k: plain(v) for k, v in progress.totals.items()},
            "opened_at": progress.opened_at, "updated_at": datetime.now(UTC),
        }  # fmt: skip
        return Message(SUBMISSION, sub.id, self._progress(value))


def _refuse_timeless(item: Item, sub: Submission, seen: Recognised) -> None:
    """Refuse a file whole, before anything is sent, when no row of it could have a time."""
    present = {c.field.name for c in seen.columns.values()} | set(seen.extra.values())
    if item.period_declared and not sub.period and "period" not in present:
        raise FileRefused(f"“{item.zh}”的表中没有所属期。", remedy="请用 --period 说明，例如 --period 2025-03。")
    timed = {*item.source_time, *item.reporting_period, "data_date", "period"} & present
    if not timed and not sub.period and sub.data_date is None:
        source_time(item, {}, None, ())


def push_table(
    config: BusConfig,
    sender: Sender,
    submission: Submission,
    rows: Iterable[tuple[int, Sequence[Cell]]],
    ledger: LedgerReader,
    *,
    chunk_rows: int = CHUNK_ROWS,
    on_rows: Callable[[int], None] = lambda n: None,
) -> Receipt:
    """Send the data rows of a table and return the receipt; goes on where an earlier run stopped.

    Raises Unavailable when Kafka is away; what was committed stays, and the same call resumes.
    """
    if (known := ledger.held.get(submission.id)) is not None and known["state"] == "COMPLETED":
        return Receipt(submission, _restored(known), "COMPLETED", recognised=True)
    producer = Producer(
        producer_settings(
            config,
            **{
                "transactional.id": config.topic("push." + submission.id),
                # A killed push hides the ledger's end from the others no longer than this.
                "transaction.timeout.ms": 20_000,
                "linger.ms": 5,
                # A push opens many short-lived clients: a table of a few rows must not wait for the first connection.
                "reconnect.backoff.ms": 5,
                "retry.backoff.ms": 5,
                # A clerk's terminal is no log: what fails is raised, what is retried is nobody's concern.
                "log_level": 2,
            },
        )
    )
    try:
        # First of all: it ends the transaction of a killed run, so that the ledger below is the last word.
        producer.init_transactions(_TIMEOUT_S)
        held = ledger.refresh().get(submission.id)
        done = _restored(held)
        if held is not None and held["state"] == "COMPLETED":
            return Receipt(submission, done, "COMPLETED", recognised=True)
        skip, replay = done.rows, Progress()
        chunk: list[Message] = []
        pending, last = 0, time.monotonic()
        for row_no, cells in rows:
            # Rows already sent are read again for the memory of duplicates alone.
            counts = replay if replay.rows < skip else done
            said, message = sender.take(row_no, cells, counts)
            if not said or counts is replay:
                continue
            pending += 1
            if message is not None:
                chunk.append(message)
            if pending >= chunk_rows or time.monotonic() - last > CHUNK_SECONDS:
                _commit(config, producer, [*chunk, sender.progress(done, "OPEN")])
                on_rows(done.rows)
                chunk, pending, last = [], 0, time.monotonic()
        _commit(config, producer, [*chunk, sender.progress(done, "COMPLETED")])
        on_rows(done.rows)
    except KafkaException as exc:
        raise Unavailable(f"Kafka did not take the push: {exc}.", remedy="Run the same command again.") from exc
    return Receipt(submission, done, "COMPLETED", reasons=commonest(sender))


def commonest(sender: Sender, most: int = 10) -> tuple[tuple[str, str, str, int, tuple[int, ...]], ...]:
    """Return the commonest reasons of this run: column, message, remedy, how many, the first rows."""
    return tuple((*r, n, tuple(sender.reason_rows[r])) for r, n in sender.reasons.most_common(most))


def _commit(config: BusConfig, producer: Producer, messages: Sequence[Message]) -> None:
    producer.begin_transaction()
    try:
        for message in messages:
            producer.produce(config.topic(message.topic), key=message.key.encode(), value=message.value)
        # Fails when a single message was not delivered, and flushes before it.
        producer.commit_transaction(_TIMEOUT_S)
    except BaseException:
        # Left open, it would hide what others commit until its time is over.
        with contextlib.suppress(KafkaException):
            producer.abort_transaction(5)
        raise


def _restored(held: Mapping[str, Any] | None) -> Progress:
    if held is None:
        return Progress()
    names = ("rows", "accepted", "rejected", "unresolved", "duplicates", "conflicts", "withdrawn")
    totals = {k: Decimal(v) for k, v in held["control_totals"].items()}
    return Progress(**{n: held[n] for n in names}, totals=totals, opened_at=held["opened_at"])


def declared_period(option: str | None, hints: Sequence[str], item: Item) -> str | None:
    """Return the period of a submission: --period, else what file name, sheet or title write, where it has one.

    Raises FileRefused for an option that writes no period.
    """
    if option:
        found = written_period(option)
        if found is None:
            raise FileRefused(f"看不懂所属期“{option}”。", remedy="请写作 2025、2025-03 或 2025-Q1。")
        return found
    if not (item.period_declared or item.reporting_period):
        return None
    return next((p for p in map(written_period, hints) if p), None)


def declared_date(option: str | None, hints: Sequence[str]) -> date | None:
    """Return the data date of a submission: --data-date, else the last whole date that title, file or sheet write.

    Raises FileRefused for an option that is no date.
    """
    if option:
        try:
            return date.fromisoformat(option)
        except ValueError as exc:
            raise FileRefused(f"看不懂数据日期“{option}”。", remedy="请写作 2025-03-31。") from exc
    for hint in hints:
        # The last one: 2025-01-01至2025-03-31 is data as of the end.
        for year, *parts in reversed(_WRITTEN_DATE.findall(hint)):
            month, day = (int(part) for part in parts if part)
            with contextlib.suppress(ValueError):
                return date(int(year), month, day)
    return None
