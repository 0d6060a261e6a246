"""The one place where the envelope of a catalogue event is made."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from catalogue.envelope import Op
from producers.submissions.submission import Submission


def event_envelope(
    submission: Submission,
    event_id: str,
    op: Op,
    *,
    subject: str,
    record_key: str,
    period: str | None,
    source_time: datetime,
    revision: int,
    content_hash: str,
    as_of: datetime | None = None,
    row: int = 0,
    region: str | None = None,
    subject_name: str | None = None,
    replaces_set: bool = False,
    unread_fields: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the envelope of an event of a submission; ``region``, ``as_of``: the row's own, else the submission's."""
    return {
        "event_id": event_id,
        "item": submission.item,
        "op": op.value,
        "record_key": record_key,
        "period": period,
        "source_time": source_time,
        "revision": revision,
        "content_hash": content_hash,
        "reported_at": datetime.now(UTC),
        "unit": submission.unit,
        "region": region or submission.region,
        "channel": submission.channel.value,
        "submission_id": submission.id,
        "row": row,
        "subject": subject,
        "subject_name": subject_name,
        "replaces_set": replaces_set,
        "as_of": as_of or submission.as_of,
        "unread_fields": unread_fields,
    }
