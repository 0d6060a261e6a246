"""Send one table: rows in, events out, each chunk and its progress in one Kafka transaction.

A push that was killed leaves either a whole chunk with its progress or nothing of it, so that the next run goes
on at ``next_row`` and every event appears exactly once.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from confluent_kafka import KafkaException, Producer

from bus import clients
from bus.config import BusConfig
from catalogue.envelope import Envelope
from catalogue.errors import FileRefused, Unavailable
from connectors.files.tables import Cell
from producers.submissions.event_history import EventReader, Key, Lift, lifts
from producers.submissions.ledger import Ledger, LedgerReader, Submission
from producers.submissions.publishing import TIMEOUT_S, publish
from producers.submissions.sender import Message, Progress, Sender
from producers.submissions.snapshot_withdrawals import left_out, refuse_if_doubtful, scope_of, unread_elsewhere

CHUNK_ROWS = 5000
CHUNK_SECONDS = 1.0
# Well below what a producer may queue, and small beside a push's other memory.
CHUNK_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a push; ``reasons`` are (column, message, remedy, rows, first row numbers).

    ``unknown``: the titles of columns that the item does not have, and that were not taken.
    """

    submission: Submission
    progress: Progress
    state: str
    recognised: bool = False  # completed before: nothing was sent
    reasons: tuple[tuple[str, str, str, int, tuple[int, ...]], ...] = ()
    unknown: tuple[str, ...] = ()


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
    on_rows: Callable[[int], None] = lambda n: None,
) -> Receipt:
    """Send the data rows of a table and return the receipt; goes on where an earlier run stopped.

    A whole list (mode FULL) then withdraws what it leaves out, unless ``withdraws`` says that more of it follows.
    Raises Unavailable when Kafka is away: what was committed stays, and the same call resumes. Raises FileRefused,
    with all rows sent and nothing withdrawn, when a list leaves out so much that it may be incomplete.
    """
    if (known := ledger.held.get(submission.id)) is not None and known["state"] == "COMPLETED":
        return Receipt(submission, _restored(known), "COMPLETED", recognised=True)
    producer = _producer(config, submission)
    try:
        # First of all: it ends the transaction of a killed run, so that the ledger below is the last word.
        producer.init_transactions(TIMEOUT_S)
        held = ledger.refresh().get(submission.id)
        done = _restored(held)
        if held is not None and held["state"] == "COMPLETED":
            return Receipt(submission, done, "COMPLETED", recognised=True)
        sender.lift(_lifts(submission, ledger.held, events))
        skip, replay = done.rows, Progress()
        chunk: list[Message] = []
        pending, size, last = 0, 0, time.monotonic()
        for row_no, cells in rows:
            # Rows already sent are read again for the memory of duplicates alone.
            counts = replay if replay.rows < skip else done
            said, message = sender.take(row_no, cells, counts)
            if not said or counts is replay:
                continue
            pending += 1
            if message is not None:
                chunk.append(message)
                size += len(message.value)
            if pending >= chunk_rows or size >= CHUNK_BYTES or time.monotonic() - last > CHUNK_SECONDS:
                publish(config, producer, [*chunk, sender.progress(done, "OPEN")])
                on_rows(done.rows)
                chunk, pending, size, last = [], 0, 0, time.monotonic()
        if submission.mode == "FULL" and withdraws:
            publish(config, producer, [*chunk, sender.progress(done, "OPEN")])
            chunk = []
            try:
                gone = _left_out(sender, submission, ledger, events, done, accept=accept_withdrawals)
            except FileRefused:
                publish(config, producer, [sender.progress(done, "FAILED")])
                raise
            for start in range(0, len(gone), chunk_rows):
                messages = [sender.withdraw(one, done) for one in gone[start : start + chunk_rows]]
                publish(config, producer, [*messages, sender.progress(done, "OPEN")])
        publish(config, producer, [*chunk, sender.progress(done, "COMPLETED")])
        on_rows(done.rows)
    except KafkaException as exc:
        raise Unavailable(f"Kafka did not take the push: {exc}.", remedy="Run the same command again.") from exc
    return Receipt(submission, done, "COMPLETED", reasons=commonest(sender))


def _producer(config: BusConfig, submission: Submission) -> Producer:
    settings = {
        "transactional.id": config.topic("push." + submission.id),
        # A killed push hides the ledger's end from the others no longer than this.
        "transaction.timeout.ms": 20_000,
        "linger.ms": 5,
        # A push opens many short-lived clients: a table of a few rows must not wait for the first connection.
        "reconnect.backoff.ms": 5,
        "retry.backoff.ms": 5,
        # A clerk's terminal is no log: what fails is raised, what is retried is nobody's concern.
        "log_level": 2,
    }
    return clients.producer(config, **settings)


def _lifts(sub: Submission, ledger: Ledger, events: EventReader) -> dict[Key, Lift]:
    """Return the lifts of the unit's records; nothing is read where none of its lists ever withdrew any."""
    mine = {i: p for i, p in ledger.items() if (p["item"], p["unit"]) == (sub.item, sub.unit)}
    found: dict[Key, Lift] = {}
    if any(p["withdrawn"] for p in mine.values()):
        for partition in events.partitions():
            found.update(lifts(partition, mine, sub.id))
    return found


def _left_out(
    sender: Sender, sub: Submission, ledger: LedgerReader, events: EventReader, done: Progress, *, accept: bool
) -> list[Envelope]:
    """Return what the list withdraws; raises FileRefused when it may be incomplete and nobody said that it is not."""
    scope = scope_of(sub, sender.item, ledger.refresh(), sender.periods)
    if scope.earlier <= scope.own or not done.accepted:
        return []
    live, gone = done.withdrawn, list[Envelope]()
    for partition in events.partitions():
        held, missing = left_out(partition, scope)
        live += held
        gone += [one for one in missing if one.subject not in sender.unread.subjects]
    if not accept:
        unread = sender.unread.rows + unread_elsewhere(sub, ledger.held)
        refuse_if_doubtful(sub, {"live": live, "gone": len(gone) + done.withdrawn, "unread": unread})
    return gone


def commonest(sender: Sender, most: int = 10) -> tuple[tuple[str, str, str, int, tuple[int, ...]], ...]:
    """Return the commonest reasons of this run: column, message, remedy, how many, the first rows."""
    return tuple((*r, n, tuple(sender.reason_rows[r])) for r, n in sender.reasons.most_common(most))


def _restored(held: Mapping[str, Any] | None) -> Progress:
    if held is None:
        return Progress()
    names = ("rows", "accepted", "rejected", "unresolved", "duplicates", "conflicts", "withdrawn")
    totals = {k: Decimal(v) for k, v in held["control_totals"].items()}
    return Progress(**{n: held[n] for n in names}, totals=totals, opened_at=held["opened_at"])
