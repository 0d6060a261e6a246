"""Reads a file as a push does, up to the events, and judges every value of them by the truth."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import fastavro

from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE
from bus.crypto.cipher import Cipher, bound
from catalogue import avro
from catalogue.errors import FileRefused
from catalogue.model import FieldType, Item
from connectors.files.source import FileSource
from connectors.notes import NoteKind
from connectors.tables import Cell
from producers.submissions import session as session_module
from producers.submissions.config import IntakeConfig
from producers.submissions.messages import OutgoingMessage
from producers.submissions.name_check import NameCheck
from producers.submissions.options import Options
from producers.submissions.progress import SubmissionCounts
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.sender import Sender
from producers.submissions.session import Session
from producers.submissions.submission import Submission
from producers.tables.headers import RecognisedTable
from tests.disturbed.tables import Draft, Line, canonical, plain, same

Place = tuple[str | None, int]


class Fate(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # or it waits: either way the receipt counts it
    DUPLICATE = "duplicate"
    SET_ASIDE = "set aside"  # and a note says so
    IGNORED = "ignored"  # without a word


@dataclass(frozen=True, slots=True)
class ReadRow:
    """What became of a row, and its event where it was accepted."""

    fate: Fate
    event: dict[str, Any] = field(default_factory=dict)


class RecordingSender(Sender):
    """The sender of a push; it keeps what became of each row, its values opened."""

    def __init__(
        self,
        registry: Registry,
        cipher: Cipher,
        submission: Submission,
        item: Item,
        recognised: RecognisedTable,
        names: NameCheck | None = None,
    ) -> None:
        super().__init__(registry, cipher, submission, item, recognised, names)
        self.cipher, self.table, self.sheet = cipher, recognised, submission.sheet
        self._schema = fastavro.parse_schema(avro.event_schema(item))
        self.rows: dict[int, ReadRow] = {}

    def take(self, row_no: int, cells: Sequence[Cell], counts: SubmissionCounts) -> tuple[bool, OutgoingMessage | None]:
        """Take a row, and keep what became of it."""
        noted = sum(note.count for note in self.notes.all())
        filled, message = super().take(row_no, cells, counts)
        event: dict[str, Any] = {}
        if message is None:
            aside = sum(note.count for note in self.notes.all()) > noted
            fate = Fate.DUPLICATE if filled else Fate.SET_ASIDE if aside else Fate.IGNORED
        elif message.topic == avro.topic(self.item.category):
            fate = Fate.ACCEPTED
            event = fastavro.schemaless_reader(io.BytesIO(message.value[HEAD_SIZE:]), self._schema, None)
            event["data"] = self._opened(event["data"] or {}, bound(event["subject"], event["record_key"]))
        else:
            fate = Fate.REFUSED
        self.rows[row_no] = ReadRow(fate, event)
        return filled, message

    def _opened(self, data: dict[str, Any], record: bytes) -> dict[str, str | None]:
        """Return the canonical values of an event, by field."""
        if "sealed" in data:
            data = json.loads(self.cipher.open(data["sealed"], f"{self.item.id}.sealed", record))
        values: dict[str, str | None] = {}
        for kind in self.item.fields:
            value = data.get(kind.name)
            if isinstance(value, bytes):
                value = self.cipher.open(value, f"{self.item.id}.{kind.name}", record).decode()
            values[kind.name] = None if kind.type is FieldType.DETAILS else canonical(kind, value)
        return values


@dataclass(slots=True)
class Reading:
    """What a push made of a file."""

    senders: list[RecordingSender] = field(default_factory=list)
    receipts: list[SubmissionReceipt] = field(default_factory=list)
    refusal: str = ""


@dataclass(slots=True)
class Judgement:
    """What is silently wrong, and how many rows had which fate; ``told_wrong``: wrong values that the receipt tells."""

    wrong: list[str] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    told_wrong: int = 0
    left_out: int = 0


class Intake:
    """A push without a bus, as ``credithub push --dry-run`` makes it; close it."""

    def __init__(self, folder: Path) -> None:
        self._session = Session(IntakeConfig(folder, "630100"), Options())
        self._closing = closing(self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def read(self, path: Path) -> Reading:
        """Push a file and return what came of it."""
        reading = Reading()

        def sender(*arguments: Any) -> RecordingSender:
            reading.senders.append(RecordingSender(*arguments))
            return reading.senders[-1]

        with patch.object(session_module, "Sender", sender):
            try:
                reading.receipts.extend(self._session.push(FileSource(path)))
            except FileRefused as refusal:
                reading.refusal = refusal.message
        return reading


def judge(draft: Draft, places: dict[Place, Line], reading: Reading) -> Judgement:
    """Return what of a reading is silently wrong, by the truth that the draft knows."""
    judgement = Judgement()
    seen: set[Place] = set()
    contents = Counter(str(sorted(line.truth.items(), key=str)) for line in draft.records if line.truth is not None)
    for sender, receipt in zip(reading.senders, reading.receipts, strict=False):
        missing: Counter[str] = Counter()
        for row_no, row in sender.rows.items():
            place = (sender.sheet, row_no)
            line = places.get(place)
            seen.add(place)
            if line is None or line.truth is None:
                if row.fate is Fate.ACCEPTED:
                    judgement.wrong.append(f"{place}: a row that is no record was accepted: {row.event['data']}")
                continue
            judgement.fates[row.fate] += 1
            if row.fate is Fate.IGNORED:
                judgement.wrong.append(f"{place}: a record was ignored without a word")
            elif row.fate is Fate.DUPLICATE and contents[str(sorted(line.truth.items(), key=str))] < 2:
                judgement.wrong.append(f"{place}: a record that is there once was taken for a duplicate")
            elif row.fate is Fate.ACCEPTED:
                _judge_event(draft, place, line, row, sender, receipt, missing, judgement)
        _judge_missing(draft, sender, receipt, missing, judgement)
    if not reading.refusal:
        for place in sorted((p for p, line in places.items() if line.truth is not None and p not in seen), key=str):
            judgement.wrong.append(f"{place}: a record was not read at all")
    return judgement


def _judge_event(
    draft: Draft,
    place: Place,
    line: Line,
    row: ReadRow,
    sender: RecordingSender,
    receipt: SubmissionReceipt,
    missing: Counter[str],
    judgement: Judgement,
) -> None:
    item, event, truth = draft.item, row.event, line.truth or {}
    if sender.item.id != item.id:
        judgement.wrong.append(f"{place}: read as {sender.item.zh}, and is {item.zh}")
        return
    if draft.period and event["period"] != draft.period:
        judgement.wrong.append(f"{place}: period {event['period']}, and is {draft.period}")
    if event["op"] != ("WITHDRAW" if line.withdraws else "REPORT"):
        judgement.wrong.append(f"{place}: {event['op']}")
    if item.subject.uscc and event["subject"] != truth.get(item.subject.uscc):
        judgement.wrong.append(f"{place}: subject {event['subject']}, and is {truth.get(item.subject.uscc)}")
    titles = {column.name: column.title for column in draft.columns}
    assumed = {n.column for n in receipt.notes if n.kind is NoteKind.AMOUNT_UNIT and "没有写明" in n.text}
    doubted = {(n.column, row) for n in receipt.notes if n.kind is NoteKind.ENDS_IN_ZEROS for row in n.rows}
    for kind in item.fields:
        read, expected = event["data"].get(kind.name), truth.get(kind.name)
        if kind.name in line.lost:
            if read is not None and (titles[kind.name].strip(), place[1]) in doubted:
                judgement.told_wrong += 1
            elif read is not None:
                judgement.wrong.append(f"{place}: {kind.name} {kind.zh} was lost, and is read as {read}")
            else:
                missing[kind.name] += 1
        elif same(kind, expected, read):
            continue
        elif read is None:
            # The cells of a row that shifted are the file's: some are empty.
            missing[kind.name] += not line.raw
        elif kind.name in draft.untold_units and titles[kind.name].strip() in assumed and _is_multiple(expected, read):
            judgement.told_wrong += 1
        else:
            judgement.wrong.append(f"{place}: {kind.name} {kind.zh} read as {read!r}, and is {expected!r}")


def _is_multiple(expected: str | None, read: str) -> bool:
    """Whether two amounts are the same number of 元 and of 万元."""
    return expected is not None and Decimal(expected) == 10_000 * Decimal(read)


def _judge_missing(
    draft: Draft, sender: RecordingSender, receipt: SubmissionReceipt, missing: Counter[str], judgement: Judgement
) -> None:
    """Judge the values that the file has and no event has: each is told, with its column and how often."""
    counted = Counter[str]()
    for note in receipt.notes:
        if note.kind is NoteKind.LEFT_OUT:
            counted[plain(note.column)] += note.count
    taken = {column.field.name: plain(column.title) for column in sender.table.columns.values()}
    titles = {column.name: plain(column.title) for column in draft.columns}
    # The title of a group stands before that of its column.
    unread = tuple(plain(column.title) for column in receipt.unread)
    for name, count in missing.items():
        judgement.left_out += count
        if name in taken and counted[taken[name]] < count:
            told = counted[taken[name]]
            judgement.wrong.append(f"{sender.sheet}: {name} is missing in {count} rows, told of {told}")
        elif name not in taken and not any(title.endswith(titles[name]) for title in unread):
            judgement.wrong.append(f"{sender.sheet}: the column of {name} was not taken, and nothing says so")
