"""An intake without a broker: files become events by the rules of a push, in the order in which they come."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import fastavro

from bus.avro.registry import OfflineRegistry
from bus.avro.wire_format import HEAD_SIZE
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from catalogue.avro import ENVELOPE_RECORD
from catalogue.envelope import Channel, Envelope
from catalogue.load import load_catalogue
from catalogue.model import Item
from connectors.tables import Cell
from producers.submissions.data_time import with_as_of
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import revision_floors
from producers.submissions.later_lists import later_lists, left_out_later
from producers.submissions.ledger import numbered
from producers.submissions.messages import OutgoingMessage
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.sender import Sender
from producers.submissions.snapshot_withdrawals import LeftOut, left_out, scope_of
from producers.submissions.submission import Submission
from producers.tables.headers import TableRecogniser
from proofs.replay.fold import fold
from rules.merge import Record
from rules.state import live

CATALOGUE = load_catalogue()
_CIPHER = Cipher(KeyRing(b"k" * 32, {1: b"e" * 32}))
_ENVELOPE = fastavro.parse_schema(ENVELOPE_RECORD)


@dataclass(frozen=True)
class File:
    """A file of one item; its name is its content's."""

    item: str
    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    data_date: date | None = None
    mode: SubmissionMode = SubmissionMode.INCREMENTAL
    period: str | None = None
    correct: bool = False
    force: bool = False

    @property
    def content(self) -> str:
        """Return what stands for the file's hash."""
        return f"{self.titles}{self.rows}"


@dataclass
class Intake:
    """What was sent, and the ledger."""

    events: list[Envelope] = field(default_factory=list)
    ledger: dict[str, SubmissionProgress] = field(default_factory=dict)

    def push(self, file: File, received: datetime) -> tuple[Submission, SubmissionCounts, list[Record]]:
        """Push a file; return its submission, its counts and the events that were sent for it."""
        item = CATALOGUE.item(file.item)
        plain = Submission(
            item.id, item.units[0], "630100", file.mode, file.period, file.data_date, file.correct, "样例.csv",
            file.content, None, channel=Channel.FILE,
        )  # fmt: skip
        submission = numbered(plain, self.ledger, correct=file.correct, force=file.force)
        submission = with_as_of(submission, self.ledger, received)
        counts = SubmissionCounts()
        if submission.id in self.ledger:
            return submission, counts, []
        sent = [*self._rows(file, item, submission, counts)]
        self.events += sent
        withdrawn = [*self._withdrawn(item, submission, counts)]
        self.events += withdrawn
        self.ledger[submission.id] = SubmissionProgress.of(submission, counts, SubmissionState.COMPLETED)
        return submission, counts, [Record(one, 1, b"\x00") for one in (*sent, *withdrawn)]

    def winners(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """Return what every record says in the end: its operation, and its content while it is reported."""
        subjects = {one.subject for one in self.events}
        return {
            (subject, item, key): (record.envelope.op, record.envelope.content_hash * (record.envelope.op == "REPORT"))
            for subject in subjects
            for (item, key), record in fold(
                Record(one, 1, b"") for one in self.events if one.subject == subject
            ).winners.items()
        }

    def live(self) -> dict[tuple[str, str, str], str]:
        """Return the content of every record that counts."""
        found: dict[tuple[str, str, str], str] = {}
        for subject in {one.subject for one in self.events}:
            winners = fold(Record(one, 1, b"") for one in self.events if one.subject == subject).winners
            found |= {
                (subject, *key): record.envelope.content_hash
                for key, record in live(winners, lambda _: None, date.max).items()
            }
        return found

    def _rows(self, file: File, item: Item, submission: Submission, counts: SubmissionCounts) -> Iterator[Envelope]:
        recognised = TableRecogniser(CATALOGUE).recognise([(1, list(file.titles))], [], item)
        self._sender = Sender(OfflineRegistry(BusConfig("", "")), _CIPHER, submission, item, recognised)
        own = {i: p for i, p in self.ledger.items() if p.item == item.id}
        self._sender.revisions.raise_above(revision_floors(self.events, own, submission.id))
        for number, row in enumerate(file.rows, start=2):
            _, message = self._sender.take(number, row, counts)
            if message is not None and message.topic.startswith("catalogue."):
                yield _envelope(message)

    def _withdrawn(self, item: Item, submission: Submission, counts: SubmissionCounts) -> Iterator[Envelope]:
        gone: list[LeftOut] = []
        own = [one for one in self.events if one.item == item.id]
        if submission.mode is SubmissionMode.FULL and counts.accepted:
            scope = scope_of(submission, item, self.ledger, self._sender.periods)
            gone += [LeftOut(one, scope.as_of) for one in left_out(own, scope)[1]]
        gone += left_out_later(own, submission, item, later_lists(submission, item, self.ledger))
        for one in gone:
            yield _envelope(self._sender.withdraw(one, counts))


def _envelope(message: OutgoingMessage) -> Envelope:
    value = fastavro.schemaless_reader(io.BytesIO(message.value[HEAD_SIZE:]), _ENVELOPE, None)
    return Envelope(**value)


def at(day: date, hour: int = 9) -> datetime:
    """Return an hour of a day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
