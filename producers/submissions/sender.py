"""Rows in, messages out: what one row of a submission becomes, and what is counted of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from bus.avro.encoding import Encoder, EventEncoder
from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from bus.topics import SUBMISSION
from catalogue import avro, wire
from catalogue.envelope import Op
from catalogue.errors import FileRefused
from catalogue.model import FieldType, Item, Send, Sensitivity
from catalogue.times import SHANGHAI
from connectors.notes import NoteKind, RowNotes
from connectors.tables import Cell
from producers.submissions.declarations import SubmissionMode
from producers.submissions.envelopes import event_envelope
from producers.submissions.messages import OutgoingMessage, row_id
from producers.submissions.name_check import NameCheck
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.refused_rows import RefusedRows
from producers.submissions.revisions import FLAGS, Revisions
from producers.submissions.row_times import RowTimes
from producers.submissions.snapshot_withdrawals import LeftOut, withdrawal
from producers.submissions.submission import Submission
from producers.tables.dates import with_days_from_1904
from producers.tables.detail_sheets import StrayDetail
from producers.tables.headers import RecognisedTable
from producers.tables.identity import (
    TimeAhead,
    compile_key,
    content_hash,
    is_its_content,
    period_of,
    plain,
    source_time,
)
from producers.tables.passed_over import Screen, compile_screen
from producers.tables.problems import (
    ReasonCode,
    RowProblem,
    not_yet,
    other_header,
    too_few_cells,
    too_many_cells,
    without_main_row,
)
from producers.tables.rows import TableRow, added_title, compile_row
from producers.tables.seal import compile_seal, subject_of

_PASSED_OVER = {
    NoteKind.TOTAL_ROWS: "小计、合计等汇总行，不是记录，没有采集",
    NoteKind.SAMPLE_ROWS: "示例行，不是记录，没有采集",
    NoteKind.FOOTER_ROWS: "表尾的填表人、审核、说明等，不是记录，没有采集",
    NoteKind.HEADER_ROWS: "又一次出现的表头，不是记录，没有采集",
}
# A broker takes a megabyte a message.
_LONGEST_EVENT_BYTES = 900_000


class Sender:
    """Turns the rows of one table into messages, and counts them. Its plans are compiled once, from the item."""

    def __init__(
        self,
        registry: Registry,
        cipher: Cipher,
        submission: Submission,
        item: Item,
        recognised: RecognisedTable,
        names: NameCheck | None = None,
    ) -> None:
        self._cipher, self._submission, self.item, self._recognised = cipher, submission, item, recognised
        self._topic = avro.topic(item.category)
        self._encode = EventEncoder(registry, self._topic, avro.event_schema(item))
        self._encode_progress = Encoder(registry, SUBMISSION, wire.SUBMISSION)
        year = int(submission.period[:4]) if submission.period else None
        self._read = compile_row(item, recognised.columns, recognised.extra, year)
        self._days_from_1904 = recognised.days_from_1904()
        self._key, self._seal = compile_key(cipher, item), compile_seal(cipher, item)
        name = item.subject.name
        self._name = name if name and not item.about_persons and not item.field(name).encrypted else None
        self._replaces_set = item.send is Send.SET and submission.mode is not SubmissionMode.INCREMENTAL
        flagged = "op_flag" in recognised.extra.values() and not self._replaces_set
        self.revisions = Revisions(flagged=flagged, replaces_set=self._replaces_set)
        self.refused = RefusedRows(registry, cipher, submission, item, recognised)
        self.notes = RowNotes()
        self._names = names
        self._screen = _screen_of(item, recognised)
        self._other_header = 0  # the row of a second header whose columns are in another order; 0: none
        self._today = datetime.now(SHANGHAI).date()
        self._times = self._row_times()
        self.periods = set[str | None]()
        self._money = [
            f.name for f in item.fields if f.type is FieldType.MONEY and f.sensitivity is not Sensitivity.PERSONAL
        ]
        _refuse_timeless(item, submission, recognised)

    def _row_times(self) -> RowTimes:
        return RowTimes(self._submission, self.item, replaces_set=self._replaces_set, today=self._today)

    def go_on(self, known: SubmissionProgress | None) -> Submission:
        """Go on with the data time of an earlier run, if there is one, and return the submission."""
        if known is not None and known.as_of is not None:
            rereads, by = known.rereads, known.as_of_from
            self._submission = replace(self._submission, as_of=known.as_of, as_of_from=by, rereads=rereads)
            self._times = self._row_times()
        return self._submission

    def take(self, row_no: int, cells: Sequence[Cell], counts: SubmissionCounts) -> tuple[bool, OutgoingMessage | None]:
        """Return (whether the row says anything, its message); None for a duplicate."""
        no_record = self._screen(cells)
        if isinstance(no_record, NoteKind) and not isinstance(cells, StrayDetail):
            self._pass_over(no_record, row_no, cells)
            return False, None
        if self._days_from_1904 and not isinstance(cells, StrayDetail):
            cells = with_days_from_1904(cells, self._days_from_1904)
        row = self._read(row_no, cells)
        if row is None:
            return False, None
        counts.rows += 1
        if isinstance(cells, StrayDetail):
            return True, self.refused.reject(row, cells, [without_main_row(cells.sheet)], counts)
        flag = FLAGS.get((row.op_flag or "").strip().upper())
        if flag is None:
            row.problems.append(_unknown_flag())
        if isinstance(no_record, RowProblem):
            row.problems.append(no_record)
        survey = self._recognised.survey
        if survey.most_cells is not None and not survey.least_cells <= len(cells) <= survey.most_cells:
            row.problems.append(too_many_cells() if len(cells) > survey.most_cells else too_few_cells())
        if self._other_header:
            row.problems.append(other_header(self._other_header))
        survey.note_cells(row_no, cells, self.notes)
        if row.data_date is not None and self._times.splits_set(row.data_date):
            row.problems.append(_several_dates())
        if row.left_out and (row.problems or self._needs_every_field(row, cells)):
            row.problems.extend(row.left_out)
        if row.unresolved:
            first = row.problems[0]
            code = ReasonCode.OLD_CODE if first.code is ReasonCode.OTHER_CODE else first.code
            return True, self.refused.wait(row, cells, code, first.message, counts)
        if flag is None or row.problems:
            return True, self.refused.reject(row, cells, row.problems, counts)
        subject = subject_of(self._cipher, self.item, row.values)
        if subject is None:
            return True, self._without_subject(row, cells, counts)
        try:
            return True, self._accept(row, cells, subject, flag, counts)
        except TimeAhead as exc:
            return True, self.refused.reject(row, cells, [not_yet(self._titles((exc.field,)))], counts)
        except (FileRefused, ValueError):
            where = self._titles((*self.item.source_time, *self.item.reporting_period))
            late = RowProblem("", where, ReasonCode.NO_TIME, "这一行没有可用的日期或所属期", "请填写日期或所属期")
            return True, self.refused.reject(row, cells, [late], counts)

    def _needs_every_field(self, row: TableRow, cells: Sequence[Cell]) -> bool:
        """Whether a row is not taken without one of its fields.

        It is another record without it, or a delimiter inside of a value has shifted what stands behind it: what can be
        read is then another column's.
        """
        in_text = self._recognised.survey.most_cells is not None
        return is_its_content(self.item, row.values) or (in_text and self.refused.shifts.has_shifted(row, cells))

    def _pass_over(self, kind: NoteKind, row_no: int, cells: Sequence[Cell]) -> None:
        self.notes.add(kind, row_no, _PASSED_OVER[kind])
        if kind is NoteKind.HEADER_ROWS:
            self._other_header = 0 if self._recognised.survey.is_header(cells) else row_no

    def _titles(self, names: Sequence[str]) -> str:
        """Return the titles of some fields or added columns, as the file has them where it does."""
        shown = {c.field.name: c.title for c in self._recognised.columns.values()}
        known = {f.name: f.zh for f in self.item.fields}
        return "、".join(dict.fromkeys(shown.get(n) or known.get(n) or added_title(n) for n in names))

    def _without_subject(self, row: TableRow, cells: Sequence[Cell], counts: SubmissionCounts) -> OutgoingMessage:
        person = self.item.subject.person
        if person is not None:
            where = self._titles((person,))
            missing = RowProblem(person, where, ReasonCode.REQUIRED, "没有证件号码", "请填写证件号码")
            return self.refused.reject(row, cells, [missing], counts)
        if any(row.values.get(code) for code in self.item.subject.codes):
            text = "只有旧的登记号码，尚未对应到统一社会信用代码"
            return self.refused.wait(row, cells, ReasonCode.OLD_CODE, text, counts)
        return self.refused.wait(row, cells, ReasonCode.NO_CODE, "没有统一社会信用代码，尚不能确定主体", counts)

    def _accept(
        self, row: TableRow, cells: Sequence[Cell], subject: str, flag: tuple[Op, int], counts: SubmissionCounts
    ) -> OutgoingMessage | None:
        sub, item, values, (op, step) = self._submission, self.item, row.values, flag
        period = period_of(item, values, row.period or sub.period)
        at = source_time(item, values, period, self._times.data_dates(row.data_date), self._today)
        as_of = sub.as_of
        if row.data_date is not None:
            as_of = self._times.as_of(row.data_date)
            counts.last_as_of = max(counts.last_as_of, as_of)
        key = self._key(values, period)
        if sub.mode is SubmissionMode.FULL:
            self.periods.add(period)
        content = content_hash(self._cipher, values, op, row.unread_fields)
        following = self.revisions.step((subject, key, at, as_of), content, step, row.row_no, counts)
        if following is None:
            counts.duplicates += 1
            return None
        name = (plain(values.get(self._name)) or None) if self._name else None
        envelope = event_envelope(
            sub,
            row_id(sub.id, row.row_no),
            op,
            subject=subject,
            record_key=key,
            period=period,
            source_time=at,
            revision=self.revisions.revision((subject, key), at, as_of, following),
            content_hash=content,
            as_of=as_of,
            row=row.row_no,
            region=row.region,
            subject_name=name,
            replaces_set=self._replaces_set,
            unread_fields=row.unread_fields,
        )
        message = OutgoingMessage(self._topic, subject, self._encode(envelope, self._seal(values, subject, key)))
        if len(message.value) > _LONGEST_EVENT_BYTES:
            return self.refused.reject(row, cells, [self._row_too_long(cells)], counts)
        counts.accepted += 1
        if self._names is not None and name is not None:
            self._names.see(subject, name, row.row_no, op)
        for problem in row.left_out:
            text = f"{problem.message}：这一格没有采集，其余照常采集"
            self.notes.add(NoteKind.LEFT_OUT, row.row_no, text, problem.column)
        for name in self._money:
            amount = values.get(name)
            if isinstance(amount, Decimal):
                counts.totals[name] = counts.totals.get(name, Decimal(0)) + amount
        return message

    def _row_too_long(self, cells: Sequence[Cell]) -> RowProblem:
        """Return the problem of a row that fits into no message; its longest cell is to blame."""
        columns = self._recognised.columns.items()
        _, widest = max(columns, key=lambda column: len(str(cells[column[0]])) if column[0] < len(cells) else 0)
        message, remedy = "这一行太长，超过一条消息所能容纳的长度", "请缩短过长的文字后重新报送"
        return RowProblem("", widest.title, ReasonCode.ROW_TOO_LONG, message, remedy)

    def withdraw(self, gone: LeftOut, counts: SubmissionCounts) -> OutgoingMessage:
        """Return the message that withdraws a record which a whole list leaves out."""
        counts.withdrawn += 1
        envelope = withdrawal(self._submission, gone.record, gone.as_of)
        return OutgoingMessage(self._topic, gone.record.subject, self._encode(envelope, None))

    def progress(self, counts: SubmissionCounts, state: SubmissionState) -> OutgoingMessage:
        """Return the message to the ledger that says how far the submission came."""
        value = SubmissionProgress.of(self._submission, counts, state).to_wire()
        return OutgoingMessage(SUBMISSION, self._submission.id, self._encode_progress(value))


def _screen_of(item: Item, recognised: RecognisedTable) -> Screen:
    texts = [i for i, c in recognised.columns.items() if c.field.type in (FieldType.TEXT, FieldType.CODE)]
    name = next((i for i, c in recognised.columns.items() if c.field.name == item.subject.name), None)
    return compile_screen(recognised.survey.titles, name, texts)


def _several_dates() -> RowProblem:
    message = "这张表按企业整组报送，各行的数据日期却不相同"
    remedy = "请按数据日期分成几张表报送，或用 --data-date 说明整张表截至哪一天"
    return RowProblem("", added_title("data_date"), ReasonCode.NO_TIME, message, remedy)


def _unknown_flag() -> RowProblem:
    title = added_title("op_flag")
    return RowProblem("", title, ReasonCode.UNKNOWN_FLAG, "看不懂所填的标志", "请填写 增、改 或 删")


def _refuse_timeless(item: Item, submission: Submission, recognised: RecognisedTable) -> None:
    """Refuse a file whole, before anything is sent, when no row of it could have a time."""
    present = {c.field.name for c in recognised.columns.values()} | set(recognised.extra.values())
    if item.period_declared and not submission.period and "period" not in present:
        raise FileRefused(f"“{item.zh}”的表中没有所属期。", remedy="请用 --period 说明，例如 --period 2025-03。")
    timed = {*item.source_time, *item.reporting_period, "data_date", "period"} & present
    if not timed and not submission.period and submission.data_date is None:
        source_time(item, {}, None, (), date.min)
