"""The ledger ``submission.v1``: the progress of every submission, and which of them a new push goes on with."""

import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from bus import clients
from bus.access import raise_if_refused
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import connected, offsets
from bus.topics import SUBMISSION
from catalogue.envelope import Channel
from catalogue.errors import Unavailable
from catalogue.times import EPOCH
from producers.submissions.declarations import DeclarationOrigins, SubmissionMode
from producers.submissions.progress import SubmissionProgress
from producers.submissions.submission import Submission

Ledger = Mapping[str, SubmissionProgress]  # by submission id
# Longer than the transactions of pushes last at most, a killed one's too (producers.submissions.push).
_READ_WITHIN_S = 60.0
_ID = re.compile(r"(?P<base>[0-9a-f]{24})\.r(?P<revision>\d+)(?:\.f(?P<force>\d+))?")


class LedgerReader:
    """The newest committed progress of every submission, read on from where the last reading ended."""

    def __init__(self, config: BusConfig, registry: Registry) -> None:
        self._config = config
        self._decode = Decoder(registry)
        self._partition = TopicPartition(config.topic(SUBMISSION), 0)
        settings = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
        self._consumer = clients.consumer(config, config.own(f"ledger-{uuid.uuid4()}"), **settings)
        self._consumer.assign([TopicPartition(self._partition.topic, 0, OFFSET_BEGINNING)])
        self._admin = connected(config, self._partition.topic)
        self._reached = 0
        self.progress: dict[str, SubmissionProgress] = {}  # as of the last ``refresh``

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()

    def refresh(self) -> Ledger:
        """Read up to what is the end now, and return the progress of every submission by its id.

        A transaction that somebody left open hides what was committed behind it, so this waits until it is over.
        Raises Unavailable when the broker is silent, or such a transaction does not end.
        """
        deadline = time.monotonic() + _READ_WITHIN_S
        end = offsets(self._config, self._admin, [self._partition], OffsetSpec.latest())[self._partition]
        try:
            while True:
                self._read_on()
                if self._reached >= end:
                    return self.progress
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "The ledger of submissions cannot be read to its end.", remedy="Try again shortly."
                    )
        except KafkaException as exc:
            raise_if_refused(exc, "read the ledger of submissions")
            raise Unavailable(f"The ledger of submissions cannot be read: {exc}.", remedy="Try again shortly.") from exc

    def _read_on(self) -> None:
        for message in self._consumer.consume(1000, timeout=0.02):
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    # The position alone stops short of a transaction's own marks.
                    self._reached = message.offset()
                elif not error.retriable():
                    raise KafkaException(error)
                continue
            value = message.value()
            if isinstance(value, bytes):
                progress = SubmissionProgress.from_wire(self._decode(value))
                self.progress[progress.submission_id] = progress


class IdParts(NamedTuple):
    """The parts of a submission's id; ("", 0, 0) for an id that no push made."""

    base: str
    revision: int
    force: int


def id_parts(submission_id: str) -> IdParts:
    """Return what an id is made of."""
    parts = _ID.fullmatch(submission_id)
    return IdParts(parts["base"], int(parts["revision"]), int(parts["force"] or 0)) if parts else IdParts("", 0, 0)


def submission_of(progress: SubmissionProgress) -> Submission:
    """Return the submission whose progress the ledger has."""
    parts = id_parts(progress.submission_id)
    return Submission(
        item=progress.item,
        unit=progress.unit,
        region=progress.region,
        mode=SubmissionMode(progress.mode),
        period=progress.period,
        data_date=progress.data_date,
        correction=progress.correction,
        file_name=progress.file_name,
        file_sha256=progress.file_sha256,
        sheet=progress.sheet,
        revision=parts.revision,
        force=parts.force,
        channel=Channel(progress.channel),
        origins=DeclarationOrigins.from_wire(progress.declared_in),
        as_of=progress.as_of or EPOCH,
        as_of_from=progress.as_of_from,
        reading=progress.reading or "",
        rereads=progress.rereads,
    )


def numbered(submission: Submission, ledger: Ledger, *, correct: bool, force: bool) -> Submission:
    """Return a submission with its revision and force count: an unfinished one of the same content goes on.

    A correction is one above every earlier submission of the item by the unit, unless the newest of them is
    this very content: then it is that one again. What a person says of a table is sent again when the table was sent
    meanwhile as read otherwise.
    """
    base = submission.base
    own = [id_parts(i) for i, p in ledger.items() if p.item == submission.item and p.unit == submission.unit]
    newest = max((parts.revision for parts in own), default=0)
    revision = 0
    if correct:
        again = newest > 0 and any(parts.base == base and parts.revision == newest for parts in own)
        revision = newest if again else newest + 1
    last = max((parts.force for parts in own if parts.base == base and parts.revision == revision), default=-1)
    if last < 0:
        return replace(submission, revision=revision, force=0)
    sent = replace(submission, revision=revision, force=last)
    progress = ledger[sent.id]
    overtaken = any(_is_later(other, progress) for other in other_readings(submission, ledger.values()))
    return replace(sent, force=last + 1) if (force or overtaken) and progress.completed else sent


def other_readings(submission: Submission, earlier: Iterable[SubmissionProgress]) -> list[SubmissionProgress]:
    """Return the submissions of the very table of which a person said something else; none where nobody said any."""
    table = _table(submission)
    reading = submission.reading
    return [p for p in earlier if reading and (p.reading or "") != reading and _table(p) == table]


def _table(of: Submission | SubmissionProgress) -> tuple[object, ...]:
    declared = (of.item, of.unit, of.region, str(of.mode), of.period, of.data_date)
    return of.file_sha256, of.sheet, *declared


def _is_later(other: SubmissionProgress, progress: SubmissionProgress) -> bool:
    return (other.last_as_of or EPOCH) > (progress.last_as_of or EPOCH)
