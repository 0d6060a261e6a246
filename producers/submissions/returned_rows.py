"""Rows of a submission that were rejected, or still wait, for their reporter to mend; who holds the key reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.reading.scan import scan
from bus.topics import REJECTED, UNRESOLVED
from producers.submissions.sealed_rows import SealedRow

WAITING = "WAITING"


@dataclass(frozen=True, slots=True)
class ReturnedReason:
    """Why a row was not taken; ``column`` is the title as the file has it, "" for the whole row."""

    column: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ReturnedRow:
    """A row with its number in the file, its cells and the reasons. ``waits``: it is kept, and its subject unknown."""

    row_no: int
    cells: SealedRow
    reasons: tuple[ReturnedReason, ...]
    waits: bool


def read_returned(config: BusConfig, registry: Registry, cipher: Cipher, submission_id: str) -> list[ReturnedRow]:
    """Return the rows of a submission that were not taken and have not been resolved since, by their row number.

    Raises Unavailable when Kafka is away.
    """
    decode = Decoder(registry)
    newest: dict[tuple[str, int], Mapping[str, Any]] = {}
    for topic in (REJECTED, UNRESOLVED):
        for message in scan(config, topic):
            value = message.value()
            if not isinstance(value, bytes):
                continue
            row = decode(value)
            if row["submission_id"] == submission_id:
                newest[topic, row["row"]] = row
    rows = [opened(cipher, row) for row in newest.values() if row.get("state", WAITING) == WAITING]
    return sorted(rows, key=lambda row: row.row_no)


def opened(cipher: Cipher, row: Mapping[str, Any]) -> ReturnedRow:
    """Return the row that a decoded value of one of the two topics holds."""
    return ReturnedRow(row["row"], SealedRow.opened(cipher, row), tuple(_reasons(row)), waits="state" in row)


def _reasons(row: Mapping[str, Any]) -> Iterator[ReturnedReason]:
    if "reasons" not in row:
        yield ReturnedReason("", row["message"], "请补填统一社会信用代码；登记信息到后平台也会对应")
        return
    for reason in row["reasons"]:
        yield ReturnedReason(reason["column"], reason["message"], reason["remedy"])
