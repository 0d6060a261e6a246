"""Tables drawn from the sample city, with the truth of every cell."""

import functools
import random
from datetime import date, datetime
from decimal import Decimal

from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType, Item
from simulation.enterprises import found_city
from simulation.moves import FLAG_TITLES, FLAGGED
from simulation.records import SampleRow, records
from tests.disturbed.tables import DATA_DATE, OP_FLAG, Draft, Line, TableColumn, canonical

AS_OF = date(2026, 6, 30)
_CITY_SEED, _ENTERPRISES = 7, 160
_MOST_ROWS = 24
# The city says so of a method that there is none: an empty cell says the same.
_NOTHING = "无"
_SUFFIXES = (".csv", ".csv", ".xlsx")


@functools.cache
def _rows(item_id: str) -> dict[tuple[str, str], list[SampleRow]]:
    """Return all rows of an item, by the unit and the period that report them."""
    groups: dict[tuple[str, str], list[SampleRow]] = {}
    city = found_city(_ENTERPRISES, _CITY_SEED, AS_OF)
    for row in records(load_catalogue().item(item_id), city, _CITY_SEED, AS_OF):
        groups.setdefault((row.unit, row.label), []).append(row)
    return groups


def draw(rng: random.Random) -> Draft:
    """Return a table of some item as an orderly unit would write it."""
    catalogue = load_catalogue()
    item = rng.choice([item for item in catalogue.items if _rows(item.id)])
    unit, label = rng.choice(sorted(_rows(item.id)))
    rows = _rows(item.id)[unit, label]
    first = rng.randrange(len(rows))
    rows = rows[first : first + rng.randrange(1, _MOST_ROWS + 1)]
    suffix = rng.choice(_SUFFIXES)
    # What a cell of 明细 holds is a table of its own, with tests of its own.
    fields = [(i, f) for i, f in enumerate(item.fields) if f.type is not FieldType.DETAILS]
    columns = [TableColumn(f.name, f.zh, f) for _, f in fields]
    if item.seq in FLAGGED:
        columns += [TableColumn(OP_FLAG, FLAG_TITLES[0]), TableColumn(DATA_DATE, FLAG_TITLES[1])]
    lines = [_line(item, fields, row, in_text=suffix == ".csv") for row in rows]
    name = f"{item.zh}_{label}" if label else item.zh
    draft = Draft(
        item, catalogue.units[unit].zh, label.removesuffix("年度"), columns, lines, suffix, name.replace("/", "_")
    )
    if item.seq not in FLAGGED:
        draft.name += f"_数据日期{AS_OF.isoformat()}"
    return draft


def _line(item: Item, fields: list[tuple[int, Field]], row: SampleRow, *, in_text: bool) -> Line:
    cells: list[object] = []
    truth: dict[str, str | None] = {}
    for index, field in fields:
        value = row.values[index]
        truth[field.name] = truth_of(field, value)
        cells.append(written(field, value, in_text=in_text))
    cells += [value.isoformat() if isinstance(value, date) else value for value in row.added]
    return Line(cells, truth, withdraws=bool(row.added) and row.added[0] == "删")


def truth_of(field: Field, value: object) -> str | None:
    """Return what a drawn value truly is; amounts in yuan, whatever the list's unit."""
    if value == _NOTHING:
        return None
    if field.type is FieldType.MONEY and value is not None:
        return canonical(field, Decimal(str(value)) * (10_000 if field.unit == "万元" else 1))
    return canonical(field, value)


def written(field: Field, value: object, *, in_text: bool) -> object:
    """Return the cell of a value as an orderly unit writes it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float)) and (in_text or field.type not in (FieldType.MONEY, FieldType.NUMBER)):
        return format(Decimal(str(value)), "f")
    return value
