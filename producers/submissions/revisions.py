"""Revisions: which of several rows of one record counts, within a submission and above earlier ones."""

from collections.abc import Mapping
from datetime import datetime

from catalogue.envelope import Op
from producers.submissions.event_history import RevisionFloor, SubjectRecordKey
from producers.submissions.progress import SubmissionCounts
from producers.submissions.row_index import RowIndex

# 增删改标志: what a row does, and how far its revision is above that of a row which only adds.
FLAGS: Mapping[str, tuple[Op, int]] = {
    **dict.fromkeys(("", "增", "增加", "新增", "A", "ADD", "I", "INSERT", "C", "CREATE"), (Op.REPORT, 0)),
    **dict.fromkeys(("改", "修改", "变更", "更新", "U", "UPDATE", "M", "MODIFY"), (Op.REPORT, 1)),
    **dict.fromkeys(("删", "删除", "撤销", "D", "DELETE"), (Op.WITHDRAW, 2)),
}
# So many revisions has a submission: a row flagged 改 or 删 wins over one that adds, and every further row of the same
# record and time over those above it. Over another submission decides its data time alone.
REVISION_STEPS = 1 << 10
# How a record's row is remembered: the high bits of 64 are its content's hash. The low ones are its step + 1 in a table
# with flags, else its row, up to the highest that fits; they are never 0.
_STEP_BITS, _ROW_BITS = 16, 24


class Revisions:
    """The revisions of one table's rows. ``flagged``: each row says whether it adds, changes or removes.

    ``replaces_set``: all rows of a subject are its whole set, and share one revision.
    """

    def __init__(self, *, flagged: bool, replaces_set: bool) -> None:
        self._flagged, self._replaces_set = flagged, replaces_set
        self._low_bits = _STEP_BITS if flagged else _ROW_BITS
        self._lowest = (1 << self._low_bits) - 1
        # The content of each record's row, and its row or revision step: of the first, with 增删改标志 of the latest.
        self._rows = RowIndex()
        self._conflicting: set[int] = set()
        self._floors: dict[SubjectRecordKey, RevisionFloor] = {}

    def step(
        self, record: tuple[object, ...], content: str, step: int, row_no: int, counts: SubmissionCounts
    ) -> int | None:
        """Return the revision step of a row after the rows above it; None when it repeats one of them.

        ``record``: all of its version but revision and content.
        """
        version, whole = hash(record), hash((record, content))
        known = self._rows.get(version)
        if known and known >> self._low_bits == self._content_bits(whole):
            return None
        if known and not self._flagged:
            if whole in self._conflicting:
                return None
            self._conflicting.add(whole)
            counts.conflict(known & self._lowest, row_no)
            return step
        if known:
            # Such rows tell a history: each comes after the one above it of the same record.
            step = max(step, known & self._lowest)
            if step >= REVISION_STEPS:
                step = REVISION_STEPS - 1
                counts.conflicts += 1
        low = step + 1 if self._flagged else max(1, min(row_no, self._lowest))
        self._rows.put(version, self._content_bits(whole) << self._low_bits | low)
        return step

    def raise_above(self, floors: Mapping[SubjectRecordKey, RevisionFloor]) -> None:
        """Take note, before any row, of the records that whole lists withdrew: they return above their withdrawal."""
        if not self._replaces_set:
            self._floors = dict(floors)
            return
        for (subject, _), floor in floors.items():
            # The rows of a set share one revision, lest the higher of them leave the others behind.
            self._floors[(subject, "")] = max(self._floors.get((subject, ""), floor), floor)

    def revision(self, key: SubjectRecordKey, source_time: datetime, as_of: datetime, step: int) -> int:
        """Return the revision of a row: above a withdrawal of the very same times, else its step."""
        step = 0 if self._replaces_set else step
        floor = self._floors.get((key[0], "") if self._replaces_set else key) if self._floors else None
        if floor is not None and (floor.source_time, floor.as_of) == (source_time, as_of):
            return floor.revision + floor.withdrawn + step
        return step

    def _content_bits(self, whole: int) -> int:
        return whole & (1 << 64 - self._low_bits) - 1
