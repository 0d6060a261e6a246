"""Faults of cells: how values are written, what says that there is none, and what programs make of them."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from catalogue.model import FieldType
from tests.disturbed.tables import Draft, Formatted, Line

_NOTHING = (
    "/",
    "-",
    "--",
    "——",
    "无",
    "暂无",
    "不详",
    "N/A",
    "NA",
    "nan",
    "None",
    "NULL",
    "[NULL]",
    "\\N",
    " ",
    "#N/A",
)
_INVISIBLE = ("\u200b", "\ufeff", "\u00ad", "\u2060", "\u200e")
_DATES = ("{0.year}/{0.month}/{0.day}", "{0.year}.{0.month}.{0.day}", "{0:%Y%m%d}", "{0.year}年{0.month}月{0.day}日",
          "{0:%Y-%m-%d} 00:00:00", "{0:%Y/%m/%d}")  # fmt: skip
_ZERO_DATES = ("1899-12-30", "1900-01-01", "0000-00-00", "1900/1/0")
_BAD_DATES = ("2025-02-30", "2025-13-01", "03/04/05", "去年", "25年3月")
_TRUTHS = (("Y", "N"), ("1", "0"), ("√", "×"), ("TRUE", "FALSE"), ("有", "没有"))
_FULL_WIDTH = {ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789ABCDEFGHJKLMNPQRTUWXY"}
_IDENTIFYING = (FieldType.USCC, FieldType.ID_NUMBER)
_EPOCH = date(1899, 12, 30)
_DAYS_TO_1904 = 1462


def _filled(draft: Draft, index: int) -> list[Line]:
    name = draft.columns[index].name
    return [line for line in draft.records if line.truth is not None and line.truth.get(name) is not None]


def _date(draft: Draft, index: int, line: Line) -> date:
    return date.fromisoformat(str((line.truth or {})[draft.columns[index].name])[:10])


def dates_written(draft: Draft, rng: random.Random) -> bool:
    """Each column of dates in a pattern of its own."""
    columns = draft.positions(FieldType.DATE)
    for index in columns:
        pattern = rng.choice(_DATES)
        for line in _filled(draft, index):
            line.cells[index] = pattern.format(_date(draft, index, line))
    return bool(columns)


def dates_mixed(draft: Draft, rng: random.Random) -> bool:
    """Several patterns in one column."""
    columns = draft.positions(FieldType.DATE)
    for index in columns:
        for line in _filled(draft, index):
            line.cells[index] = rng.choice(_DATES).format(_date(draft, index, line))
    return bool(columns)


def dates_as_serials(draft: Draft, rng: random.Random) -> bool:
    """Numbers of days, without a format, also in workbooks that count from 1904; or true dates of a workbook."""
    columns = draft.positions(FieldType.DATE)
    if not columns:
        return False
    draft.days_from_1904 = draft.is_workbook and rng.random() < 0.4
    for index in columns:
        formatted = draft.is_workbook and rng.random() < 0.5
        for line in _filled(draft, index):
            day = _date(draft, index, line)
            if not date(1935, 1, 1) <= day <= date(2090, 1, 1):
                continue
            serial = (day - _EPOCH).days - (_DAYS_TO_1904 if draft.days_from_1904 else 0)
            line.cells[index] = datetime(day.year, day.month, day.day) if formatted else serial  # noqa: DTZ001
    return True


def dates_zero_or_bad(draft: Draft, rng: random.Random) -> bool:
    """What programs write for no day, and days that are none: nothing may be taken for a date."""
    columns = draft.positions(FieldType.DATE)
    if not columns:
        return False
    for index in rng.sample(columns, rng.randrange(1, len(columns) + 1)):
        for line in rng.sample(draft.records, rng.randrange(1, len(draft.records) + 1)):
            line.cells[index] = rng.choice(_ZERO_DATES + _BAD_DATES)
            line.lost.add(draft.columns[index].name)
    return True


def nothing_written(draft: Draft, rng: random.Random) -> bool:
    """Marks that say nothing, where nothing is, and where there might be something."""
    for index, column in enumerate(draft.columns):
        if column.field is None or column.field.required or rng.random() < 0.4:
            continue
        # 无 in a column of 是 and 否 is an answer, and 未知 a meaning in some lists.
        marks = [m for m in _NOTHING if column.field.type is not FieldType.BOOLEAN or m not in ("无", "×")]
        marks = [m for m in marks if m != "#N/A" or not draft.is_workbook]
        mark = rng.choice([m for m in marks if m not in (column.field.codes or {}).values()])
        for line in draft.records:
            empty = line.truth is not None and line.truth.get(column.name) is None
            if line.truth is not None and (empty or rng.random() < 0.3) and column.name not in _subject(draft):
                line.cells[index] = mark
                line.truth[column.name] = None
                line.lost.discard(column.name)
                if mark == "#N/A":
                    line.lost.add(column.name)
    return True


def _subject(draft: Draft) -> set[str]:
    subject = draft.item.subject
    return {n for n in (subject.uscc, subject.name, subject.person, *subject.codes) if n}


def codes_lost(draft: Draft, rng: random.Random) -> bool:
    """A program kept fifteen digits of a long number: 6.30103E+17 and zeros at its end."""
    columns = draft.positions(FieldType.ID_NUMBER)
    touched = False
    for index in columns:
        for line in _filled(draft, index):
            text = str((line.truth or {})[draft.columns[index].name])
            if not text[:17].isdigit() or len(text) < 17 or rng.random() < 0.3:
                continue
            whole = text[:15] + "000"
            ways: list[object] = [whole, f"{text[0]}.{text[1:6]}E+{len(text) - 1}", f"{text[0]}.{text[1:12]}e{17}"]
            if draft.is_workbook:
                ways.append(float(whole))
            line.cells[index] = rng.choice(ways)
            line.lost.add(draft.columns[index].name)
            touched = True
    return touched


def codes_spelt(draft: Draft, rng: random.Random) -> bool:
    """Codes in small or full-width letters, with blanks around, or with invisible characters."""
    columns = draft.positions(FieldType.USCC)
    for index in columns:
        for line in _filled(draft, index):
            text = str(line.cells[index])
            spelt = rng.choice(
                (text.lower(), text.translate(_FULL_WIDTH), f" {text} ", f"\u3000{text}", f"{text}\u200b", f"'{text}")
            )
            line.cells[index] = spelt
    return bool(columns)


def codes_wrong(draft: Draft, rng: random.Random) -> bool:
    """A digit of a unified code is another one: its check digit says so."""
    columns = [i for i in draft.positions(FieldType.USCC) if _filled(draft, i)]
    if not columns:
        return False
    for index in columns:
        for line in rng.sample(_filled(draft, index), rng.randrange(1, len(_filled(draft, index)) + 1)):
            text = str((line.truth or {})[draft.columns[index].name])
            at = rng.randrange(8, 18)
            line.cells[index] = text[:at] + ("4" if text[at] != "4" else "5") + text[at + 1 :]
            line.lost.add(draft.columns[index].name)
    return True


def names_invisible(draft: Draft, rng: random.Random) -> bool:
    """Characters that nobody sees, inside of texts and at their ends."""
    columns = draft.positions(FieldType.TEXT, FieldType.CODE)
    for index in columns:
        for line in _filled(draft, index):
            text = line.cells[index]
            if isinstance(text, str) and text and rng.random() < 0.4:
                at = rng.randrange(len(text) + 1)
                mark = "\0" if not draft.is_workbook and rng.random() < 0.05 else rng.choice(_INVISIBLE)
                line.cells[index] = text[:at] + mark + text[at:]
    return bool(columns)


def truths_written(draft: Draft, rng: random.Random) -> bool:
    """是 and 否 in other words."""
    columns = draft.positions(FieldType.BOOLEAN)
    for index in columns:
        words = rng.choice(_TRUTHS)
        for line in _filled(draft, index):
            line.cells[index] = words[0 if (line.truth or {})[draft.columns[index].name] == "是" else 1]
    return bool(columns)


def counts_written(draft: Draft, rng: random.Random) -> bool:
    """Whole numbers with commas, with a fraction of zeros, or with the word for what is counted."""
    columns = draft.positions(FieldType.INTEGER)
    for index in columns:
        way = rng.choice(("{:,}", "{}.0", " {} ", "{}"))
        for line in _filled(draft, index):
            line.cells[index] = way.format(int(Decimal(str((line.truth or {})[draft.columns[index].name]))))
    return bool(columns)


def shares_written(draft: Draft, rng: random.Random) -> bool:
    """A percentage with its sign, or as a workbook's share of 1."""
    columns = [i for i in draft.positions(FieldType.NUMBER) if (f := draft.columns[i].field) and f.unit == "%"]
    for index in columns:
        as_share = draft.is_workbook and rng.random() < 0.6
        for line in _filled(draft, index):
            number = Decimal(str((line.truth or {})[draft.columns[index].name]))
            line.cells[index] = Formatted(float(number / 100), "0.00%") if as_share else f"{number}%"
    return bool(columns)


