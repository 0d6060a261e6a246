"""Titles of columns as departments write them, brought to one form for looking up."""

import re
import unicodedata
from functools import lru_cache

_BRACKETS = str.maketrans(dict.fromkeys("[{【〔〈《「『<", "(") | dict.fromkeys("]}】〕〉》」』>", ")"))
MONEY_UNIT = r"(?:[百千]?[万亿]|千|百)?元"
UNIT = re.compile(
    rf"\(?(?:单位:)?(?:人民币)?({MONEY_UNIT}|[百千]?[万亿]|%|万?(?:千瓦时|立方米|平方米|吨|度|人|条)|kwh|m3|m2)(?:人民币)?\)?$"
)
_UNIT_IN_BRACKETS = re.compile(r"\((?:单位:)?(?:人民币)?([^()]+?)(?:人民币)?\)$")


def normal(text: str) -> str:
    """Return a title half-width, without blanks and marks, its brackets round."""
    plain = unicodedata.normalize("NFKC", text).translate(_BRACKETS)
    return "".join(plain.split()).strip("*:;、,.·").lower()


@lru_cache(maxsize=4096)
def title_keys(title: str) -> tuple[tuple[str, str], ...]:
    """Return what a title may be looked up as, the most literal first, each with the unit cut off it."""
    plain = normal(title)
    found = [(plain, "")]
    match = _UNIT_IN_BRACKETS.search(plain)
    if match and UNIT.fullmatch(match[0]):
        unit = match[1]
        found[0] = (plain, unit)
        found.append((plain[: match.start()], unit))
    return tuple(dict.fromkeys(found + [(re.sub(r"[()]", "", key), unit) for key, unit in found]))
