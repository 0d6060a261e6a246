"""Characters that nobody sees, and that make two equal names differ: NUL, byte order marks, zero-width ones."""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Controls but tab and line ends; soft hyphen; zero-width and direction marks; joiners of no text; byte order mark.
_INVISIBLE = "".join(
    map(
        chr,
        (
            *(code for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A, 0x0D, 0x85)),
            0xAD,
            0x180E,
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            0xFEFF,
        ),
    )
)
_SEARCHED = re.compile(f"[{re.escape(_INVISIBLE)}]")
_REMOVED = str.maketrans(dict.fromkeys(_INVISIBLE))
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in (0x09, 0x0A, 0x0D))
# By encoding: a byte that all encoded characters of a group share, and the beginnings of the characters themselves.
# To look for one byte costs nothing; most files hold none of these bytes, or none but the last.
_BEGINNINGS = {
    "utf-8-sig": (
        (b"\xc2", (b"\xc2",)),
        (b"\xe1", (b"\xe1\xa0\x8e",)),
        (b"\xe2", (b"\xe2\x80", b"\xe2\x81")),
        (b"\xef", (b"\xef\xbb\xbf", b"\xef\xbf\xbd")),
    ),
    "gb18030": ((b"\x81", (b"\x81",)), (b"\x84", (b"\x84\x31",))),
}


def may_hold_invisible(encoded: bytes, encoding: str) -> bool:
    """Whether a part of a file needs the slower look of ``has_invisible``; never False for one that does."""
    if encoding not in _BEGINNINGS or len(encoded.translate(None, _CONTROLS)) != len(encoded):
        return True
    return any(
        shared in encoded and any(beginning in encoded for beginning in beginnings)
        for shared, beginnings in _BEGINNINGS[encoding]
    )


def has_invisible(text: str) -> bool:
    """Whether a text holds any of them."""
    return _SEARCHED.search(text) is not None


def without_invisible(text: str) -> str:
    """Return a text without them."""
    return text if text.isprintable() else text.translate(_REMOVED)