def shares_ambiguous(draft: Draft, rng: random.Random) -> bool:
    """A percentage as a bare share of 1: 0.12 may be 12 % or 0.12 %."""
    columns = [i for i in draft.positions(FieldType.NUMBER) if (f := draft.columns[i].field) and f.unit == "%"]
    for index in columns:
        for line in _filled(draft, index):
            number = Decimal(str((line.truth or {})[draft.columns[index].name]))
            line.cells[index] = format(number / 100, "f")
    return bool(columns)


def years_and_months_written(draft: Draft, rng: random.Random) -> bool:
    """2025年, 2025年度, 2025.0; 2025年3月, 202503, 2025/3, a day of that month."""
    for index in draft.positions(FieldType.YEAR):
        way = rng.choice(("{}年", "{}年度", "{}.0", "{}"))
        for line in _filled(draft, index):
            line.cells[index] = way.format((line.truth or {})[draft.columns[index].name])
    months = draft.positions(FieldType.MONTH)
    for index in months:
        way = rng.choice(("{y}年{m}月", "{y}{m:02}", "{y}/{m}", "{y}-{m:02}-01", "{y}.{m:02}", "{y}年{m:02}月份"))
        for line in _filled(draft, index):
            year, _, month = str((line.truth or {})[draft.columns[index].name]).partition("-")
            if month:
                line.cells[index] = way.format(y=year, m=int(month))
    return bool(months or draft.positions(FieldType.YEAR))


