"""Where the merge keeps what in the store of a partition: the first byte of a key says its kind.

From the changelogs: winning records (``r``) and states (``s``). Derived from the records: the running sums of the
indicators (``a``), the shares of those that need an order (``k``) and the days on which a share begins or ends to
count (``x``).
"""

from datetime import date

from catalogue.envelope import ItemId, changelog_key

# The fingerprint of the indicators' definitions by which all below ``a``, ``k`` and ``x`` was made.
DEFINITIONS = b"d"
# Present when the sums of every record are there, up to the day that the partition reached.
COMPLETE = b"i"
RECORDS, SUMS, ORDERED_SHARES, DUE = b"r", b"a", b"k", b"x"
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


def running_key(subject: str, item: str) -> bytes:
    """Return the store's key of what the shares of a subject's item add up to."""
    return f"a{subject}\0{item}".encode()


def top_prefix(subject: str, indicator: str) -> bytes:
    """Return what the keys of an ordered indicator's shares begin with; sort key and record key follow."""
    return f"k{subject}\0{indicator}\0".encode()


def due_key(day: date, subject: str, item: str, key: str) -> bytes:
    """Return the key that says: on this day a share of this record begins or ends to count."""
    return due_prefix(day) + changelog_key(subject, item, key)


def due_prefix(day: date) -> bytes:
    """Return what the keys of everything due on a day begin with; they sort by day."""
    return b"x" + day.toordinal().to_bytes(4, "big")


def due_from(key: bytes) -> tuple[date, str, ItemId, str]:
    """Return (day, subject, item, record key) of a key that ``due_key`` made."""
    subject, item, record = key[5:].split(_SEPARATOR, 2)
    day = date.fromordinal(int.from_bytes(key[1:5], "big"))
    return day, subject.decode(), ItemId(item.decode()), record.decode()


def stored_state(subject: str) -> bytes:
    """Return the store's key of a state."""
    return b"s" + subject.encode()
