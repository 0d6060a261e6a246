"""A push of one table: what it is called, and how far it came according to the ledger ``submission.v1``."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bus.codec import Decoder, Registry
from bus.config import BusConfig
from bus.scan import scan

TOPIC = "submission.v1"
Ledger = Mapping[str, Mapping[str, Any]]
_ID = re.compile(r"(?P<base>[0-9a-f]{24})\.r(?P<revision>\d+)(?:\.f(?P<force>\d+))?")


@dataclass(frozen=True, slots=True)
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

    @property
    def base(self) -> str:
        """Return the part of the id that file, sheet, item, mode and declaration decide."""
        parts = (self.file_sha256, self.sheet, self.item, self.mode, self.unit, self.region, self.period)
        text = "\x00".join(str(p or "") for p in (*parts, self.data_date))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def id(self) -> str:
        """Return the submission's id."""
        return f"{self.base}.r{self.revision}" + (f".f{self.force}" if self.force else "")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_ledger(config: BusConfig, registry: Registry) -> dict[str, dict[str, Any]]:
    """Return the newest committed progress of every submission by its id."""
    decode = Decoder(registry)
    found: dict[str, dict[str, Any]] = {}
    for message in scan(config, TOPIC):
        value = message.value()
        if isinstance(value, bytes):
            progress = decode(value)
            found[progress["submission_id"]] = progress
    return found


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
