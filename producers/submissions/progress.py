"""How far a submission came: the counts of a running push, and what the ledger ``submission.v1`` says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from catalogue.times import EPOCH
from catalogue.wire.submission import COUNTS, RowCounts
from producers.submissions.submission import Submission
from producers.tables.identity import plain

MOST_CONFLICTS_NAMED = 50


class SubmissionState(StrEnum):
    """What became of a submission; DRY_RUN is never sent."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    DRY_RUN = "DRY_RUN"


@dataclass(slots=True)
class SubmissionCounts:
    """The counts of a running push. ``rows`` counts data rows, empty ones not among them; ``totals`` are in yuan."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    unresolved: int = 0
    duplicates: int = 0
    conflicts: int = 0
    withdrawn: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    # Pairs of rows that are equal in all but content, the first ones of them: (the row above, the row below).
    conflict_rows: list[tuple[int, int]] = field(default_factory=list)
    last_as_of: datetime = EPOCH  # the latest data time of a row, where rows have their own
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def conflict(self, row: int, other: int) -> None:
        """Count two rows that are equal in all but content, and name them while they are few."""
        self.conflicts += 1
        if len(self.conflict_rows) < MOST_CONFLICTS_NAMED:
            self.conflict_rows.append((row, other))


@dataclass(frozen=True, slots=True)
class SubmissionProgress(RowCounts):
    """One value of the ledger: whose submission it is, how far it came, and its counts so far."""

    submission_id: str
    state: str  # a SubmissionState
    unit: str
    region: str
    item: str
    period: str | None
    mode: str
    data_date: date | None
    correction: bool
    channel: str
    file_name: str
    file_sha256: str
    sheet: str | None
    control_totals: Mapping[str, Decimal]
    opened_at: datetime
    updated_at: datetime
    as_of: datetime | None = None
    as_of_from: str | None = None
    last_as_of: datetime | None = None
    reading: str | None = None
    rereads: int = 0
    conflict_rows: tuple[tuple[int, int], ...] = ()
    declared_in: Mapping[str, str] = field(default_factory=dict)  # DeclarationOrigins, as they are sent

    @property
    def completed(self) -> bool:
        """Whether all of it was sent."""
        return self.state == SubmissionState.COMPLETED

    @classmethod
    def of(cls, submission: Submission, counts: SubmissionCounts, state: SubmissionState) -> Self:
        """Return the progress of a submission as of now."""
        declared = {name: getattr(submission, name) for name in _DECLARED}
        counted = {name: getattr(counts, name) for name in COUNTS}
        return cls(
            submission_id=submission.id,
            state=state.value,
            channel=submission.channel.value,
            control_totals=dict(counts.totals),
            opened_at=counts.opened_at,
            updated_at=datetime.now(UTC),
            last_as_of=max(counts.last_as_of, submission.as_of),
            conflict_rows=tuple(counts.conflict_rows),
            declared_in=submission.origins.to_wire(),
            **declared,
            **counted,
        )

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> Self:
        """Return what a decoded value of the topic says."""
        values = {name: value[name] for name in _FIELDS}
        values["control_totals"] = {name: Decimal(total) for name, total in value["control_totals"].items()}
        values["conflict_rows"] = tuple((pair["row"], pair["other_row"]) for pair in value["conflict_rows"])
        return cls(**values)

    def to_wire(self) -> dict[str, Any]:
        """Return the value of the topic; ``next_row`` is where a killed push goes on."""
        value = {name: getattr(self, name) for name in _FIELDS}
        value["control_totals"] = {name: plain(total) for name, total in self.control_totals.items()}
        value["conflict_rows"] = [{"row": row, "other_row": other} for row, other in self.conflict_rows]
        return {**value, "next_row": self.rows}

    def counts(self) -> SubmissionCounts:
        """Return the counts, to go on with."""
        counted = {name: getattr(self, name) for name in COUNTS}
        return SubmissionCounts(
            **counted,
            totals=dict(self.control_totals),
            conflict_rows=list(self.conflict_rows),
            last_as_of=self.last_as_of or EPOCH,
            opened_at=self.opened_at,
        )


_DECLARED = (
    "unit", "region", "item", "period", "mode", "data_date", "correction", "file_name", "file_sha256", "sheet",
    "as_of", "as_of_from", "reading", "rereads",
)  # fmt: skip
_FIELDS = tuple(f.name for f in fields(SubmissionProgress))
