"""The pinyin initials of Chinese text, by which databases abbreviate their columns: 企业名称 is QYMC."""

from bisect import bisect_right

# GB 2312 orders its first-level characters by their pinyin: here each initial's first character stands.
_FIRST = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g"),
    (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o"),
    (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"),
    (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
_LAST = 0xD7F9
_STARTS = [start for start, _ in _FIRST]


def initials(text: str) -> str:
    """Return the pinyin initials of a text, small; letters and digits stay, all else goes."""
    return "".join(_initial(char) for char in text)


def _initial(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalnum() else ""
    code = int.from_bytes(char.encode("gb2312", "ignore"))
    return _FIRST[bisect_right(_STARTS, code) - 1][1] if _STARTS[0] <= code <= _LAST else ""
