"""A canary is found in whatever form it comes, however packed; and nothing is found where there is none."""

import base64
import gzip
import html
import io
import json
import struct
import urllib.parse
import zipfile
from collections.abc import Callable
from decimal import Decimal

import cramjam
import fastavro
import pytest

from tests.canaries.canary import Canary, CanaryKind, Mint, Phase, Secrecy
from tests.canaries.search import Finder

MINT = Mint(7)
ALL = {
    kind: Canary(kind, MINT.value(kind), Secrecy.PERSONAL, "", "tax.payment", kind.value, Phase.FIRST)
    for kind in CanaryKind
}
FINDER = Finder([*ALL.values()])
WORDS = [one for kind, one in ALL.items() if kind not in (CanaryKind.AMOUNT, CanaryKind.MEASURE, CanaryKind.COUNT)]
CHINESE = "".join(character for character in ALL[CanaryKind.TEXT].value if not character.isascii())
Leak = Callable[[str], bytes]


def found_in(data: bytes) -> set[Canary]:
    return {found.canary for found in FINDER.find(data)}


def _avro(value: object, schema: object) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return b"\0\0\0\0\7" + out.getvalue() + b"\2"


def _zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<t>{text}</t>")
    return out.getvalue()


TEXT_LEAKS: dict[str, Leak] = {
    "UTF-8": lambda text: f"x{text}x".encode(),
    "GBK": lambda text: f"企业{text}名称".encode("gbk"),
    "UTF-16": lambda text: f"ab{text}".encode("utf-16-le"),
    "UTF-16, the other way": lambda text: f"ab{text}".encode("utf-16-be"),
    "lower case": lambda text: text.lower().encode(),
    "JSON escapes": lambda text: json.dumps({"a": text}).encode(),
    "JSON escapes in upper case": lambda text: json.dumps(text).upper().replace("\\U", "\\u").encode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "URL": lambda text: urllib.parse.quote(text).encode(),
    "URL in lower case": lambda text: urllib.parse.quote(text).lower().encode(),
    "URL of GBK": lambda text: urllib.parse.quote(text.encode("gbk")).encode(),
    "HTML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "HTML, hexadecimal": lambda text: "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in text).encode(),
    "base64, at 0": lambda text: base64.b64encode(f"{text}!".encode()),
    "base64, at 1": lambda text: base64.b64encode(f"a{text}??".encode()),
    "base64, at 2": lambda text: base64.b64encode(f"ab{text}".encode()),
    "base64 of a URL": lambda text: base64.urlsafe_b64encode(f"?>{text}?>".encode()),
    "hexadecimal": lambda text: f"\\x00{text.encode().hex()}ff".encode(),
    "hexadecimal in upper case": lambda text: text.encode().hex().upper().encode(),
    "gzip": lambda text: b"before" + gzip.compress(text.encode()),
    "gzip in gzip": lambda text: gzip.compress(b"x" + gzip.compress(text.encode())),
    "zstd": lambda text: b"before" + bytes(cramjam.zstd.compress(text.encode())),
    "a workbook": lambda text: _zipped(text),
}


@pytest.mark.parametrize("canary", WORDS, ids=[one.kind for one in WORDS])
@pytest.mark.parametrize("form", TEXT_LEAKS)
def test_a_text_is_found_in_each_form(form: str, canary: Canary) -> None:
    assert found_in(TEXT_LEAKS[form](canary.value)) == {canary}


@pytest.mark.parametrize("form", [name for name in TEXT_LEAKS if name != "lower case"])
def test_one_half_of_a_text_is_enough(form: str) -> None:
    text = ALL[CanaryKind.TEXT]
    assert found_in(TEXT_LEAKS[form](CHINESE)) == {text}
    assert found_in(TEXT_LEAKS[form](text.value.removeprefix(CHINESE))) == {text}


AMOUNT, MEASURE, COUNT = (
    Decimal(ALL[kind].value) for kind in (CanaryKind.AMOUNT, CanaryKind.MEASURE, CanaryKind.COUNT)
)
NUMBER_LEAKS: dict[str, tuple[CanaryKind, bytes]] = {
    "as it is": (CanaryKind.AMOUNT, str(AMOUNT).encode()),
    "rounded": (CanaryKind.AMOUNT, f"{AMOUNT:.1f}"[:-2].encode()),
    "with commas": (CanaryKind.AMOUNT, f"{AMOUNT:,.2f}".encode()),
    "in ten thousands": (CanaryKind.AMOUNT, f"{AMOUNT / 10_000:.4f}万元".encode()),
    "unscaled": (CanaryKind.AMOUNT, str(int(AMOUNT.scaleb(4))).encode()),
    "as a double": (CanaryKind.AMOUNT, b"x" + struct.pack(">d", float(AMOUNT))),
    "as Avro has amounts": (
        CanaryKind.AMOUNT,
        _avro(AMOUNT, {"type": "bytes", "logicalType": "decimal", "precision": 24, "scale": 4}),
    ),
    "as Avro has indicators": (
        CanaryKind.AMOUNT,
        _avro(AMOUNT, {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 6}),
    ),
    "a measure": (CanaryKind.MEASURE, f"{MEASURE}".encode()),
    "a measure as Avro has it": (
        CanaryKind.MEASURE,
        _avro(MEASURE, {"type": "bytes", "logicalType": "decimal", "precision": 24, "scale": 6}),
    ),
    "a count": (CanaryKind.COUNT, f"{COUNT}人".encode()),
    "a count as Avro has it": (CanaryKind.COUNT, _avro(int(COUNT), "long")),
    "a count in eight bytes": (CanaryKind.COUNT, struct.pack(">q", int(COUNT))),
}


@pytest.mark.parametrize("form", NUMBER_LEAKS)
def test_a_number_is_found_as_people_and_programs_write_it(form: str) -> None:
    kind, data = NUMBER_LEAKS[form]
    assert found_in(data) == {ALL[kind]}
    assert found_in(b"\\x" + data.hex().encode()) == {ALL[kind]}


def test_nothing_is_found_where_no_canary_is() -> None:
    other = Mint(8)
    # Codes and phones are counted, not drawn.
    drawn = [kind for kind in CanaryKind if kind not in (CanaryKind.USCC, CanaryKind.PHONE)]
    values = " ".join(other.value(kind) for kind in drawn for _ in range(200))
    assert found_in(values.encode()) == set()
    assert found_in(gzip.compress(values.encode()) + b"\x1f\x8b\x08 no archive \x28\xb5\x2f\xfd nor this") == set()


def test_what_would_be_found_by_chance_is_no_canary() -> None:
    with pytest.raises(ValueError, match="by chance"):
        Finder([Canary(CanaryKind.CODE, "Q1", Secrecy.PERSONAL, "", "x", "y", Phase.FIRST)])
