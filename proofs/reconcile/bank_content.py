"""A hash of all that a message tells a bank, but for its sequence and the time at which it was sent.

What must be told is made of the change, by the rules of release; what was told is read from the bank's topic. What all
banks are told alike is hashed once, and then with what is each one's own: the handle and the version of its labels.
Both are brought into one form here, in which what is not filled is left out: a bank cannot tell it from what is not
there. The hash is the same in every process, so that it can be kept.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from catalogue.times import micros
from rules.release.lists import VisibleEntry
from rules.release.visible import VisibleChange

_SIZE = 8  # bytes: sums of hashes are compared, and a pass has millions of them


def of_record(subject_name: str | None, visible: VisibleChange) -> int:
    """Return the hash of what every bank must be told of a record; its times are microseconds, as on the wire."""
    record, after = visible.record, visible.after
    withheld = [(w.field, w.code, w.reason) for w in after.withheld] if after else []
    return content_hash(
        subject_name, record["item"], visible.op.value, record["source_time"], record["unit"],
        withheld, None if after is None else _filled(after.visible), *_because(visible.reason),
    )  # fmt: skip


def told_of_record(message: Mapping[str, Any]) -> int:
    """Return the hash of what a bank was told of a record, ``addressed``; ``message`` has its times as moments."""
    data = message["data"]
    withheld = [(w["field"], w["code"], w["reason"]) for w in message["withheld"]]
    content = content_hash(
        message["subject_name"], message["item"], message["op"], micros(message["source_time"]), message["unit"],
        withheld, None if data is None else _filled(data), *_because(message["reason"]),
    )  # fmt: skip
    return addressed(content, message["record_key"], message["policy"])


def addressed(content: int, handle: str, policy: int) -> int:
    """Return the hash of a message to one bank, with its handle of the record ("" without one) and its labels."""
    return content_hash(content, handle, policy)


def of_indicators(subject_name: str | None, as_of: int, values: Mapping[str, bytes | None]) -> int:
    """Return the hash of a message about indicators; ``as_of``: days since 1970, decimals as on the wire."""
    numbers = sorted((name, _unscaled(value)) for name, value in values.items())
    return content_hash(subject_name, as_of, numbers)


def of_entry(entry: VisibleEntry) -> int:
    """Return the hash of what every bank must be told of a list; its dates are days since 1970, as on the wire."""
    label, decided = entry.label, entry.decided
    # Without a name: changes of lists have none.
    return content_hash(
        None, label.id, label.zh, label.kind, entry.status.value, None if entry.reason is None else entry.reason.value,
        decided.get("since"), decided.get("as_of"), decided.get("definition_hash"),
    )  # fmt: skip


def told_of_entry(message: Mapping[str, Any]) -> int:
    """Return the hash of what a bank was told of a list, ``addressed``; ``message`` has its dates as on the wire."""
    content = content_hash(
        message["subject_name"], message["list"], message["list_name"], message["kind"], message["status"],
        message["reason"], message["since"], message["as_of"], message["definition_hash"],
    )  # fmt: skip
    return addressed(content, "", message["policy"])


def content_hash(*parts: object) -> int:
    """Return 64 bits of a hash of values that are shown by ``repr``, the same in every process."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=_SIZE).digest())


def _because(reason: str | None) -> tuple[str, ...]:
    return () if reason is None else (str(reason),)


def _filled(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what is filled, by name, so that the order of a schema's fields does not count."""
    filled = [(name, _rows(value)) for name, value in values.items() if value is not None]
    filled.sort(key=lambda pair: pair[0])
    return filled


def _rows(value: Any) -> Any:
    rows: Iterable[Mapping[str, Any]] = value
    return [_filled(row) for row in rows] if type(value) is list else value


def _unscaled(value: bytes | None) -> tuple[bool, int]:
    # The first part sorts what cannot be computed apart from every number.
    return (False, 0) if value is None else (True, int.from_bytes(value, "big", signed=True))
