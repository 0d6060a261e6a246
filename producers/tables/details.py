"""Details (明细): the records that one cell, or one column a month, holds.

Written as JSON or as 2025-01：120.50元；2025-02：98元. Text that cannot be understood is kept whole in ``raw_text``.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from catalogue.model import Field, FieldType
from connectors.tables import Cell
from producers.tables.problems import ValueProblem
from producers.tables.texts import is_empty
from producers.tables.values import Converter, Value, value_converter

Records = list[dict[str, object]]

_ENTRY = re.compile(r"[;；\n|]+")
_MONTH_FIRST = re.compile(r"(\d{4}\s*(?:[-/.]\s*\d{1,2}|年\s*\d{1,2}月|\d{2}))\s*[:：,，\s]?\s*(.*)", re.DOTALL)
_LABELLED = re.compile(r"([^\d.:：,，\s]+)\s*[:：]?\s*([\d.,]+[^\d:：,，\s]*)")


def blank_record(field: Field) -> dict[str, object]:
    """Return a record of ``field`` with nothing in it."""
    return {sub.name: None for sub in field.details}


def converter(field: Field, unit: str = "") -> Converter:
    """Return the conversion of one column, details or not (see ``value_converter``)."""
    return details_converter(field) if field.type is FieldType.DETAILS else value_converter(field, unit)


def details_converter(field: Field) -> Callable[[Cell], Value]:
    """Return the conversion of a cell of details to records; text not understood becomes one ``raw_text``."""
    by_title = {title: sub for sub in field.details for title in (sub.name, sub.zh, *sub.aliases)}

    def details(cell: Cell) -> Value:
        if is_empty(cell):
            return None
        text = cell.strip() if isinstance(cell, str) else str(cell)
        try:
            found = _from_json(field, by_title, text) if text[:1] in "[{" else _from_text(field, by_title, text)
        except (ValueProblem, ValueError, RecursionError):
            # Brackets that nest a thousandfold are no details either.
            found = None
        return found or [{**blank_record(field), "raw_text": text}]

    return details


def amount_field(field: Field) -> Field | None:
    """Return the column of details that an amount without a label belongs to: what was paid."""
    money = [sub for sub in field.details if sub.type is FieldType.MONEY]
    return money[-1] if money else None


def _from_json(field: Field, by_title: Mapping[str, Field], text: str) -> Records | None:
    loaded: Any = json.loads(text)
    records: Records = []
    for entry in loaded if isinstance(loaded, list) else [loaded]:
        if not isinstance(entry, dict) or not set(entry) <= set(by_title):
            return None
        record = blank_record(field)
        try:
            for title, value in entry.items():
                record[by_title[title].name] = value_converter(by_title[title])(value)
        except ValueProblem:
            # The other records are sound.
            record = {**blank_record(field), "raw_text": json.dumps(entry, ensure_ascii=False)}
        records.append(record)
    return records


def _from_text(field: Field, by_title: Mapping[str, Field], text: str) -> Records | None:
    records: Records = []
    for entry in filter(None, (part.strip() for part in _ENTRY.split(text))):
        record = _monthly(field, by_title, entry) or _named(field, entry)
        if record is None:
            return None
        records.append(record)
    return records


def _monthly(field: Field, by_title: Mapping[str, Field], entry: str) -> dict[str, object] | None:
    found = _MONTH_FIRST.fullmatch(entry)
    if found is None or "month" not in by_title:
        return None
    record = blank_record(field)
    record["month"] = value_converter(by_title["month"])(found[1])
    rest = found[2]
    labelled = _LABELLED.findall(rest)
    if labelled and not _LABELLED.sub("", rest).strip(" ,，、"):
        for label, value in labelled:
            if label not in by_title:
                return None
            record[by_title[label].name] = value_converter(by_title[label])(value)
        return record
    amount = amount_field(field)
    if amount is None:
        return None
    record[amount.name] = value_converter(amount)(rest)
    return record


def _named(field: Field, entry: str) -> dict[str, object] | None:
    """实验室建设：省级重点实验室 is one of the kinds of support and its name."""
    kind = next((sub for sub in field.details if sub.codes), None)
    label, colon, rest = entry.replace("：", ":").partition(":")
    name = next((s for s in field.details if s.type is FieldType.TEXT and s.name != "raw_text"), None)
    if kind is None or kind.codes is None or name is None or not colon:
        return None
    if label.strip() not in {*kind.codes, *kind.codes.values()}:
        return None
    record = blank_record(field)
    record[kind.name] = label.strip()
    amount = amount_field(field)
    if amount is not None and re.fullmatch(r"[\d.,]+\s*(百|千|十)?[万亿]?元", rest.strip()):
        record[amount.name] = value_converter(amount)(rest)
    else:
        record[name.name] = rest.strip()
    return record
