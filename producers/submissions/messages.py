"""Messages of a push before they are sent, and the names of rows in their keys and ids."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to send: topic without prefix, key, value."""

    topic: str
    key: str
    value: bytes


def row_id(submission_id: str, row_no: int) -> str:
    """Return what names a row: the id of its event, and the key of its rejection. A resumed push says the same."""
    return f"{submission_id}:{row_no:08d}"


def unresolved_key(unit: str, submission_id: str, row_no: int) -> str:
    """Return the key of a row that waits for its subject."""
    return f"{unit}:{row_id(submission_id, row_no)}"
