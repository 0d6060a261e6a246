"""The errors that real files have, put into a share of the rows, each with its reason and what must come of it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalogue.model import FieldType, Item


@dataclass(frozen=True, slots=True)
class Dirt:
    """One dirty row, counted from 1 in its file; ``effect``: accepted, rejected, unresolved or duplicate."""

    row: int
    reason: str
    column: str
    effect: str


Spoil = Callable[[str], str]


def _wrong_check_digit(text: str) -> str:
    return text[:-1] + ("1" if text[-1] != "1" else "2")


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


# reason -> field type, how the cell is spoilt, what comes of it
_SPOILT: dict[str, tuple[FieldType, Spoil, str]] = {
    "uscc_check_digit": (FieldType.USCC, _wrong_check_digit, "rejected"),
    "uscc_short": (FieldType.USCC, lambda t: t[:-2], "rejected"),
    "uscc_full_width": (FieldType.USCC, _full_width, "accepted"),
    "uscc_lower_case": (FieldType.USCC, str.lower, "accepted"),
    "impossible_date": (FieldType.DATE, lambda t: "2025-02-30", "rejected"),
    "text_in_money": (FieldType.MONEY, lambda t: "约若干元", "rejected"),
    "id_number_check_digit": (FieldType.ID_NUMBER, _wrong_check_digit, "rejected"),
}


def spoil(cells: Sequence[object], item: Item, row: int, rng: random.Random) -> tuple[list[object], Dirt]:
    """Return the row with one error in it, and which error it is."""
    spoilt = list(cells)
    choices: list[tuple[str, int]] = [("duplicate_row", 0), ("blanks_around", 0)]
    for position, field in enumerate(item.fields):
        if cells[position] in (None, "") or not isinstance(cells[position], (str, int, float)):
            continue
        if field.required:
            choices.append(("required_empty", position))
        # Only the subject's own code: other columns with codes are not read by all mappings alike.
        if field.type is FieldType.USCC and field.name != item.subject.uscc:
            continue
        if field.type is FieldType.ID_NUMBER and not field.name.startswith(("legal_rep", "id_number", "owner")):
            continue
        choices += [(reason, position) for reason, (kind, _, _) in _SPOILT.items() if kind is field.type]
    reasons = sorted({reason for reason, _ in choices})
    reason = rng.choice(reasons)
    position = rng.choice([p for r, p in choices if r == reason])
    title = item.fields[position].zh
    if reason == "duplicate_row":
        return spoilt, Dirt(row, reason, "", "duplicate")
    if reason == "blanks_around":
        spoilt = [f" {c} " if isinstance(c, str) and c else c for c in cells]
        return spoilt, Dirt(row, reason, "", "accepted")
    if reason == "required_empty":
        spoilt[position] = None
        return spoilt, Dirt(row, reason, title, _without(item, item.fields[position].name, spoilt))
    _, change, effect = _SPOILT[reason]
    spoilt[position] = change(str(cells[position]))
    if effect == "rejected" and item.fields[position].keeps_row:
        effect = "accepted"  # without this value
    return spoilt, Dirt(row, reason, title, effect)


def _without(item: Item, name: str, cells: Sequence[object]) -> str:
    """Return what comes of a row whose required cell ``name`` is empty; the subject's code alone suffices."""
    subject = (item.subject.uscc, item.subject.name)
    identifying = [
        cells[position] for position, field in enumerate(item.fields) if field.name in subject and field.name != name
    ]
    if name not in subject or not any(identifying):
        return "rejected"
    return "accepted" if name == item.subject.name else "unresolved"
