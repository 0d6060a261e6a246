"""A push of one table: what it is called, and how far it came according to the ledger ``submission.v1``."""

import functools
import hashlib
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import connected, offsets
from catalogue.errors import Unavailable

TOPIC = "submission.v1"
Ledger = Mapping[str, Mapping[str, Any]]
# Longer than the transactions of pushes last at most, a killed one's too (producers.submissions.push).
_READ_WITHIN_S = 60.0
_ID = re.compile(r"(?P<base>[0-9a-f]{24})\.r(?P<revision>\d+)(?:\.f(?P<force>\d+))?")


# No slots: the id, asked for with every row, is kept.
@dataclass(frozen=True)
class Submission:
    """What a push says of itself; ``base`` names the same content under the same declaration."""

    item: str
    unit: str
    region: str
    mode: str  # FULL, SET or INCREMENTAL
    period: str | None
    data_date: date | None
    correction: bool
    file_name: str
    file_sha256: str
    sheet: str | None
    revision: int = 0
    force: int = 0

    @functools.cached_property
    def base(self) -> str:
        """Return the part of the id that file, sheet, item, mode and declaration decide."""
        parts = (self.file_sha256, self.sheet, self.item, self.mode, self.unit, self.region, self.period)
        text = "\x00".join(str(p or "") for p in (*parts, self.data_date))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @functools.cached_property
    def id(self) -> str:
        """Return the submission's id."""
        return f"{self.base}.r{self.revision}" + (f".f{self.force}" if self.force else "")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class LedgerReader:
    """The newest committed progress of every submission, read on from where the last reading ended."""

    def __init__(self, config: BusConfig, registry: Registry) -> None:
        self._config = config
        self._decode = Decoder(registry)
        self._place = TopicPartition(config.topic(TOPIC), 0)
        settings = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
        self._consumer = clients.consumer(config, f"ledger-{uuid.uuid4()}", **settings)
        self._consumer.assign([TopicPartition(self._place.topic, 0, OFFSET_BEGINNING)])
        self._admin = connected(config, self._place.topic)
        self._reached = 0
        self.held: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()

    def refresh(self) -> Mapping[str, Mapping[str, Any]]:
        """Read up to what is the end now, and return the progress of every submission by its id.

        A transaction that somebody left open hides what was committed behind it, so this waits until it is over.
        Raises Unavailable when the broker is silent, or such a transaction does not end.
        """
        deadline = time.monotonic() + _READ_WITHIN_S
        end = offsets(self._config, self._admin, [self._place], OffsetSpec.latest())[self._place]
        while True:
            for message in self._consumer.consume(1000, timeout=0.02):
                error = message.error()
                if error is not None:
                    if error.name() == "_PARTITION_EOF":
                        # The position alone stops short of a transaction's own marks.
                        self._reached = message.offset()
                    elif not error.retriable():
                        raise KafkaException(error)
                    continue
                value = message.value()
                if isinstance(value, bytes):
                    progress = self._decode(value)
                    self.held[progress["submission_id"]] = progress
            if self._reached >= end:
                return self.held
            if time.monotonic() > deadline:
                raise Unavailable("The ledger of submissions cannot be read to its end.", remedy="Try again shortly.")


def numbers(submission_id: str) -> tuple[str, int, int]:
    """Return (base, revision, force count) of an id; ("", 0, 0) for another channel's."""
    found = _ID.fullmatch(submission_id)
    return (found["base"], int(found["revision"]), int(found["force"] or 0)) if found else ("", 0, 0)


def place(base: str, item: str, unit: str, ledger: Ledger, *, correct: bool, force: bool) -> tuple[int, int]:
    """Return (revision, force count) of a push: an unfinished one of the same content goes on.

    A correction is one above every earlier submission of the item by the unit, unless the newest of them is
    this very content: then it is that one again.
    """
    mine = [numbers(i) for i, p in ledger.items() if p["item"] == item and p["unit"] == unit]
    top = max((revision for _, revision, _ in mine), default=0)
    revision = 0
    if correct:
        again = top > 0 and any(b == base and r == top for b, r, _ in mine)
        revision = top if again else top + 1
    last = max((f for b, r, f in mine if b == base and r == revision), default=-1)
    if last < 0:
        return revision, 0
    suffix = f".f{last}" if last else ""
    done = ledger[f"{base}.r{revision}{suffix}"]["state"] == "COMPLETED"
    return revision, last + 1 if force and done else last
