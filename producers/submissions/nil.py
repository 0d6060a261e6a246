"""零报告: a unit says that it has nothing to report of an item for a period."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from catalogue.envelope import UNIT_PREFIX, Channel, Op
from catalogue.errors import FileRefused
from catalogue.model import Item
from catalogue.periods import period_end
from connectors.tables import Cell
from producers.submissions.declarations import DeclarationOrigins, Declared, DeclaredIn, SubmissionMode
from producers.submissions.envelopes import event_envelope
from producers.submissions.messages import OutgoingMessage, row_id
from producers.submissions.progress import SubmissionCounts
from producers.submissions.sender import Sender
from producers.submissions.submission import Submission
from producers.tables.headers import RecognisedTable
from producers.tables.identity import moment
from producers.tables.texts import is_empty

# What clerks write into the first cell of a table that has nothing to say.
_NOTHING = re.compile(
    r"[（(]?(?:本[年季月周日期次])?(?:暂?无|没有|零报告|无(?:此项|新增)?(?:数据|记录|内容|情况))[）)]?"
)
_ONE_ROW: tuple[tuple[int, Sequence[Cell]], ...] = ((0, ()),)


def nil_submission(item: Item, unit: Declared[str], region: Declared[str], period: str, channel: Channel) -> Submission:
    """Return the submission of a nil report; the same for the same unit, region, item and period."""
    digest = hashlib.sha256("\x00".join(("nil", item.id, unit.value, region.value, period)).encode()).hexdigest()
    return Submission(
        item=item.id,
        unit=unit.value,
        region=region.value,
        mode=SubmissionMode.INCREMENTAL,
        period=period,
        data_date=None,
        correction=False,
        file_name="零报告",
        file_sha256=digest,
        sheet=None,
        channel=channel,
        origins=DeclarationOrigins(unit=unit.place, region=region.place, period=DeclaredIn.OPTION),
    )


def nil_rows() -> Iterable[tuple[int, Sequence[Cell]]]:
    """Return what a nil report has for rows: one, which says that there are none."""
    return _ONE_ROW


class NilSender(Sender):
    """Sends the one event of a nil report, keyed by the unit so that it enters no enterprise's state."""

    def __init__(self, registry: Registry, cipher: Cipher, sub: Submission, item: Item) -> None:
        super().__init__(registry, cipher, sub, item, RecognisedTable(item, 0, {}, "", [], {}, 0))
        if sub.period is None:
            raise ValueError("a nil report is about a period")
        self._period = sub.period

    def take(self, row_no: int, cells: Sequence[Cell], counts: SubmissionCounts) -> tuple[bool, OutgoingMessage | None]:
        """Return the nil report's one message."""
        sub = self._submission
        counts.rows += 1
        counts.accepted += 1
        subject = f"{UNIT_PREFIX}{sub.unit}:{sub.region}"
        envelope = event_envelope(
            sub,
            row_id(sub.id, row_no),
            Op.NIL,
            subject=subject,
            record_key=self._period,
            period=self._period,
            source_time=moment(period_end(self._period)),
            revision=0,
            content_hash=self._cipher.link(Op.NIL.value, "content"),
            row=row_no,
        )
        return True, OutgoingMessage(self._topic, subject, self._encode(envelope, None))


def says_nothing(rows: Iterable[tuple[int, Sequence[Cell]]]) -> bool:
    """Whether the rows below a header hold no record: there are none, or they say 无 or 零报告."""
    return all(
        is_empty(cell) or (isinstance(cell, str) and _NOTHING.fullmatch(cell.strip()))
        for _, cells in rows
        for cell in cells
    )


def ask_for_nil(name: str) -> FileRefused:
    """Return the refusal of a file without records: silence is no report."""
    return FileRefused(
        f"“{name}”没有数据行。", remedy="若确无数据，请用 --nil 作零报告（同时写明 --item 和 --period）。"
    )
