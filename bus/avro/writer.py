"""An Avro writer that joins encoded parts: what is only passed on is copied, not decoded and encoded again.

An Avro record is the concatenation of its encoded fields. So the bytes of an envelope and a payload go unchanged from
the catalogue event into the record and the change, and only lengths and small fields around them are written here
(Avro 1.12, Binary Encoding). A test compares every result with fastavro's.
"""

from datetime import date, datetime

from catalogue.times import micros

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SMALL = tuple(bytes((number << 1,)) for number in range(64)) + tuple(
    bytes((number << 1 & 0x7F | 0x80, number >> 6)) for number in range(64, 8192)
)


def long(number: int) -> bytes:
    """Encode an int or long: zigzag, then seven bits a byte, the lowest first."""
    if 0 <= number < 8192:
        return _SMALL[number]
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest >= 0x80:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def timestamp(moment: datetime) -> bytes:
    """Encode a ``timestamp-micros``."""
    return long(micros(moment))


def day(of: date) -> bytes:
    """Encode a ``date``."""
    return long(of.toordinal() - _EPOCH_DAY)


def text(value: str) -> bytes:
    """Encode a string."""
    raw = value.encode()
    size = len(raw)
    # Nearly all strings are short, and a message has a dozen: this saves a call each.
    return (_SMALL[size] if size < 8192 else long(size)) + raw


def optional_text(value: str | None) -> bytes:
    """Encode a union of null and string."""
    return b"\x00" if value is None else b"\x02" + text(value)


def optional_long(number: int | None) -> bytes:
    """Encode a union of null and int or long."""
    return b"\x00" if number is None else b"\x02" + long(number)


def optional_date(of: date | None) -> bytes:
    """Encode a union of null and ``date``."""
    return b"\x00" if of is None else b"\x02" + day(of)


def read_long(raw: bytes, at: int) -> tuple[int, int]:
    """Decode an int or long at ``at``; return it and where it ends. Raises IndexError at the end of ``raw``."""
    shift = rest = 0
    while True:
        byte = raw[at]
        at += 1
        rest |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (rest >> 1) ^ -(rest & 1), at
        shift += 7


def record(magic: bytes, head: bytes, schema_id: int, payload: bytes) -> bytes:
    """Return the message of a ``Record``: an envelope, the schema id and the payload; ``magic`` begins a message."""
    return b"".join((magic, head, long(schema_id), long(len(payload)), payload))


def record_tail(raw: bytes, at: int) -> tuple[int, bytes]:
    """Return (schema id, payload) of a ``Record`` whose envelope ends at ``at``."""
    schema_id, at = read_long(raw, at)
    size, at = read_long(raw, at)
    return schema_id, raw[at : at + size]


def record_change(
    head: bytes, live: bool, schema_id: int, payload: bytes, was_live: bool, previous: tuple[int, bytes] | None
) -> bytes:
    """Encode ``RecordChange``; ``previous``: schema id and payload of the version before."""
    return b"".join(
        (
            head,
            b"\x01" if live else b"\x00",
            long(schema_id),
            long(len(payload)),
            payload,
            b"\x01" if was_live else b"\x00",
            # A null is branch 0 of its union, a value branch 1 (as zigzag numbers: 0x00 and 0x02).
            *(
                (b"\x00", b"\x00")
                if previous is None
                else (b"\x02", long(previous[0]), b"\x02", long(len(previous[1])), previous[1])
            ),
        )
    )


def array(items: list[bytes]) -> bytes:
    """Encode an array of encoded items, or a map of encoded pairs."""
    return b"".join((long(len(items)), *items, b"\x00")) if items else b"\x00"
