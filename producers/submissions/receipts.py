"""What a reporter is told of a submission, and the folder that keeps it."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from catalogue.wire.submission import COUNTS
from connectors.notes import TableNote
from producers.submissions.preview import ColumnPreview
from producers.submissions.progress import SubmissionCounts, SubmissionState
from producers.submissions.submission import Submission


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """One reason why rows were not taken: its code, column and words, how many rows it met, and the first of them.

    ``waits``: the rows are kept, and wait for their subject's code.
    """

    code: str
    column: str
    message: str
    remedy: str
    rows: int
    first_rows: tuple[int, ...]
    waits: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the reason as JSON carries it."""
        return {
            "code": self.code, "column": self.column, "message": self.message, "remedy": self.remedy,
            "rows": self.rows, "first_rows": list(self.first_rows), "waits": self.waits,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the reason that JSON carries; receipts of before have no code, and name no rows that wait."""
        rows = tuple(value["first_rows"])
        code, waits = value.get("code", ""), value.get("waits", False)
        return cls(code, value["column"], value["message"], value["remedy"], value["rows"], rows, waits)


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column that was not taken, and why."""

    title: str
    why: str


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """What became of a push. ``recognised``: it was completed before, and nothing was sent.

    ``unread`` are the columns that were not taken. ``notes`` say what was passed over, hidden, left out or understood
    in a way that the table does not state. ``columns`` show, of a dry run, as what each column was read.
    """

    submission: Submission
    counts: SubmissionCounts
    state: SubmissionState
    recognised: bool = False
    reasons: tuple[ReasonCount, ...] = ()
    unread: tuple[UnreadColumn, ...] = ()
    notes: tuple[TableNote, ...] = ()
    columns: tuple[ColumnPreview, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as JSON carries it, in files and on the command line."""
        sub, counts = self.submission, self.counts
        return {
            "submission_id": sub.id, "item": sub.item, **{name: getattr(counts, name) for name in COUNTS},
            "state": self.state.value, "recognised": self.recognised,
            "unit": sub.unit, "region": sub.region, "period": sub.period, "mode": sub.mode.value,
            "data_date": sub.data_date and sub.data_date.isoformat(), "declared_in": sub.origins.to_wire(),
            "revision": sub.revision, "file": sub.file_name, "sheet": sub.sheet, "file_sha256": sub.file_sha256,
            "as_of": sub.as_of.isoformat(), "as_of_from": sub.as_of_from,
            "conflict_rows": [list(pair) for pair in counts.conflict_rows],
            "unknown_columns": [column.title for column in self.unread],
            "unread_columns": [asdict(column) for column in self.unread],
            "reasons": [reason.to_json() for reason in self.reasons],
            "notes": [note.to_json() for note in self.notes],
            **({"columns": [asdict(column) for column in self.columns]} if self.columns else {}),
        }  # fmt: skip

    def told_by(self, kept: Mapping[str, Any]) -> Self:
        """Return the receipt with what a kept one, as JSON, tells of the rows and columns."""
        return replace(
            self,
            reasons=tuple(map(ReasonCount.from_json, kept["reasons"])),
            notes=tuple(map(TableNote.from_json, kept.get("notes", ()))),
            unread=tuple(UnreadColumn(**column) for column in kept.get("unread_columns", ())),
        )


class ReceiptFolder:
    """Keeps the receipts of completed submissions, one JSON file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, receipt: SubmissionReceipt) -> SubmissionReceipt:
        """Keep a receipt, and return it; a recognised one with what its rows and columns were told when they went."""
        path = self._folder / f"{receipt.submission.id}.json"
        if receipt.recognised:
            return self.told(receipt)
        if receipt.state is SubmissionState.COMPLETED:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Reasons repeat what cells hold. A folder that somebody else made, for several users, stays as it is.
            with contextlib.suppress(PermissionError):
                path.parent.chmod(0o700)
            path.write_text(json.dumps(receipt.to_json(), ensure_ascii=False, indent=1), "utf-8")
        return receipt

    def told(self, receipt: SubmissionReceipt) -> SubmissionReceipt:
        """Return a receipt with what the kept one of its submission tells; as it is where none is kept."""
        try:
            kept = json.loads((self._folder / f"{receipt.submission.id}.json").read_text("utf-8"))
            return receipt.told_by(kept)
        except (OSError, ValueError, KeyError):
            # It was sent from another machine, or its receipt was deleted.
            return receipt
