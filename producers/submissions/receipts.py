"""What a reporter is told of a submission, and the folder that keeps it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from connectors.notes import TableNote
from producers.submissions.progress import SubmissionCounts, SubmissionState
from producers.submissions.submission import Submission


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """One reason why rows were not taken: its column, its words, how many rows it met, and the first of them."""

    column: str
    message: str
    remedy: str
    rows: int
    first_rows: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the reason as JSON carries it."""
        return {
            "column": self.column, "message": self.message, "remedy": self.remedy,
            "rows": self.rows, "first_rows": list(self.first_rows),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the reason that JSON carries."""
        return cls(value["column"], value["message"], value["remedy"], value["rows"], tuple(value["first_rows"]))


@dataclass(frozen=True, slots=True)
class SubmissionReceipt:
    """What became of a push. ``recognised``: it was completed before, and nothing was sent.

    ``unknown`` are the titles of columns that the item does not have, and that were not taken. ``notes`` say what was
    passed over, hidden, left out or understood in a way that the table does not state.
    """

    submission: Submission
    counts: SubmissionCounts
    state: SubmissionState
    recognised: bool = False
    reasons: tuple[ReasonCount, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[TableNote, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as JSON carries it, in files and on the command line."""
        sub, counts = self.submission, self.counts
        return {
            "submission_id": sub.id, "item": sub.item, "rows": counts.rows, "accepted": counts.accepted,
            "rejected": counts.rejected, "unresolved": counts.unresolved, "duplicates": counts.duplicates,
            "withdrawn": counts.withdrawn, "conflicts": counts.conflicts, "state": self.state.value,
            "recognised": self.recognised,
            "unit": sub.unit, "region": sub.region, "period": sub.period, "mode": sub.mode,
            "revision": sub.revision, "file": sub.file_name, "sheet": sub.sheet, "file_sha256": sub.file_sha256,
            "as_of": sub.as_of.isoformat(), "as_of_from": sub.as_of_from,
            "conflict_rows": [list(pair) for pair in counts.conflict_rows],
            "unknown_columns": list(self.unknown),
            "reasons": [reason.to_json() for reason in self.reasons],
            "notes": [note.to_json() for note in self.notes],
        }  # fmt: skip


class ReceiptFolder:
    """Keeps the receipts of completed submissions, one JSON file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, receipt: SubmissionReceipt) -> SubmissionReceipt:
        """Keep a receipt, and return it; a recognised one with the reasons that its rows were given when they went."""
        path = self._folder / f"{receipt.submission.id}.json"
        if receipt.recognised:
            return replace(receipt, reasons=_reasons_in(path), notes=_notes_in(path))
        if receipt.state is SubmissionState.COMPLETED:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(receipt.to_json(), ensure_ascii=False, indent=1), "utf-8")
        return receipt


def _reasons_in(path: Path) -> tuple[ReasonCount, ...]:
    try:
        return tuple(map(ReasonCount.from_json, json.loads(path.read_text("utf-8"))["reasons"]))
    except (OSError, ValueError, KeyError):
        # It was sent from another machine, or its receipt was deleted.
        return ()


def _notes_in(path: Path) -> tuple[TableNote, ...]:
    try:
        return tuple(map(TableNote.from_json, json.loads(path.read_text("utf-8"))["notes"]))
    except (OSError, ValueError, KeyError):
        return ()
