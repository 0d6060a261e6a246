"""Rows that become no event: rejected ones with every reason, and those that wait for their subject's code."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from bus.topics import REJECTED, UNRESOLVED
from catalogue import wire
from catalogue.identifiers import looks_like_id_number, looks_like_mobile
from catalogue.model import FieldType, Item, Sensitivity
from connectors.tables import Cell
from producers.submissions.declarations import SubmissionMode
from producers.submissions.messages import OutgoingMessage, row_id, unresolved_key
from producers.submissions.progress import SubmissionCounts
from producers.submissions.receipts import ReasonCount
from producers.submissions.sealed_rows import SealedRow
from producers.submissions.snapshot_withdrawals import UnreadRows
from producers.submissions.submission import Submission
from producers.tables.headers import RecognisedTable
from producers.tables.problems import ReasonCode, RowProblem
from producers.tables.rows import TableRow
from producers.tables.seal import subject_of
from producers.tables.shifted_rows import ShiftCheck, takes_anything
from producers.tables.texts import as_text

_LONGEST_SHOWN_CHARS = 1000
_MOST_ROWS_NAMED = 10
# Chinese characters: persons' names have two to four, those of enterprises name a place and a legal form.
_FEWEST_OF_AN_ENTERPRISE = 5
# Cells do not stand under their titles.
_SHIFTED = frozenset(
    {ReasonCode.TOO_MANY_CELLS, ReasonCode.TOO_FEW_CELLS, ReasonCode.OTHER_HEADER, ReasonCode.NO_MAIN_ROW}
)
_WAITING_REMEDIES = {
    ReasonCode.NATURAL_PERSON: "若是企业，请改填统一社会信用代码后重新报送；自然人的记录不进入企业档案",
    ReasonCode.OLD_CODE: "登记信息到后由平台对应，或补填统一社会信用代码后重新报送",
    ReasonCode.NO_CODE: "名称唯一时由平台对应，或补填统一社会信用代码后重新报送",
}


class _Reason(NamedTuple):
    code: str
    column: str
    message: str
    remedy: str
    waits: bool


class RefusedRows:
    """Makes the messages of one table's refused rows, and counts their reasons."""

    def __init__(
        self, registry: Registry, cipher: Cipher, submission: Submission, item: Item, recognised: RecognisedTable
    ) -> None:
        self._cipher, self._submission, self._item, self._recognised = cipher, submission, item, recognised
        self._rejected = Encoder(registry, REJECTED, wire.REJECTED)
        self._unresolved = Encoder(registry, UNRESOLVED, wire.UNRESOLVED)
        self.unread = UnreadRows()
        self.shifts = ShiftCheck(recognised)
        self.reasons: Counter[_Reason] = Counter()
        self._first_rows: dict[_Reason, list[int]] = {}

    def reject(
        self, row: TableRow, cells: Sequence[Cell], problems: Sequence[RowProblem], counts: SubmissionCounts
    ) -> OutgoingMessage:
        """Count a rejected row and return its message."""
        counts.rejected += 1
        for p in problems:
            self._count(_Reason(p.code.value, p.column, p.message, p.remedy, waits=False), row.row_no)
        reasons = [
            {"field": p.field, "column": p.column, "code": p.code.value, "message": p.message, "remedy": p.remedy}
            for p in problems
        ]
        value = {
            **self._kept(row, cells, problems),
            "reasons": reasons,
            "replay_count": 0,
            "rejected_at": datetime.now(UTC),
        }
        return OutgoingMessage(REJECTED, row_id(self._submission.id, row.row_no), self._rejected(value))

    def wait(
        self, row: TableRow, cells: Sequence[Cell], code: ReasonCode, message: str, counts: SubmissionCounts
    ) -> OutgoingMessage:
        """Count a row whose subject is not known yet, and return its message."""
        counts.unresolved += 1
        self._count(_Reason(code.value, "", message, _WAITING_REMEDIES.get(code, ""), waits=True), row.row_no)
        value = {**self._kept(row, cells, row.problems), "state": "WAITING", "reason": code.value, "message": message}
        value["unresolved_at"] = datetime.now(UTC)
        key = unresolved_key(self._submission.unit, self._submission.id, row.row_no)
        return OutgoingMessage(UNRESOLVED, key, self._unresolved(value))

    def _count(self, reason: _Reason, row_no: int) -> None:
        self.reasons[reason] += 1
        rows = self._first_rows.setdefault(reason, [])
        if len(rows) < _MOST_ROWS_NAMED:
            rows.append(row_no)

    def commonest(self, most: int = 20) -> tuple[ReasonCount, ...]:
        """Return the commonest reasons why rows were rejected, or wait."""
        return tuple(
            ReasonCount(r.code, r.column, r.message, r.remedy, count, tuple(self._first_rows[r]), r.waits)
            for r, count in self.reasons.most_common(most)
        )

    def _kept(self, row: TableRow, cells: Sequence[Cell], problems: Sequence[RowProblem]) -> dict[str, Any]:
        """Return what is kept of a row: sealed whole, and shown as far as anybody may see it."""
        sub = self._submission
        if sub.mode is SubmissionMode.FULL:
            subject = subject_of(self._cipher, self._item, row.values)
            if subject is None:
                self.unread.rows += 1
            else:
                self.unread.subjects.add(subject)
        return {
            "submission_id": sub.id,
            "row": row.row_no,
            "unit": sub.unit,
            "region": sub.region,
            "item": sub.item,
            "file_name": sub.file_name,
            "sheet": sub.sheet,
            "masked": self._masked(row, cells, problems),
            "sealed": SealedRow.of(self._recognised, cells).closed(self._cipher, sub.item, sub.id, row.row_no),
        }

    def _masked(self, row: TableRow, cells: Sequence[Cell], problems: Sequence[RowProblem]) -> dict[str, str]:
        """Return a row's cells by their titles: whom it is about and what its columns understood, as far as public.

        This is kept for ever, and nobody needs a key for it. So all else is masked: what a column takes whatever it is
        may be a person's name or phone, and so may every cell of a row that has shifted.
        """
        item, recognised, codes = self._item, self._recognised, {p.code for p in problems}
        bad = {p.field for p in (*problems, *row.left_out)} - {""}
        in_text = recognised.survey.most_cells is not None
        hides_all = item.about_persons or codes & _SHIFTED or (bad and in_text and self.shifts.has_shifted(row, cells))
        name = None if ReasonCode.NATURAL_PERSON in codes else item.subject.name
        masked: dict[str, str] = {}
        for index, column in recognised.columns.items():
            cell = cells[index] if index < len(cells) else None
            if cell is None:
                continue
            f = column.field
            public = f.sensitivity is Sensitivity.PUBLIC and not f.public_when and f.name not in bad
            # By its number a record is found again at its source; where it could be somebody's, it is masked, too.
            number = f.type is FieldType.CODE and f.name in item.identity.fields
            is_name = f.name == name and not _may_be_a_person(as_text(cell))
            is_number = number and not _may_be_somebody_s(as_text(cell))
            shown = public and not hides_all and (is_name or is_number or not takes_anything(f))
            masked[column.title] = as_text(cell)[:_LONGEST_SHOWN_CHARS] if shown else "***"
        return masked


def _may_be_somebody_s(text: str) -> bool:
    """Whether what stands in a column of numbers may be a person's name, address, mobile or ID number."""
    is_number = "@" not in text and any(character.isdigit() for character in text)
    return not is_number or looks_like_mobile(text) or looks_like_id_number(text)


def _may_be_a_person(name: str) -> bool:
    """Whether what stands where an enterprise's name belongs may be a person's: short, or with a name's dot.

    Of some short names of enterprises this is wrong; the row's number finds them again.
    """
    return sum("\u3400" <= character <= "\u9fff" for character in name) < _FEWEST_OF_AN_ENTERPRISE or "·" in name
