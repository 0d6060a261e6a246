"""What a spreadsheet shows of a number: its format may hold digits, a unit, a currency or a percent sign.

53000 shown by 000000 is the postal code 053000, 0.12 shown by 0% is 12 %, and 100 shown by 0"万元" is 100 万元. The
value alone is none of these (ECMA-376, part 1, 18.8.31).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

# Returns what a number is read as: a text where the format says more than the number does.
Reading = Callable[[float], float | str]

_PERCENT = {9: "0%", 10: "0.00%"}
# Colours, conditions, currencies with their locale, and numerals of other scripts.
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+)")
_CURRENCY = re.compile(r"\$([^-\]]*)(?:-[0-9A-Fa-f]+)?")
_GENERAL = re.compile(r"G/通用格式|General", re.IGNORECASE)
_DATE = re.compile(r"[ymdhs]|AM/PM|上午/下午", re.IGNORECASE)
_DIGITS = frozenset("0#?")
# What stands around a number and adds nothing to it: signs, brackets and blanks.
_NO_MEANING = str.maketrans(dict.fromkeys("-+()（） \N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"))
_SCALES = ("", "千", "百万", "十亿")


@dataclass(frozen=True, slots=True)
class _Section:
    """One of a format's sections. ``parts`` are its digit places ("0", "#", "?") and literal texts, in order."""

    condition: tuple[str, float] | None
    parts: tuple[tuple[bool, str], ...]  # (whether a digit place, its character or the literal)
    thousands: int  # how often the number is divided by a thousand before it is shown
    percent: bool
    decimals: bool
    grouped: bool
    plain: bool  # nothing of it needs to be read


def format_code(number: int, codes: dict[int, str]) -> str:
    """Return a number format's code by its id; "" for the built-in ones that add nothing to a number."""
    return codes.get(number) or _PERCENT.get(number, "")


@lru_cache(maxsize=1024)
def reading_of(code: str) -> Reading | None:
    """Return how numbers of this format are read; None where they are what they seem, dates among them."""
    sections = [_section(text) for text in _split(code)]
    if not sections or all(section is None or section.plain for section in sections):
        return None
    return lambda number: _read(sections, number)


def _split(code: str) -> list[str]:
    """Split a format at the semicolons that are no literals."""
    texts, current, index = [], "", 0
    while index < len(code):
        character = code[index]
        end = index + 1
        if character == '"':
            end = code.find('"', index + 1) + 1 or len(code)
        elif character in "\\!_*":
            end = index + 2
        elif character == "[":
            end = code.find("]", index) + 1 or len(code)
        if character == ";":
            texts.append(current)
            current = ""
        else:
            current += code[index:end]
        index = end
    return [*texts, current]


def _section(text: str) -> _Section | None:
    """Return a section; None for one of dates or of texts."""
    condition: tuple[str, float] | None = None
    literal_currency: list[tuple[int, str]] = []

    def bracket(match: re.Match[str]) -> str:
        nonlocal condition
        if (compared := _CONDITION.fullmatch(match[1])) is not None:
            condition = (compared[1], float(compared[2]))
        if (currency := _CURRENCY.fullmatch(match[1])) is not None and currency[1]:
            literal_currency.append((match.start(), currency[1]))
            return f'"{currency[1]}"'
        return '"h"h' if match[1].lower().strip("hms") == "" else ""

    bare = _BRACKETS.sub(bracket, _GENERAL.sub("#", text))
    parts: list[tuple[bool, str]] = []
    general = _GENERAL.search(text) is not None
    thousands = 0
    percent = decimals = grouped = exponent = False
    literal = ""
    index = 0
    while index < len(bare):
        character = bare[index]
        index += 1
        if character == '"':
            end = bare.find('"', index)
            end = len(bare) if end < 0 else end
            literal += bare[index:end]
            index = end + 1
        elif character in "\\!":
            literal += bare[index : index + 1]
            index += 1
        elif character in "_*":
            index += 1
        elif character in _DIGITS:
            if literal:
                parts.append((False, literal))
                literal = ""
            if not decimals and not exponent:
                parts.append((True, character))
            if thousands:
                grouped, thousands = True, 0
        elif character == ".":
            decimals = True
        elif character == ",":
            thousands += 1
        elif character == "%":
            percent = True
        elif character in "Ee" and index < len(bare) and bare[index] in "+-":
            exponent = True
        elif character in "@/" or (character.isascii() and _DATE.match(character)):
            return None
        else:
            literal += character
    if literal:
        parts.append((False, literal))
    if not any(place for place, _ in parts):
        thousands = 0
    meaning = any(not place and text.translate(_NO_MEANING) for place, text in parts)
    zeros = sum(place and text == "0" for place, text in parts)
    padded = zeros > 1 and not decimals and not grouped and not exponent
    plain = exponent or not (meaning or percent or thousands or (padded and not general))
    return _Section(condition, tuple(parts), thousands, percent, decimals, grouped, plain)


