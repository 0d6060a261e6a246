"""Faults of amounts: in which unit they are, what says so, and how their numbers are written."""

import random
import re
from decimal import Decimal

from catalogue.model import FieldType
from tests.disturbed.tables import Draft, Formatted, Line

_FACTORS = {"元": Decimal(1), "万元": Decimal(10_000), "千元": Decimal(1000), "亿元": Decimal(10**8)}
_UNIT_IN_TITLE = re.compile(r"[(（【\[/_]?(?:单位[:：])?(?:人民币)?([百千]?[万亿]?元)[)）】\]]?$")
_IN_TITLE = ("{}({})", "{}（{}）", "{}/{}", "{}（单位：{}）", "{}[{}]", "{}(人民币{})")
_MOST_PLACES = 12


def in_title(draft: Draft, rng: random.Random) -> bool:
    """Every title says its unit."""
    for index in _money(draft):
        unit = rng.choice(list(_FACTORS))
        if draft.retitled(index, rng.choice(_IN_TITLE).format(_bare(draft.columns[index].title), unit)):
            _write(draft, index, unit, rng)
    return bool(_money(draft))


def above_table(draft: Draft, rng: random.Random) -> bool:
    """One line above the table says the unit of all amounts."""
    columns = _money(draft)
    if not columns:
        return False
    unit = rng.choice(list(_FACTORS))
    line: list[object] = [
        rng.choice(("单位：{}", "单位: {}", "（单位：{}）", "金额单位：{}", "单位：人民币{}")).format(unit)
    ]
    draft.above.append(["", "", *line] if rng.random() < 0.5 and len(draft.columns) > 2 else line)
    for index in columns:
        if draft.retitled(index, _bare(draft.columns[index].title)):
            _write(draft, index, unit, rng)
    return True


def in_cells(draft: Draft, rng: random.Random) -> bool:
    """Each amount says its unit, not all the same one."""
    columns = _money(draft)
    for index in columns:
        draft.retitled(index, _bare(draft.columns[index].title))
        for line in draft.records:
            unit = rng.choice(list(_FACTORS))
            if (number := _in_unit(draft, index, line, unit)) is not None:
                line.cells[index] = rng.choice(("{}{}", "{} {}", "人民币{}{}", "￥{}{}", "{}{}人民币")).format(
                    number, unit
                )
    return bool(columns)


def in_formats(draft: Draft, rng: random.Random) -> bool:
    """The number format of a workbook shows the unit, or divides by ten thousand."""
    columns = _money(draft)
    if not columns or not draft.is_workbook:
        return False
    for index in columns:
        draft.retitled(index, _bare(draft.columns[index].title))
        divides = rng.random() < 0.3
        for line in draft.records:
            if divides and (yuan := _in_unit(draft, index, line, "元")) is not None:
                # 0!.0000,"万元" shows the value in 万元, whatever it counts.
                line.cells[index] = Formatted(float(yuan), '0!.0000"万元"')
            elif (number := _in_unit(draft, index, line, "万元")) is not None:
                line.cells[index] = Formatted(float(number), '#,##0.00##########"万元"')
    return True


def nowhere(draft: Draft, rng: random.Random) -> bool:
    """Nothing says the unit; whoever wrote the table knows it."""
    columns = _money(draft)
    unit = rng.choice(("元", "万元"))
    for index in columns:
        draft.retitled(index, _bare(draft.columns[index].title))
        draft.untold_units.add(draft.columns[index].name)
        _write(draft, index, unit, rng)
    return bool(columns)


def sometimes_in_cells(draft: Draft, rng: random.Random) -> bool:
    """Some amounts say 万元, and the bare ones mean it too."""
    columns = _money(draft)
    for index in columns:
        draft.retitled(index, _bare(draft.columns[index].title))
        for line in draft.records:
            if (number := _in_unit(draft, index, line, "万元")) is not None:
                line.cells[index] = f"{number}万元" if rng.random() < 0.4 else str(number)
        draft.untold_units.add(draft.columns[index].name)
    return bool(columns)


def foreign(draft: Draft, rng: random.Random) -> bool:
    """Some amounts are in another currency: no number of yuan may be read."""
    columns = [i for i in _money(draft) if not (f := draft.columns[i].field) or not f.currency]
    touched = False
    for index in columns:
        unit = unit_said(draft, index)
        _write(draft, index, unit, rng)
        for line in draft.records:
            if line.truth and line.truth.get(draft.columns[index].name) is not None and rng.random() < 0.3:
                line.cells[index] = rng.choice(("100美元", "$100", "USD 100", "100万港元", "€20", "3万欧元"))
                line.lost.add(draft.columns[index].name)
                touched = True
    return touched


def as_listed(draft: Draft, rng: random.Random) -> bool:
    """The titles say what the list says, and 元 where it says nothing."""
    for index in _money(draft):
        unit = unit_said(draft, index)
        if not _UNIT_IN_TITLE.search(draft.columns[index].title):
            draft.untold_units.add(draft.columns[index].name)
        _write(draft, index, unit, rng)
    return True


def unit_said(draft: Draft, index: int) -> str:
    """Return the unit that a title says; 元 where it says none."""
    said = _UNIT_IN_TITLE.search(draft.columns[index].title)
    return said[1] if said is not None and said[1] in _FACTORS else "元"


def _money(draft: Draft) -> list[int]:
    return draft.positions(FieldType.MONEY)


def _bare(title: str) -> str:
    return _UNIT_IN_TITLE.sub("", title) or title


def _in_unit(draft: Draft, index: int, line: Line, unit: str) -> Decimal | None:
    name = draft.columns[index].name
    yuan = (line.truth or {}).get(name)
    if yuan is None:
        return None
    number = Decimal(yuan) / _FACTORS[unit]
    return Decimal(format(number.normalize(), "f"))


def _write(draft: Draft, index: int, unit: str, rng: random.Random) -> None:
    """Write a column's amounts in a unit, as texts or as numbers, in one of the usual forms."""
    form = rng.choice(("{:f}", "{:,}", " {:f} ", "￥{:,}", "number", "number", "￥{:f}", "{:f}0", "full"))
    for line in draft.records:
        number = _in_unit(draft, index, line, unit)
        if number is None:
            continue
        if form == "number":
            grouped = Formatted(float(number), "#,##0.00") if rng.random() < 0.5 else float(number)
            line.cells[index] = grouped if draft.is_workbook else f"{number:f}"
        elif form == "full":
            line.cells[index] = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in f"{number:f}")
        elif form == "{:f}0":
            line.cells[index] = f"{number:f}0" if "." in f"{number:f}" else f"{number:f}.00"
        else:
            line.cells[index] = form.format(number)


AMOUNTS = (
    in_title, in_title, above_table, in_cells, in_formats, nowhere, sometimes_in_cells, foreign, as_listed, as_listed,
)  # fmt: skip
