"""Rows in, messages out: what one row of a submission becomes, and what is counted of it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bus.avro.encoding import Encoder, EventEncoder
from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from bus.topics import REJECTED, SUBMISSION, UNRESOLVED
from catalogue import avro, wire
from catalogue.envelope import Channel, Envelope, Op
from catalogue.errors import FileRefused
from catalogue.model import FieldType, Item, Send, Sensitivity
from catalogue.times import SHANGHAI
from connectors.files.tables import Cell
from producers.submissions.event_history import Key, Lift
from producers.submissions.ledger import Submission
from producers.submissions.row_index import Seen
from producers.submissions.snapshot_withdrawals import Unread, withdrawal
from producers.tables.detail_sheets import StrayDetail
from producers.tables.headers import Recognised
from producers.tables.identity import (
    NotYet,
    compile_key,
    content_hash,
    period_of,
    plain,
    source_time,
    written_period,
)
from producers.tables.rows import OTHER_CODE, Problem, Row, added_title, compile_row
from producers.tables.seal import compile_seal, subject_of
from producers.tables.values import as_text, is_empty

# 增删改标志: what a row does, and how far its revision is above that of a row which only adds.
_FLAGS: Mapping[str, tuple[Op, int]] = {
    **dict.fromkeys(("", "增", "增加", "新增", "A", "ADD", "I", "INSERT", "C", "CREATE"), (Op.REPORT, 0)),
    **dict.fromkeys(("改", "修改", "变更", "更新", "U", "UPDATE", "M", "MODIFY"), (Op.REPORT, 1)),
    **dict.fromkeys(("删", "删除", "撤销", "D", "DELETE"), (Op.WITHDRAW, 2)),
}
# So many revisions has a submission: a row flagged 改 or 删 wins over one that adds, whatever arrives first, every
# further row of the same record and time over those above it, and the next correction over all of them.
REVISION_STEPS = 1 << 10
# How a record's row is remembered: 48 bits of its content's hash, and its step + 1, lest that be 0.
_STEP_BITS = 16
_MOST_STEPS = (1 << _STEP_BITS) - 1
# A broker takes a megabyte a message. What is set aside is cut to fit, at three bytes a character.
_LONGEST_EVENT_BYTES = 900_000
_LONGEST_ASIDE_CHARS, _LONGEST_SHOWN_CHARS = 150_000, 1000
# The name under which a sealed row says that it was cut.
CUT = "…"


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
class Message:
    """One message to send: topic without prefix, key, value."""

    topic: str
    key: str
    value: bytes


class Sender:
    """Turns the rows of one table into messages, and counts them."""

    def __init__(self, registry: Registry, cipher: Cipher, sub: Submission, item: Item, seen: Recognised) -> None:
        self._cipher, self._sub, self.item, self._seen = cipher, sub, item, seen
        self._topic = avro.topic(item.category)
        self._event = EventEncoder(registry, self._topic, avro.event_schema(item))
        self._rejected = Encoder(registry, REJECTED, wire.REJECTED)
        self._unresolved = Encoder(registry, UNRESOLVED, wire.UNRESOLVED)
        self._progress = Encoder(registry, SUBMISSION, wire.SUBMISSION)
        self._read = compile_row(item, seen.columns, seen.extra, int(sub.period[:4]) if sub.period else None)
        self._key, self._seal = compile_key(cipher, item), compile_seal(cipher, item)
        name = item.subject.name
        self._name = name if name and not item.about_persons and not item.field(name).encrypted else None
        self._replaces_set = item.send is Send.SET and sub.mode != "INCREMENTAL"
        self._flagged = "op_flag" in seen.extra.values() and not self._replaces_set
        # The content of each record's row, and its revision step: of the first one, with 增删改标志 of the latest.
        self._rows_seen = Seen()
        self._conflicting: set[int] = set()
        self._today = datetime.now(SHANGHAI).date()
        self._lifts: dict[Key, Lift] = {}
        self.unread, self.periods = Unread(), set[str | None]()
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
        if isinstance(cells, StrayDetail):
            return True, self._reject(row, cells, [_without_main_row(cells.sheet)], progress)
        flag = _FLAGS.get((row.op_flag or "").strip().upper())
        if flag is None:
            row.problems.append(
                Problem("", added_title("op_flag"), "UNKNOWN_FLAG", "看不懂所填的标志", "请填写 增、改 或 删")
            )
        width = self._seen.width
        if len(cells) > width and self._sub.sheet is None and not all(map(is_empty, cells[width:])):
            # A comma inside of a value that has no quotes: all behind it stand in wrong columns.
            row.problems.append(
                Problem("", "", "TOO_MANY_CELLS", "这一行的格数比表头多", "内容里有逗号的格，请加引号后重新报送")
            )
        if row.unresolved:
            first = row.problems[0]
            reason = "OLD_CODE" if first.code == OTHER_CODE else first.code
            return True, self._wait(row, cells, progress, reason, first.message)
        if flag is None or row.problems:
            return True, self._reject(row, cells, row.problems, progress)
        subject = subject_of(self._cipher, self.item, row.values)
        if subject is None:
            if self.item.subject.person is not None:
                where = self._titles((self.item.subject.person,))
                missing = Problem(self.item.subject.person, where, "REQUIRED", "没有证件号码", "请填写证件号码")
                return True, self._reject(row, cells, [missing], progress)
            old = any(row.values.get(code) for code in self.item.subject.codes)
            text = "只有旧的登记号码，尚未对应到统一社会信用代码" if old else "没有统一社会信用代码，尚不能确定主体"
            return True, self._wait(row, cells, progress, "OLD_CODE" if old else "NO_CODE", text)
        try:
            return True, self._accept(row, cells, subject, flag, progress)
        except NotYet as exc:
            where = self._titles((exc.field,))
            early = Problem("", where, "NOT_YET", f"“{where}”晚于今天", "请核对年份；之后的更正会被晚的日期盖住")
            return True, self._reject(row, cells, [early], progress)
        except (FileRefused, ValueError):
            where = self._titles((*self.item.source_time, *self.item.reporting_period))
            late = Problem("", where, "NO_TIME", "这一行没有可用的日期或所属期", "请填写日期或所属期")
            return True, self._reject(row, cells, [late], progress)

    def _titles(self, names: Sequence[str]) -> str:
        """Return the titles of some fields or added columns, as the file has them where it does."""
        shown = {c.field.name: c.title for c in self._seen.columns.values()}
        known = {f.name: f.zh for f in self.item.fields}
        return "、".join(dict.fromkeys(shown.get(n) or known.get(n) or added_title(n) for n in names))

    def _accept(
        self, row: Row, cells: Sequence[Cell], subject: str, flag: tuple[Op, int], progress: Progress
    ) -> Message | None:
        sub, item, (op, step) = self._sub, self.item, flag
        declared = (written_period(row.period) if row.period else None) or sub.period
        period = period_of(item, row.values, declared)
        at = source_time(item, row.values, period, (row.data_date, sub.data_date), self._today)
        key = self._key(row.values, period)
        if sub.mode == "FULL":
            self.periods.add(period)
        content = content_hash(self._cipher, row.values, op)
        following = self._following((subject, key, at), content, step, progress)
        if following is None:
            progress.duplicates += 1
            return None
        value = {
            "event_id": f"{sub.id}:{row.row_no:08d}",
            "item": item.id,
            "op": op.value,
            "record_key": key,
            "period": period,
            "source_time": at,
            "revision": self._revision((subject, key), at, following),
            "content_hash": content,
            "reported_at": datetime.now(UTC),
            "unit": sub.unit,
            "region": row.region or sub.region,
            "channel": Channel.FILE.value,
            "submission_id": sub.id,
            "row": row.row_no,
            "subject": subject,
            "subject_name": (plain(row.values.get(self._name)) or None) if self._name else None,
            "replaces_set": self._replaces_set,
        }
        message = Message(self._topic, subject, self._event(value, self._seal(row.values)))
        if len(message.value) > _LONGEST_EVENT_BYTES:
            widest = max(self._seen.columns.items(), key=lambda at: len(str(cells[at[0]])) if at[0] < len(cells) else 0)
            where = widest[1].title
            long = Problem(
                "", where, "TOO_LONG", "这一行太长，超过一条消息所能容纳的长度", "请缩短过长的文字后重新报送"
            )
            return self._reject(row, cells, [long], progress)
        progress.accepted += 1
        for name in self._money:
            amount = row.values.get(name)
            if isinstance(amount, Decimal):
                progress.totals[name] = progress.totals.get(name, Decimal(0)) + amount
        return message

    def _following(self, record: tuple[object, ...], content: str, step: int, progress: Progress) -> int | None:
        """Return the revision step of a row after the rows above it; None when it repeats one of them."""
        version, whole = hash(record), hash((record, content))
        held = self._rows_seen.get(version)
        if held and held >> _STEP_BITS == _content_bits(whole):
            return None
        if held and not self._flagged:
            if whole in self._conflicting:
                return None
            self._conflicting.add(whole)
            progress.conflicts += 1
            return step
        if held:
            # Such rows tell a history: each comes after the one above it of the same record.
            step = max(step, held & _MOST_STEPS)
            if step >= REVISION_STEPS:
                step = REVISION_STEPS - 1
                progress.conflicts += 1
        self._rows_seen.put(version, _content_bits(whole) << _STEP_BITS | step + 1)
        return step

    def lift(self, lifts: Mapping[Key, Lift]) -> None:
        """Take note, before any row, of the records that whole lists withdrew: they return above their withdrawal."""
        if not self._replaces_set:
            self._lifts = dict(lifts)
            return
        for (subject, _), lift in lifts.items():
            # The rows of a set share one revision, lest the higher of them leave the others behind.
            self._lifts[(subject, "")] = max(self._lifts.get((subject, ""), lift), lift)

    def _revision(self, key: Key, at: datetime, step: int) -> int:
        step = 0 if self._replaces_set else step
        revision = REVISION_STEPS * self._sub.revision
        lift = self._lifts.get((key[0], "") if self._replaces_set else key) if self._lifts else None
        if lift is not None and lift.source_time == at:
            revision = max(revision, lift.revision + (lift.withdrawn or self._sub.correction))
        return revision + step

    def withdraw(self, gone: Envelope, progress: Progress) -> Message:
        """Return the message that withdraws a record which a whole list leaves out."""
        progress.withdrawn += 1
        return Message(self._topic, gone.subject, self._event(withdrawal(self._sub, gone), None))

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
        if sub.mode == "FULL":
            subject = subject_of(self._cipher, self.item, row.values)
            if subject is None:
                self.unread.rows += 1
            else:
                self.unread.subjects.add(subject)
        masked: dict[str, str] = {}
        raw: list[tuple[str, str]] = []
        for index, column in self._seen.columns.items():
            cell = cells[index] if index < len(cells) else None
            if cell is None:
                continue
            text = as_text(cell)
            raw.append((column.title, text))
            f = column.field
            # A cell that its column does not understand may hold anything, a person's number too.
            clear = f.sensitivity is Sensitivity.PUBLIC and not f.public_when and f.name not in bad
            masked[column.title] = text[:_LONGEST_SHOWN_CHARS] if clear and not self.item.about_persons else "***"
        for index, name in self._seen.extra.items():
            if index < len(cells) and cells[index] is not None:
                raw.append((name, as_text(cells[index])))
        if sum(len(text) for _, text in raw) > _LONGEST_ASIDE_CHARS:
            raw = [(name, text[: _LONGEST_ASIDE_CHARS // len(raw)]) for name, text in raw] + [(CUT, CUT)]
        return {
            "submission_id": sub.id,
            "row": row.row_no,
            "unit": sub.unit,
            "region": sub.region,
            "item": sub.item,
            "file_name": sub.file_name,
            "sheet": sub.sheet,
            "masked": masked,
            "sealed": self._cipher.close(json.dumps(raw, ensure_ascii=False).encode(), f"{sub.item}.raw"),
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


def _content_bits(whole: int) -> int:
    return whole & (1 << 64 - _STEP_BITS) - 1


def _without_main_row(sheet: str) -> Problem:
    return Problem(
        "",
        sheet,
        "NO_MAIN_ROW",
        f"“{sheet}”中的这一行，主表里没有对应的记录",
        "请核对户号、统一社会信用代码，或在主表中补上",
    )


def _refuse_timeless(item: Item, sub: Submission, seen: Recognised) -> None:
    """Refuse a file whole, before anything is sent, when no row of it could have a time."""
    present = {c.field.name for c in seen.columns.values()} | set(seen.extra.values())
    if item.period_declared and not sub.period and "period" not in present:
        raise FileRefused(f"“{item.zh}”的表中没有所属期。", remedy="请用 --period 说明，例如 --period 2025-03。")
    timed = {*item.source_time, *item.reporting_period, "data_date", "period"} & present
    if not timed and not sub.period and sub.data_date is None:
        source_time(item, {}, None, (), date.min)
