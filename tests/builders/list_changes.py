"""Changes of lists as the rating publishes them, made for tests."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from tests.builders.events import SUBJECT

DAY = date(2026, 7, 1)


def list_change(
    status: str, *, of: str = "white", subject: str = SUBJECT, sequence: int = 1, day: date = DAY, **fields: Any
) -> dict[str, Any]:
    """Return a value of ``list.change.v1``: the first one of a membership unless ``fields`` say otherwise."""
    value = {
        "subject": subject,
        "list": of,
        "sequence": sequence,
        "as_of": day,
        "hash": f"hash of {status} since {day}",
        "list_name": "白名单",
        "basis": "public",
        "definition_hash": "d" * 64,
        "model": "public_v1",
        "status": status,
        "since": day,
        "counted_from": None,
        "due": None,
        "reasons": [],
        "changed_at": datetime(2026, 7, 2, tzinfo=UTC),
        "previous_status": None,
        "previous_basis": None,
    }
    unknown = fields.keys() - value.keys()
    assert not unknown, unknown
    return value | fields


def next_change(before: Mapping[str, Any] | None, status: str, **fields: Any) -> dict[str, Any]:
    """Return the change that follows another one of the same membership; None: it is the first one."""
    if before is None:
        return list_change(status, **fields)
    former = {"previous_status": before["status"], "previous_basis": before["basis"]}
    kept = {"of": before["list"], "subject": before["subject"], "sequence": before["sequence"] + 1}
    return list_change(status, **kept, **former, **fields)
