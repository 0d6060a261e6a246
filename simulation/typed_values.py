"""Cells of which only the field's type is known, and how often they are drawn."""

import json
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from catalogue.model import Field, FieldType, Item
from simulation.people import make_uscc
from simulation.setting import Cell, DrawCell, Per, Setting
from simulation.vocabulary import WORDS

_AMOUNT_OF_REVENUE = 0.02
_FOUNDED = {
    "establishment_date": 0,
    "tax_registration_date": 10,
    "registration_date": 30,
    "first_registration_date": 40,
}
_LATER_DAYS = {"publicity_deadline": 1095, "valid_until": 1095, "payment_date": 12, "collection_date": 12}
_LONG_DAYS = 200  # what ends later than that may lie ahead
_FOUNDED_ONLY_IN = {"registration_date": (13, 25)}


def by_type(field: Field, item: Item) -> Cell:
    """Return how the cells of ``field`` are drawn."""
    if field.type is FieldType.USCC:
        body = make_uscc("630105", 500 + len(item.units[0]) * 31 + item.seq, "11")
        return Per.ITEM, lambda s: body
    if field.type is FieldType.DATE:
        return _date(field.name, item)
    words = WORDS.get(field.name, ())
    if field.type is FieldType.TEXT and len(words) == 1:
        return Per.ITEM, lambda s: words[0]
    return Per.RECORD, _drawn(field, item, words)


def _drawn(field: Field, item: Item, words: Sequence[str]) -> DrawCell:
    name, zh, factor = field.name, field.zh, 1e-4 if field.unit == "万元" else 1.0
    match field.type:
        case FieldType.MONEY:
            return lambda s: round(s.yearly * _AMOUNT_OF_REVENUE * factor, 2)
        case FieldType.NUMBER:
            return lambda s: round(s.rng.uniform(60, 100), 1)
        case FieldType.INTEGER if name in ("month", "usage_month"):
            return lambda s: s.moment.end.month
        case FieldType.INTEGER:
            return (lambda s: s.staff) if "count" in name else (lambda s: s.rng.randrange(1, 36))
        case FieldType.YEAR:
            return lambda s: s.moment.end.year
        case FieldType.MONTH:
            return lambda s: f"{s.moment.end:%Y-%m}"
        case FieldType.TIMESTAMP:
            return lambda s: datetime.combine(s.moment.when, time(9, s.serial % 60))
        case FieldType.BOOLEAN:
            return lambda s: s.serial % 3 > 0
        case FieldType.DETAILS:
            return lambda s: _details(field, s)
        case FieldType.CODE | FieldType.ID_NUMBER:
            return lambda s: f"样例{item.seq:02}-{s.moment.when.year}-{s.serial + 1:06}"
        case _:
            return (lambda s: s.rng.choice(words)) if words else (lambda s: f"{zh}样例{s.serial % 50 + 1}")


def _date(name: str, item: Item) -> Cell:
    if name in _FOUNDED and item.seq in _FOUNDED_ONLY_IN.get(name, (item.seq,)):
        days = _FOUNDED[name]
        return Per.SUBJECT, lambda s: min(s.enterprise.founded + timedelta(days=days), s.as_of)
    later = _LATER_DAYS.get(name, 0)
    if later < _LONG_DAYS:
        return Per.RECORD, lambda s: min(s.moment.when + timedelta(days=later), s.as_of)
    return Per.RECORD, lambda s: s.moment.when + timedelta(days=later)


def _details(field: Field, setting: Setting) -> str:
    """Write 明细 as text, ``2026-05：用水量3 应缴金额12.50``, or as JSON where the records have no month."""
    records = []
    for back in range(3):
        months = setting.moment.end.year * 12 + setting.moment.end.month - 1 - back
        usage = setting.staff * 3 + back
        texts = {FieldType.NUMBER: f"{usage}", FieldType.MONEY: f"{usage * 4}.50"}
        numbers = " ".join(f"{d.zh}{texts[d.type]}" for d in field.details if d.type in texts)
        records.append(f"{months // 12}-{months % 12 + 1:02}：{numbers}")
    if any(d.type is FieldType.MONTH for d in field.details):
        return "；".join(records)
    examples = {
        FieldType.TEXT: "样例",
        FieldType.MONEY: f"{setting.staff * 1000}",
        FieldType.DATE: f"{setting.moment.start:%Y-%m-%d}",
    }
    record = {d.zh: next(iter(d.codes or {}), examples.get(d.type, "1")) for d in field.details if d.name != "raw_text"}
    return json.dumps([record], ensure_ascii=False)
