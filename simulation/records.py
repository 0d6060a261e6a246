"""All rows of one item over the city."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from catalogue.model import Item
from simulation.enterprises import Enterprise
from simulation.lives import moments, subjects
from simulation.moves import rows_of
from simulation.people import COUNTIES, make_uscc
from simulation.plan import rule_for
from simulation.setting import CellValue, Setting
from simulation.values import cell_for

_NO_SUBJECT_CODE = (15, 47, 51)
_ISSUER_SERIAL = 900


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One row: ``unit`` sends it in its file of ``label`` (a period, or "" where rows carry their own).

    ``added``: what it says in the columns 增删改标志 and 数据日期, where the table has them.
    """

    unit: str
    label: str
    values: tuple[CellValue, ...]
    added: tuple[CellValue, ...] = ()


def records(item: Item, city: Sequence[Enterprise], seed: int, as_of: date) -> Iterator[SampleRow]:
    """Yield the item's rows in the order of its fields; the same for the same arguments."""
    rng = random.Random(f"{seed}:{item.id}")
    rule = rule_for(item.seq)
    cells = [cell_for(field, item) for field in item.fields]
    positions = {field.name: position for position, field in enumerate(item.fields)}
    subject_position = positions.get(item.subject.uscc or "")
    name_position = positions.get(item.subject.name or "")
    serial = 0
    for order, enterprise in enumerate(subjects(rule, city, as_of, rng)):
        # A county sends what lies in it; two other bodies that share an item take turns.
        second = enterprise.district in COUNTIES if item.units[-1] == "county_governments" else order % 2 == 1
        unit = item.units[-1] if second else item.units[0]
        name, code = _subject(item, enterprise)
        for moment in moments(rule, enterprise, as_of, seed, rng):
            setting = Setting(enterprise, moment, serial, as_of, rng)
            values = [cell(setting) for cell in cells]
            if name_position is not None:
                values[name_position] = name
            if subject_position is not None:
                # The list has no subject code in these items: most units add it, some do not.
                left_out = item.seq in _NO_SUBJECT_CODE and serial % 5 == 4
                values[subject_position] = None if left_out else code
            for row in rows_of(item, values, serial, as_of):
                yield SampleRow(unit, moment.label if item.period_declared else "", row.values, row.added)
            serial += 1


def _subject(item: Item, enterprise: Enterprise) -> tuple[str, str]:
    if item.seq == 13:
        return f"{enterprise.name}样例分公司", make_uscc(enterprise.district, 200_000 + enterprise.index)
    if item.seq == 40:
        return f"样例政府发行人{enterprise.index}", make_uscc("630102", _ISSUER_SERIAL + enterprise.index, "11")
    return enterprise.name, enterprise.uscc
