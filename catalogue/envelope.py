"""The envelope that every catalogue event begins with, and the version that orders the reports of one record."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

SubjectKey = NewType("SubjectKey", str)  # a USCC, "person:<keyed hash>" or "unit:<unit>:<region>" (a nil report's)
ItemId = NewType("ItemId", str)
RecordKey = NewType("RecordKey", str)
EventId = NewType("EventId", str)
SubmissionId = NewType("SubmissionId", str)

PERSON_PREFIX = "person:"
UNIT_PREFIX = "unit:"
# Record key of the mark that says, for a subject's item sent as a whole set, since when older members are gone.
SET_MARK = RecordKey("~set")


class Op(StrEnum):
    """What an event says of its record. Strings on the wire, so that a new one breaks no reader."""

    REPORT = "REPORT"
    WITHDRAW = "WITHDRAW"
    NIL = "NIL"


class Channel(StrEnum):
    """By which way an event came."""

    FILE = "FILE"
    SQL = "SQL"
    HTTP = "HTTP"
    FORM = "FORM"
    DOWN = "DOWN"


# The ordered stamp of one record, (source time, revision, content hash): the highest wins, whatever order the events
# come in. The source time is that of the information at its source, the revision rises only by an explicit
# correction, the content hash is keyed, over the canonical plaintext.
VersionStamp = tuple[datetime, int, str]


class Envelope(NamedTuple):
    """What is known of an event beside its payload, in the order of the wire."""

    event_id: EventId
    item: ItemId
    op: str
    record_key: RecordKey
    period: str | None  # YYYY, YYYY-MM, YYYY-Qn or YYYY-MM-DD
    source_time: datetime  # aware
    revision: int
    content_hash: str
    reported_at: datetime  # aware; for people, never for ordering
    unit: str
    region: str
    channel: str
    submission_id: SubmissionId
    row: int
    subject: SubjectKey
    subject_name: str | None
    replaces_set: bool  # the event belongs to a push of the subject's whole set

    @property
    def version(self) -> VersionStamp:
        """The stamp that decides between two reports of the same record."""
        return self[5:8]


ENVELOPE_NAMES: tuple[str, ...] = Envelope._fields


def changelog_key(subject: str, item: str, record_key: str) -> bytes:
    """Return the message key of a winning record in ``credit.record.v1`` and ``person.record.v1``."""
    return f"{subject}\0{item}\0{record_key}".encode()
