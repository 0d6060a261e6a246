"""The envelope that every catalogue event begins with, and the version that orders the reports of one record."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

from catalogue.times import EPOCH

SubjectKey = NewType("SubjectKey", str)  # a USCC, "person:<keyed hash>" or "unit:<unit>:<region>" (a nil report's)
ItemId = NewType("ItemId", str)
RecordKey = NewType("RecordKey", str)
EventId = NewType("EventId", str)
SubmissionId = NewType("SubmissionId", str)

PERSON_PREFIX = "person:"
UNIT_PREFIX = "unit:"
# Record key of the mark that says, for a subject's item sent as a whole set, since when older members are gone.
SET_MARK = RecordKey("~set")
# Behind it the period, where a set is one of a period. No key of a record has this sign inside of a clear text.
_OF_PERIOD = "#"


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


# The ordered stamp of one record, (source time, as of, revision, content hash): the highest wins, whatever order the
# events come in. The source time is that of the information at its source. "As of" is the moment for which the
# reporter says so. The revision orders flags and rows within one submission. The content hash is keyed, over the
# canonical plaintext, the operation and the unread fields (decisions 12 and 13).
VersionStamp = tuple[datetime, datetime, int, str]


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
    as_of: datetime = EPOCH  # aware; of events from before there was one, 1970
    # Fields that were filled with what nobody could read, sorted: null in the payload, and not empty at the source.
    unread_fields: tuple[str, ...] = ()

    @property
    def version(self) -> VersionStamp:
        """The stamp that decides between two reports of the same record."""
        # By position: this is asked for twice with every event.
        return self[5], self[17], self[6], self[7]

    @property
    def set_key(self) -> RecordKey:
        """The key of the mark that decides whether this record is still a member of its set.

        Where the period is part of a record's identity, its key begins with it, and each period has a set of its own.
        """
        if self.period and self.record_key.startswith(f"{self.period}|"):
            return RecordKey(f"{SET_MARK}{_OF_PERIOD}{self.period}")
        return SET_MARK


ENVELOPE_NAMES: tuple[str, ...] = Envelope._fields


def is_mark(key: str) -> bool:
    """Whether a key is that of a set's mark, not of a record."""
    return key == SET_MARK or key.startswith(SET_MARK + _OF_PERIOD)


def changelog_key(subject: str, item: str, record_key: str) -> bytes:
    """Return the message key of a winning record in ``credit.record.v1`` and ``person.record.v1``."""
    return f"{subject}\0{item}\0{record_key}".encode()