def numbers_for_codes(draft: Draft, rng: random.Random) -> bool:
    """Codes of digits as numbers of a workbook: bare where nothing is lost, or with zeros by a format."""
    touched = False
    for index in draft.positions(FieldType.CODE, FieldType.PHONE):
        formatted = rng.random() < 0.5
        for line in _filled(draft, index):
            text = line.cells[index]
            if not (isinstance(text, str) and text.isdigit() and text.isascii() and len(text) < 15):
                continue
            touched = True
            if formatted:
                line.cells[index] = Formatted(int(text), "0" * len(text)) if draft.is_workbook else f'="{text}"'
            elif text[0] != "0":
                line.cells[index] = int(text) if draft.is_workbook else f"{text}.0"
    return touched


def hidden_rows(draft: Draft, rng: random.Random) -> bool:
    """Rows that a filter hides."""
    if not draft.is_workbook:
        return False
    for line in draft.lines:
        line.hidden = rng.random() < 0.3
    return True


def days_shifted_hours(draft: Draft, rng: random.Random) -> bool:
    """Times with their hours, in several patterns."""
    columns = draft.positions(FieldType.TIMESTAMP)
    for index in columns:
        pattern = rng.choice(("{:%Y/%m/%d %H:%M:%S}", "{:%Y%m%d%H%M%S}", "{:%Y-%m-%dT%H:%M:%S}"))
        for line in _filled(draft, index):
            moment = datetime.fromisoformat(str((line.truth or {})[draft.columns[index].name]))
            line.cells[index] = pattern.format(moment + timedelta(0))
    return bool(columns)


VALUES = (
    dates_written, dates_mixed, dates_as_serials, dates_zero_or_bad, nothing_written, codes_lost, codes_spelt,
    codes_wrong, names_invisible, truths_written, counts_written, shares_written, shares_ambiguous,
    years_and_months_written, numbers_for_codes, hidden_rows, days_shifted_hours,
)  # fmt: skip
