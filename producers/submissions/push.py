"""Send one table: rows in, events out, each chunk and its progress in one Kafka transaction.

A push that was killed leaves either a whole chunk with its progress or nothing of it, so that the next run goes
on at ``next_row`` and every event appears exactly once.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from bus.config import BusConfig
from catalogue.errors import FileRefused
from connectors.tables import Cell
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import EventReader, RevisionFloor, SubjectRecordKey, revision_floors
from producers.submissions.later_lists import later_lists, left_out_later
from producers.submissions.ledger import Ledger, LedgerReader
from producers.submissions.messages import OutgoingMessage
from producers.submissions.progress import SubmissionCounts, SubmissionState
from producers.submissions.publishing import TransactionalPublisher
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.sender import Sender
from producers.submissions.snapshot_withdrawals import LeftOut, left_out, refuse_if_doubtful, scope_of, unread_elsewhere
from producers.submissions.submission import Submission

CHUNK_ROWS = 5000
CHUNK_SECONDS = 1.0
# Well below what a producer may queue, and small beside a push's other memory.
CHUNK_BYTES = 16 << 20

OnRows = Callable[[int], None]  # told how many rows were sent so far
_PRODUCER_SETTINGS = {
    "linger.ms": 5,
    # A push opens many short-lived clients: a table of a few rows must not wait for the first connection.
    "reconnect.backoff.ms": 5,
    "retry.backoff.ms": 5,
}


def push_table(
    config: BusConfig,
    sender: Sender,
    submission: Submission,
    rows: Iterable[tuple[int, Sequence[Cell]]],
    ledger: LedgerReader,
    events: EventReader,
    *,
    chunk_rows: int = CHUNK_ROWS,
    withdraws: bool = True,
    accept_withdrawals: bool = False,
    on_rows: OnRows = lambda n: None,
) -> SubmissionReceipt:
    """Send the data rows of a table and return the receipt; goes on where an earlier run stopped.

    A whole list (mode FULL) then withdraws what it leaves out, unless ``withdraws`` says that more of it follows. So is
    what a list of a later data time leaves out that came before this table.
    Raises Unavailable when Kafka is away: what was committed stays, and the same call resumes. Raises FileRefused,
    with all rows sent and nothing withdrawn, when a list leaves out so much that it may be incomplete.
    """
    known = ledger.progress.get(submission.id)
    if known is not None and known.completed:
        return SubmissionReceipt(submission, known.counts(), SubmissionState.COMPLETED, recognised=True)
    publisher = TransactionalPublisher(config, "push." + submission.id, "the push", **_PRODUCER_SETTINGS)
    # Before the ledger is read, so that what it says is the last word.
    publisher.begin()
    known = ledger.refresh().get(submission.id)
    counts = SubmissionCounts() if known is None else known.counts()
    if known is not None and known.completed:
        return SubmissionReceipt(submission, counts, SubmissionState.COMPLETED, recognised=True)
    submission = sender.go_on(known)
    sender.revisions.raise_above(_floors(submission, ledger.progress, events))
    rest = _send_rows(publisher, sender, rows, counts, chunk_rows, on_rows)
    lists = later_lists(submission, sender.item, ledger.progress)
    whole = submission.mode is SubmissionMode.FULL and withdraws
    if whole or lists:
        publisher.publish([*rest, sender.progress(counts, SubmissionState.OPEN)])
        rest = []
        try:
            gone = _left_out(sender, submission, ledger, events, counts, accept=accept_withdrawals) if whole else []
        except FileRefused:
            publisher.publish([sender.progress(counts, SubmissionState.FAILED)])
            raise
        for partition in events.partitions() if lists else ():
            gone += left_out_later(partition, submission, sender.item, lists)
        for start in range(0, len(gone), chunk_rows):
            withdrawals = [sender.withdraw(record, counts) for record in gone[start : start + chunk_rows]]
            publisher.publish([*withdrawals, sender.progress(counts, SubmissionState.OPEN)])
    publisher.publish([*rest, sender.progress(counts, SubmissionState.COMPLETED)])
    on_rows(counts.rows)
    return SubmissionReceipt(submission, counts, SubmissionState.COMPLETED, reasons=sender.refused.commonest())


def _send_rows(
    publisher: TransactionalPublisher,
    sender: Sender,
    rows: Iterable[tuple[int, Sequence[Cell]]],
    counts: SubmissionCounts,
    chunk_rows: int,
    on_rows: OnRows,
) -> list[OutgoingMessage]:
    """Publish the rows that no earlier run sent, chunk by chunk; return the messages of the last, unfinished chunk."""
    skip, replayed = counts.rows, SubmissionCounts()
    chunk: list[OutgoingMessage] = []
    pending, size, last = 0, 0, time.monotonic()
    for row_no, cells in rows:
        # Rows already sent are read again for the memory of duplicates alone.
        current = replayed if replayed.rows < skip else counts
        says_anything, message = sender.take(row_no, cells, current)
        if not says_anything or current is replayed:
            continue
        pending += 1
        if message is not None:
            chunk.append(message)
            size += len(message.value)
        if pending >= chunk_rows or size >= CHUNK_BYTES or time.monotonic() - last > CHUNK_SECONDS:
            publisher.publish([*chunk, sender.progress(counts, SubmissionState.OPEN)])
            on_rows(counts.rows)
            chunk, pending, size, last = [], 0, 0, time.monotonic()
    return chunk


def _floors(submission: Submission, ledger: Ledger, events: EventReader) -> dict[SubjectRecordKey, RevisionFloor]:
    """Return the revision floors of the unit's records; nothing is read where none of its lists ever withdrew any."""
    own = {i: p for i, p in ledger.items() if (p.item, p.unit) == (submission.item, submission.unit)}
    floors: dict[SubjectRecordKey, RevisionFloor] = {}
    if any(progress.withdrawn for progress in own.values()):
        for partition in events.partitions():
            floors.update(revision_floors(partition, own, submission.id))
    return floors


def _left_out(
    sender: Sender,
    submission: Submission,
    ledger: LedgerReader,
    events: EventReader,
    counts: SubmissionCounts,
    *,
    accept: bool,
) -> list[LeftOut]:
    """Return what the list withdraws; raises FileRefused when it may be incomplete and nobody said that it is not."""
    scope = scope_of(submission, sender.item, ledger.refresh(), sender.periods)
    if scope.earlier <= scope.own or not counts.accepted:
        return []
    unread = sender.refused.unread
    live, gone = counts.withdrawn, list[LeftOut]()
    for partition in events.partitions():
        live_there, missing = left_out(partition, scope)
        live += live_there
        gone += [LeftOut(record, scope.as_of) for record in missing if record.subject not in unread.subjects]
    if not accept:
        unread_rows = unread.rows + unread_elsewhere(submission, ledger.progress)
        doubts = {"live": live, "gone": len(gone) + counts.withdrawn, "unread": unread_rows}
        refuse_if_doubtful(submission, doubts)
    return gone
