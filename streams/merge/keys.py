"""Where the merge keeps what in the store of a partition: the first byte of a key says its kind.

From the changelogs: winning records (``r``), states (``s``) and the values of indicators (``v``). Derived from the
records: the tiles of the indicators (``a``), numbers in order, of cells with many (``k``), what items say to the
indicators over several (``c``), and the days (``x``) on which a share begins or ceases to count, or a window moves.
"""

import functools
import hashlib
from datetime import date

from catalogue.envelope import ItemId, changelog_key

# The fingerprint of the indicators' definitions by which all below ``a``, ``c``, ``k`` and ``x`` was made.
DEFINITIONS = b"d"
# Present when the sums of every record are there, up to the day that the partition reached.
COMPLETE = b"i"
RECORDS, TILES, ORDERED, INPUTS, DUE = b"r", b"a", b"k", b"c", b"x"
_SEPARATOR = b"\x00"


def record_prefix(subject: str, item: str) -> bytes:
    """Return what the keys of all records of a subject's item begin with."""
    return f"r{subject}\0{item}\0".encode()


def subject_prefix(subject: str) -> bytes:
    """Return what the keys of all records of a subject begin with."""
    return f"r{subject}\0".encode()


def stored_record(changelog_key: bytes) -> bytes:
    """Return the store's key of a record."""
    return b"r" + changelog_key


def tiles_key(subject: str, item: str) -> bytes:
    """Return the store's key of what the shares of a subject's item add up to."""
    return f"a{subject}\0{item}".encode()


def ordered_prefix(subject: str, item: str, series: str) -> bytes:
    """Return what the keys of a series' ordered numbers begin with; ``streams.merge.ordered`` says how they go on."""
    # A series has its name within its item alone. A subject's keys are many: the names are not repeated in each.
    return f"k{subject}\0".encode() + _series_hash(item, series)


@functools.lru_cache(maxsize=1 << 10)
def _series_hash(item: str, series: str) -> bytes:
    return hashlib.blake2b(f"{item}\0{series}".encode(), digest_size=6).digest()


def inputs_key(subject: str) -> bytes:
    """Return the store's key of what a subject's items say to the indicators over several."""
    return f"c{subject}".encode()


def due_key(day: date, subject: str, item: str, key: str) -> bytes:
    """Return the key that says: on this day a share of this record begins or ceases to count.

    Without a record key: on this day a window over the subject's item moves.
    """
    return due_prefix(day) + changelog_key(subject, item, key)


def due_prefix(day: date) -> bytes:
    """Return what the keys of everything due on a day begin with; they sort by day."""
    return b"x" + day.toordinal().to_bytes(4, "big")


def due_from(key: bytes) -> tuple[date, str, ItemId, str]:
    """Return (day, subject, item, record key) of a key that ``due_key`` made."""
    subject, item, record = key[5:].split(_SEPARATOR, 2)
    day = date.fromordinal(int.from_bytes(key[1:5], "big"))
    return day, subject.decode(), ItemId(item.decode()), record.decode()


def values_prefix(subject: str) -> bytes:
    """Return what the keys of all values of a subject's indicators begin with; the group follows."""
    return f"v{subject}\0".encode()


def values_key(subject: str, group: str) -> bytes:
    """Return the message key of the values of a subject's indicators of one group; in the store ``v`` is before it."""
    return f"{subject}\0{group}".encode()


def stored_values(message_key: bytes) -> bytes:
    """Return the store's key of the values of indicators."""
    return b"v" + message_key


def stored_state(subject: str) -> bytes:
    """Return the store's key of a state."""
    return b"s" + subject.encode()
