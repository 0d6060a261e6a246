"""Rows of ``unresolved.v1`` whose subject has become known: their events are sent, once, and the rows marked."""

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.reading.scan import scan
from bus.topics import UNRESOLVED
from catalogue import wire
from catalogue.model import Catalogue, Item
from connectors.tables import Cell
from producers.subjects.index import AmbiguousSubject, ContradictedSubject, SubjectAnswer, SubjectIndex, SubjectMatch
from producers.subjects.index_reader import read_index
from producers.submissions.ledger import Ledger, LedgerReader, submission_of
from producers.submissions.messages import OutgoingMessage, unresolved_key
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.publishing import TransactionalPublisher
from producers.submissions.sealed_rows import SealedRow, with_code_column
from producers.submissions.sender import Sender
from producers.submissions.submission import Submission
from producers.tables.columns import ColumnMatcher
from producers.tables.headers import RecognisedTable
from producers.tables.problems import ReasonCode
from producers.tables.rows import compile_row

CHUNK_ROWS = 1000
# Such rows wait for a person's decision, not for a code.
_NEVER = frozenset({ReasonCode.NATURAL_PERSON.value})


# No slots: the id, asked for with every row, is kept.
@dataclass(frozen=True)
class Resolution(Submission):
    """The rows of one submission that were resolved later: a submission of their own, which grows."""

    original: str = ""

    @functools.cached_property
    def id(self) -> str:
        """Return the id: the original's, with a mark."""
        return f"{self.original}.s"


@dataclass(slots=True)
class ResolveOutcome:
    """What became of the waiting rows: ``by`` counts the resolved ones by what their subject was found."""

    waiting: int = 0
    ambiguous: int = 0
    contradicted: int = 0  # the code is one enterprise's, the name another's
    unknown: int = 0
    still_bad: int = 0
    by: Counter[str] = field(default_factory=Counter)

    @property
    def resolved(self) -> int:
        """Return how many rows were resolved."""
        return self.by.total()


class Resolver:
    """Goes through the waiting rows once; only one runs at a time, a second one ends the first."""

    def __init__(self, config: BusConfig, registry: Registry, cipher: Cipher, catalogue: Catalogue) -> None:
        self._config, self._registry, self._cipher, self._catalogue = config, registry, cipher, catalogue
        self._encode = Encoder(registry, UNRESOLVED, wire.UNRESOLVED)

    def run(self, *, dry_run: bool = False) -> ResolveOutcome:
        """Resolve what can be resolved; raises Unavailable when Kafka is away: what was committed stays."""
        publisher = TransactionalPublisher(self._config, "push.resolve", "it")
        outcome = ResolveOutcome()
        reader = LedgerReader(self._config, self._registry)
        try:
            # Before anything is read, so that it is the last word.
            publisher.begin()
            ledger = reader.refresh()
            index = read_index(self._config, self._registry)
            waiting = self._waiting()
            outcome.waiting = sum(map(len, waiting.values()))
            for submission_id, rows in waiting.items():
                if submission_id not in ledger:
                    outcome.unknown += len(rows)
                    continue
                resolution = _resolution(ledger[submission_id])
                for messages in self._resolved(resolution, ledger, rows, index, outcome):
                    if not dry_run:
                        publisher.publish(messages)
        finally:
            reader.close()
        return outcome

    def _waiting(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows that wait for a code, by submission."""
        decode, newest = Decoder(self._registry), dict[bytes, dict[str, Any]]()
        for message in scan(self._config, UNRESOLVED):
            key, value = message.key(), message.value()
            if not isinstance(key, bytes) or not isinstance(value, bytes):
                continue
            row = decode(value)
            newest.pop(key, None)
            if row["state"] == "WAITING" and row["reason"] not in _NEVER:
                newest[key] = row
        by_submission: dict[str, list[dict[str, Any]]] = {}
        for row in newest.values():
            by_submission.setdefault(row["submission_id"], []).append(row)
        return by_submission

    def _resolved(
        self,
        resolution: Resolution,
        ledger: Ledger,
        rows: Iterable[Mapping[str, Any]],
        index: SubjectIndex,
        outcome: ResolveOutcome,
    ) -> Iterator[list[OutgoingMessage]]:
        """Yield, in chunks, events, marks and progress of the rows of one submission that can be resolved."""
        matcher = ColumnMatcher(self._catalogue.item(resolution.item))
        counts, messages = _counts_so_far(ledger.get(resolution.id)), list[OutgoingMessage]()
        sender: Sender | None = None
        for row in sorted(rows, key=lambda r: int(r["row"])):
            kept = SealedRow.opened(self._cipher, row)
            if kept.cut or kept.lacks_units(matcher):
                # Too long to be kept whole, or kept without its units: the department has to send it again.
                outcome.still_bad += 1
                continue
            recognised, cells = kept.as_table(matcher)
            code_at = with_code_column(recognised, cells)
            match = _match(index, recognised, cells)
            if not isinstance(match, SubjectMatch):
                outcome.ambiguous += isinstance(match, AmbiguousSubject)
                outcome.contradicted += isinstance(match, ContradictedSubject)
                outcome.unknown += match is None
                continue
            if code_at is not None:
                cells[code_at] = match.subject
            sender = Sender(self._registry, self._cipher, resolution, matcher.item, recognised)
            after = replace(counts, totals=dict(counts.totals))
            _, message = sender.take(row["row"], cells, after)
            if after.accepted == counts.accepted or message is None:
                # It has other faults: it goes on waiting, with the reason it has.
                outcome.still_bad += 1
                continue
            counts = after
            outcome.by[match.by] += 1
            messages += [message, self._mark(row, match)]
            if len(messages) >= 2 * CHUNK_ROWS:
                yield [*messages, sender.progress(counts, SubmissionState.COMPLETED)]
                messages = []
        if sender is not None and messages:
            yield [*messages, sender.progress(counts, SubmissionState.COMPLETED)]

    def _mark(self, row: Mapping[str, Any], match: SubjectMatch) -> OutgoingMessage:
        """Return the message that says of a row that it waits no more."""
        key = unresolved_key(row["unit"], row["submission_id"], row["row"])
        # What could be seen of it helped to find its subject, and need not be kept any longer.
        value = {**row, "masked": {}, "state": "RESOLVED", "message": f"主体已确定：{match.subject}"}
        return OutgoingMessage(UNRESOLVED, key, self._encode(value))


def _resolution(original: SubmissionProgress) -> Resolution:
    # Its data time too: waiting makes a row's statement no younger.
    declared = {f.name: getattr(submission_of(original), f.name) for f in fields(Submission)}
    return Resolution(**declared | {"force": 0}, original=original.submission_id)


def _counts_so_far(before: SubmissionProgress | None) -> SubmissionCounts:
    if before is None:
        return SubmissionCounts()
    return SubmissionCounts(before.rows, before.accepted, duplicates=before.duplicates, conflicts=before.conflicts)


def _match(index: SubjectIndex, table: RecognisedTable, cells: list[Cell]) -> SubjectAnswer:
    """Look a row's values up; an old code that stands in the column of the USCC counts as it is written."""
    item: Item = table.item
    if item.subject.uscc is None:
        return None
    row = compile_row(item, table.columns, table.extra)(0, cells)
    values: dict[str, Any] = dict(row.values) if row is not None else {}
    for position, column in table.columns.items():
        if column.field.name == item.subject.uscc:
            values[column.field.name] = cells[position]
    return index.find(item, values)
