"""The forms that a value can take on its way: what is searched for, as bytes.

A text is searched by its halves, Chinese and ASCII, for either alone would be enough. A number is searched as people
and programs write it, and as Avro and Java keep it.
"""

import base64
import struct
import urllib.parse
from collections.abc import Iterator
from decimal import Decimal

from tests.canaries.canary import NUMBERS, Canary, CanaryKind

Needle = tuple[str, bytes]
"""The name of a form, and what a value is in it."""

# Of yuan and numbers in the schemas; indicators of both have six.
_SCALES = {CanaryKind.AMOUNT: (4, 6), CanaryKind.MEASURE: (6,)}
_CUT = {0: 0, 1: 2, 2: 3}
"""How many characters of base64 depend on the bytes before, by how many bytes of a group these are."""


def needles(canary: Canary) -> Iterator[Needle]:
    """Yield every form of a canary, each once."""
    seen: set[bytes] = set()
    found = _of_number(canary) if canary.kind in NUMBERS else _of_text(canary.value)
    for form, needle in found:
        if needle not in seen:
            seen.add(needle)
            yield form, needle


def _of_text(value: str) -> Iterator[Needle]:
    chinese = "".join(character for character in value if not character.isascii())
    # Of an address what stands before the @, which is written in several ways.
    rest = value[len(chinese) :].partition("@")[0]
    if chinese:
        yield from _of_chinese(chinese)
    if rest:
        yield from _of_ascii(rest)


def _of_ascii(text: str) -> Iterator[Needle]:
    """Yield a text that is the same in UTF-8, GBK, JSON and URLs."""
    plain = text.encode()
    yield "plain", plain
    yield "lower case", plain.lower()
    yield from _wide(text)
    yield from _encoded(plain)


def _of_chinese(text: str) -> Iterator[Needle]:
    utf8, gbk = text.encode(), text.encode("gb18030")
    yield "UTF-8", utf8
    yield "GBK", gbk
    yield from _wide(text)
    escaped = "".join(f"\\u{ord(character):04x}" for character in text)
    yield "JSON escapes", escaped.encode()
    yield "JSON escapes", escaped.upper().replace("\\U", "\\u").encode()
    # A JSON text in a JSON text.
    yield "JSON escapes, twice", escaped.replace("\\", "\\\\").encode()
    for name, raw in (("URL of UTF-8", utf8), ("URL of GBK", gbk)):
        quoted = urllib.parse.quote(raw, safe="")
        yield name, quoted.encode()
        yield name, quoted.lower().encode()
    yield "HTML", "".join(f"&#{ord(character)};" for character in text).encode()
    yield "HTML", "".join(f"&#x{ord(character):x};" for character in text).encode()
    yield from _encoded(utf8)


def _of_number(canary: Canary) -> Iterator[Needle]:
    number = Decimal(canary.value)
    whole = int(number)
    # With whatever stands behind the point, and rounded to it.
    for text in (str(whole), f"{whole:,}", *_in_ten_thousands(canary, number)):
        yield "digits", text.encode()
        yield from _wide(text)
        yield from _encoded(text.encode())
    for form, raw in _binary(canary.kind, number):
        yield form, raw
        yield from _encoded(raw)


def _binary(kind: CanaryKind, number: Decimal) -> Iterator[Needle]:
    if kind is CanaryKind.COUNT:
        yield "Avro long", _avro_long(int(number))
        yield "long", struct.pack(">q", int(number))
        yield "long", struct.pack("<q", int(number))
        return
    for scale in _SCALES[kind]:
        unscaled = int(number.scaleb(scale))
        yield "Avro decimal", unscaled.to_bytes((unscaled.bit_length() + 8) // 8, "big")
    yield "double", struct.pack(">d", float(number))
    yield "double", struct.pack("<d", float(number))


def _in_ten_thousands(canary: Canary, number: Decimal) -> Iterator[str]:
    if canary.kind is CanaryKind.AMOUNT:
        # 万元, without the places that somebody may round.
        yield f"{number / 10_000:.8f}"[:-5]


def _wide(text: str) -> Iterator[Needle]:
    yield "UTF-16", text.encode("utf-16-le")
    yield "UTF-16", text.encode("utf-16-be")


def _encoded(raw: bytes) -> Iterator[Needle]:
    """Yield bytes as they are inside of a longer text of base64, in each of its alignments, and of hexadecimals."""
    for before in _CUT:
        text = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        # The last character depends on what follows, unless a group ends with it.
        inside = text[_CUT[before] : -1] if (before + len(raw)) % 3 else text[_CUT[before] :]
        yield "base64", inside
        yield "base64 of URLs", inside.replace(b"+", b"-").replace(b"/", b"_")
    yield "hexadecimal", raw.hex().encode()
    yield "hexadecimal", raw.hex().upper().encode()


def _avro_long(number: int) -> bytes:
    """Return a whole number as Avro has it: zigzag, seven bits a byte, the lowest first."""
    rest, found = number << 1, bytearray()
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes((*found, rest))
