"""What is kept of a receipt is told again when its file comes again."""

from dataclasses import replace
from pathlib import Path

from catalogue.envelope import Channel
from connectors.notes import NoteKind, TableNote
from producers.submissions.declarations import DeclarationOrigins, DeclaredIn, SubmissionMode
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.receipts import ReasonCount, ReceiptFolder, SubmissionReceipt, UnreadColumn
from producers.submissions.submission import Submission

SUBMISSION = Submission(
    "market.change", "market_regulation", "630100", SubmissionMode.INCREMENTAL, None, None, False, "t.csv", "00", None,
    channel=Channel.FILE, origins=DeclarationOrigins(unit=DeclaredIn.FOLDER, mode=DeclaredIn.CATALOGUE),
)  # fmt: skip
RECEIPT = SubmissionReceipt(
    SUBMISSION,
    SubmissionCounts(rows=3, accepted=1, rejected=1, unresolved=1),
    SubmissionState.COMPLETED,
    reasons=(
        ReasonCount("NOT_A_DATE", "日期", "不是日期", "请核对", 1, (4,)),
        ReasonCount("NO_CODE", "", "没有代码", "补填", 1, (5,), waits=True),
    ),
    unread=(UnreadColumn("备用", "清单没有"),),
    notes=(TableNote(NoteKind.TOTAL_ROWS, "小计行", (7,), 1),),
)


def test_a_file_that_comes_again_is_told_the_same(tmp_path: Path) -> None:
    folder = ReceiptFolder(tmp_path)
    assert folder.kept(RECEIPT) == RECEIPT
    again = SubmissionReceipt(SUBMISSION, RECEIPT.counts, SubmissionState.COMPLETED, recognised=True)
    assert folder.kept(again) == replace(RECEIPT, recognised=True)
    assert ReceiptFolder(tmp_path / "elsewhere").kept(again) == again


def test_the_ledger_keeps_where_declarations_were_read() -> None:
    progress = SubmissionProgress.of(SUBMISSION, SubmissionCounts(), SubmissionState.OPEN)
    assert SubmissionProgress.from_wire(progress.to_wire()) == progress
    assert DeclarationOrigins.from_wire(progress.declared_in) == SUBMISSION.origins
