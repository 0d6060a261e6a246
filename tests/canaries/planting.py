"""Which cells get a canary, and how secret each is: read from the catalogue, and decided here once more.

The rule is that of docs/security.md. It shares nothing with ``rules/release``, which it is to check.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalogue.model import CodeForm, Field, FieldType, Item, Sensitivity
from tests.canaries.canary import Canary, CanaryKind, Fate, Mint, Phase, Secrecy

_KINDS = {
    FieldType.TEXT: CanaryKind.TEXT,
    FieldType.CODE: CanaryKind.CODE,
    FieldType.MONEY: CanaryKind.AMOUNT,
    FieldType.NUMBER: CanaryKind.MEASURE,
    FieldType.INTEGER: CanaryKind.COUNT,
    FieldType.ID_NUMBER: CanaryKind.ID_NUMBER,
    FieldType.PHONE: CanaryKind.PHONE,
    FieldType.EMAIL: CanaryKind.EMAIL,
    FieldType.USCC: CanaryKind.USCC,
}
_TEN_THOUSAND = Decimal(10_000)
_TRUE, _FALSE = "是", "否"

Cells = Mapping[str, object]
"""A row by the names of its item's fields."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a canary is put: whose row of which item, in which file, and when it comes."""

    item: Item
    subject: str
    came: Phase
    fate: Fate = Fate.TAKEN
    file: str = ""


def secrecy_of(field: Field, row: Cells, item: Item) -> Secrecy | None:
    """Return how secret a cell of a field is in a row of the item; None: everybody may know it."""
    if item.about_persons or field.sensitivity is Sensitivity.PERSONAL:
        return Secrecy.PERSONAL
    if field.audience != "all":
        return Secrecy.INTERNAL
    if field.sensitivity is Sensitivity.PUBLIC:
        return None
    is_published = bool(field.public_when) and all(
        _said(row.get(one.field), item.field(one.field)) & {*one.values} for one in field.public_when
    )
    return Secrecy.PUBLISHED if is_published else Secrecy.COMMERCIAL


def is_over(item: Item, row: Cells, today: date) -> bool:
    """Whether the law ended a row by a day that it names itself: its publication, or a repair (信用修复)."""
    ends = item.publication
    if ends is None:
        return False
    repaired = row.get(ends.repaired) if ends.repaired else None
    until = [day for name in ends.until if isinstance(day := row.get(name), date)]
    return any(day < today for day in until) or (isinstance(repaired, date) and repaired <= today)


def kind_for(field: Field, item: Item) -> CanaryKind | None:
    """Return which canary a column takes; None: its values are too few to be anybody's alone, or say what the row is.

    Such are days, months, truths, codes of a list, percentages, and what names subject, period and item.
    """
    said = {item.subject.uscc, item.subject.name, *item.reporting_period, *item.source_time, *item.told_apart_by}
    # What resolves a subject is drawn with it, where it is public. A person's own number is no such code.
    codes = {name for name in item.subject.codes if item.field(name).sensitivity is not Sensitivity.PERSONAL}
    conditions = {one.field for each in item.fields for one in each.public_when}
    if field.name in said | codes | conditions or field.codes or field.unit == "%":
        return None
    if field.form is not None:
        return CanaryKind.ID_NUMBER if field.form is CodeForm.CITIZEN else None
    if field.type is FieldType.INTEGER and "month" in field.name:
        return None
    return _KINDS.get(field.type)


def plant(place: Place, row: Cells, mint: Mint, today: date) -> tuple[dict[str, object], list[Canary]]:
    """Return a row with canaries in every cell that is not public and can hold one, and these canaries."""
    item, planted, canaries = place.item, dict(row), list[Canary]()
    for field in item.fields:
        secrecy = secrecy_of(field, row, item)
        if secrecy is None:
            continue
        if field.type is FieldType.DETAILS:
            planted[field.name], own = _details(place, field, mint, secrecy)
            canaries += own
        elif (kind := kind_for(field, item)) is not None:
            canary = _canary(place, field.name, kind, secrecy, mint, ended=is_over(item, row, today))
            planted[field.name] = written(canary, field)
            canaries.append(canary)
    return planted, canaries


def expose(
    place: Place, fields: Sequence[Field], kind: CanaryKind, mint: Mint
) -> tuple[dict[str, object], list[Canary]]:
    """Return cells for columns in which something of a person stands by mistake, and these canaries."""
    canaries = [_canary(place, field.name, kind, Secrecy.PERSONAL, mint) for field in fields]
    return {canary.field: canary.value for canary in canaries}, canaries


def written(canary: Canary, field: Field) -> str:
    """Return a canary as its column writes it."""
    if canary.kind is CanaryKind.AMOUNT and field.unit == "万元":
        return str(Decimal(canary.value) / _TEN_THOUSAND)
    return canary.value


def _canary(place: Place, field: str, kind: CanaryKind, secrecy: Secrecy, mint: Mint, *, ended: bool = False) -> Canary:
    subject = "" if place.item.about_persons else place.subject
    return Canary(
        kind, mint.value(kind), secrecy, subject, place.item.id, field, place.came, place.fate, place.file, ended
    )


def _details(place: Place, field: Field, mint: Mint, secrecy: Secrecy) -> tuple[str, list[Canary]]:
    """Return a cell of details (明细) and its canaries: at first JSON of one record, later a text that nobody reads."""
    if place.came is not Phase.FIRST:
        text = _canary(place, f"{field.name}.raw_text", CanaryKind.TEXT, secrecy, mint)
        return text.value, [text]
    canaries, entry = list[Canary](), dict[str, str]()
    for column in field.details:
        kind = kind_for(column, place.item)
        if column.name == "raw_text" or kind is None:
            continue
        canary = _canary(place, f"{field.name}.{column.name}", kind, secrecy, mint)
        entry[column.zh] = written(canary, column)
        canaries.append(canary)
    return json.dumps([entry], ensure_ascii=False), canaries


def _said(value: object, field: Field) -> set[str]:
    """Return what a cell says: a code, and its meaning."""
    if isinstance(value, bool):
        return {_TRUE if value else _FALSE}
    text = str(value)
    return {text, (field.codes or {}).get(text, text)}