def _read(sections: list[_Section | None], number: float) -> float | str:
    section = _of_number(sections, number)
    if section is None or section.plain:
        return number
    value = Decimal(format(number, ".15g"))
    shown = value.scaleb(-3 * section.thousands) * (100 if section.percent else 1)
    places = [index for index, (place, _) in enumerate(section.parts) if place]
    if not places:
        literal = "".join(text for _, text in section.parts)
        return literal.strip() if literal.translate(_NO_MEANING) else number
    before = "".join(text for _, text in section.parts[: places[0]])
    behind = "".join(text for _, text in section.parts[places[-1] + 1 :])
    inside = section.parts[places[0] : places[-1] + 1]
    text = _digits(inside, shown, section)
    if text is None:
        return number
    sign = "-" if value < 0 else ""
    percent = "%" if section.percent else ""
    return f"{sign}{before.translate(_NO_MEANING)}{text}{behind.translate(_NO_MEANING)}{percent}"


def _of_number(sections: list[_Section | None], number: float) -> _Section | None:
    for section in sections:
        if section is not None and section.condition is not None and _holds(section.condition, number):
            return section
    plain = [section for section in sections if section is None or section.condition is None]
    if any(section is not None and section.condition for section in sections):
        return plain[0] if plain else None
    if number < 0 and len(plain) > 1:
        return plain[1]
    return plain[2] if number == 0 and len(plain) > 2 else plain[0]


def _holds(condition: tuple[str, float], number: float) -> bool:
    operator, limit = condition
    return {
        "<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit,
        "=": number == limit, "<>": number != limit,
    }[operator]  # fmt: skip


def _digits(inside: tuple[tuple[bool, str], ...], shown: Decimal, section: _Section) -> str | None:
    """Return the digits that a number shows, exact; None where they cannot be told."""
    literals = [(index, text) for index, (place, text) in enumerate(inside) if not place]
    zeros = sum(place and text == "0" for place, text in inside)
    if not literals:
        text = format(abs(shown), "f")
        if "." in text:
            return text.rstrip("0").rstrip(".")
        return text if section.grouped or section.decimals else text.zfill(zeros)
    if len(literals) == 1 and literals[0][1] in (".", "．"):
        # 0!.0, shows a number of yuan in 万, with one place behind a point that is a literal.
        behind = sum(place for place, _ in inside[literals[0][0] :])
        text = format(abs(shown.scaleb(-behind)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if shown != shown.to_integral_value():
        return None
    # 000-0000 and 0000"年"00"月": the digits go into their places from the right.
    digits, filled = list(format(abs(shown), "f").zfill(zeros)), []
    for place, text in reversed(inside):
        if not place:
            filled.append(text)
        elif digits:
            filled.append(digits.pop())
    return "".join([*digits, *reversed(filled)])
