"""What several attempts begin with: a submission of a fictitious table."""

from datetime import UTC, date, datetime
from typing import Any

from catalogue.envelope import Channel
from producers.submissions.declarations import SubmissionMode
from producers.submissions.progress import SubmissionCounts, SubmissionState
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.submission import Submission

PENALTY = "administration.penalty"
_AT = datetime(2025, 3, 31, tzinfo=UTC)


def submission(**more: Any) -> Submission:
    """Return a submission of penalties; ``more`` are the fields that a test is about."""
    fields: dict[str, Any] = {
        "item": PENALTY, "unit": "functional_departments", "region": "630100", "mode": SubmissionMode.INCREMENTAL,
        "period": None, "data_date": date(2025, 3, 31), "correction": False, "file_name": "处罚.csv",
        "file_sha256": "00", "sheet": None,
    }  # fmt: skip
    return Submission(*{**fields, **more}.values(), channel=Channel.FILE, as_of=_AT)


def receipt(**more: Any) -> SubmissionReceipt:
    """Return the receipt of a completed submission."""
    return SubmissionReceipt(submission(**more), SubmissionCounts(), SubmissionState.COMPLETED)
