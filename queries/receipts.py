"""What became of a submission: its counts, and each rejected row with its reasons. No raw row: that stays sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from catalogue.plain_values import jsonable
from catalogue.wire.submission import RowCounts


@dataclass(frozen=True, slots=True)
class KeptReceipt(RowCounts):
    """The newest progress of one submission, as the ledger has it; a field is a column of ``submission``."""

    submission_id: str
    state: str  # OPEN, COMPLETED or FAILED
    unit: str
    region: str
    item: str
    period: str | None
    mode: str  # FULL, SET or INCREMENTAL
    data_date: date | None
    correction: bool
    channel: str
    file_name: str
    sheet: str | None
    control_totals: Mapping[str, str]  # the sum of each money column over the accepted rows, in yuan
    opened_at: datetime
    updated_at: datetime
    declared_in: Mapping[str, str]  # where unit, region, mode, period and data date were read

    def as_json(self) -> dict[str, Any]:
        """Return the receipt for JSON."""
        return {name: jsonable(value) for name, value in asdict(self).items()}


RECEIPT_COLUMNS = tuple(field.name for field in fields(KeptReceipt))


@dataclass(frozen=True, slots=True)
class RejectReason:
    """One reason why a row was not taken."""

    field: str  # empty for the whole row
    column: str  # as the file calls it
    code: str  # stable, for counting
    message: str  # in Chinese, for the clerk
    remedy: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row or message that was not taken; ``masked``: by its columns, what not everybody may see is masked."""

    submission_id: str
    row: int
    unit: str
    region: str
    item: str
    file_name: str
    sheet: str | None
    reasons: tuple[RejectReason, ...]
    masked: Mapping[str, str]
    replay_count: int
    rejected_at: datetime
    source_topic: str  # without prefix, of a message that could not be read; empty for a row of a file
    source_partition: int
    source_offset: int

    @property
    def place(self) -> str:
        """Where it is to be found: the row of the file, or the offset of the message."""
        if not self.source_topic:
            return f"{self.row}"
        return f"{self.source_topic}/{self.source_partition} offset {self.source_offset}"

    @classmethod
    def of(cls, row: Sequence[Any]) -> "RejectedRow":
        """Return the rejected row of a row of ``rejected``, its columns in the order of ``REJECT_COLUMNS``."""
        values = dict(zip(REJECT_COLUMNS, row, strict=True))
        return cls(**values | {"reasons": tuple(RejectReason(**reason) for reason in values["reasons"])})

    def as_json(self) -> dict[str, Any]:
        """Return the rejected row for JSON."""
        return {name: jsonable(value) for name, value in asdict(self).items()} | {
            "reasons": [asdict(reason) for reason in self.reasons]
        }


REJECT_COLUMNS = tuple(field.name for field in fields(RejectedRow))
