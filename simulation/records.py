"""All rows of one item over the city."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from catalogue.model import Item
from simulation.enterprises import Enterprise
from simulation.moments import moments, subjects
from simulation.moves import rows_of
from simulation.people import COUNTIES, make_uscc
from simulation.plan import rule_for
from simulation.reporting import LONGEST, reported
from simulation.setting import CellValue, Setting
from simulation.values import ItemCells

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


@dataclass(slots=True)
class DrawnRecord:
    """One record as it is on the data date, and as it was told before: ``known_at`` each was first reported."""

    setting: Setting
    unit: str
    values: list[CellValue]
    known_at: date
    former: list[tuple[date, list[CellValue]]]


def drawn_records(
    item: Item, city: Sequence[Enterprise], seed: int, as_of: date, *, with_former: bool
) -> Iterator[DrawnRecord]:
    """Yield the item's records that were reported by ``as_of``; the same for the same arguments.

    ``with_former``: each with what it said before it changed. Files show what it says now.
    """
    rng = random.Random(f"{seed}:{item.id}")
    rule, cells = rule_for(item.seq), ItemCells(item)
    positions = {field.name: position for position, field in enumerate(item.fields)}
    subject_position = positions.get(item.subject.uscc or "")
    name_position = positions.get(item.subject.name or "")
    serial, surely_known = 0, as_of - LONGEST
    for order, enterprise in enumerate(subjects(rule, item.seq, city, as_of, rng)):
        # A county sends what lies in it; two other bodies that share an item take turns.
        second = enterprise.district in COUNTIES if item.units[-1] == "county_governments" else order % 2 == 1
        unit = item.units[-1] if second else item.units[0]
        name, code = _subject(item, enterprise)
        common: list[CellValue] | None = None
        for moment in moments(rule, item.seq, enterprise, as_of, rng):
            setting = Setting(enterprise, moment, serial, as_of, rng)
            if common is None:
                common = cells.of_subject(setting)
                if name_position is not None:
                    common[name_position] = name
                if subject_position is not None:
                    common[subject_position] = code
            values = cells.of_record(common, setting)
            if values is None:
                continue
            if subject_position is not None and item.seq in _NO_SUBJECT_CODE and serial % 5 == 4:
                # The list has no subject code in these items: most units add it, some do not.
                values[subject_position] = None
            serial += 1
            if not with_former and moment.when < surely_known:
                yield DrawnRecord(setting, unit, values, moment.when, [])
                continue
            first_known = reported(item, enterprise, moment, moment.when)
            if first_known > as_of:
                continue
            former: list[tuple[date, list[CellValue]]] = []
            known_at = first_known
            if with_former and moment.changes:
                known_at = max(known_at, reported(item, enterprise, moment, moment.changes[-1]))
                for day, seen_on in zip((moment.when, *moment.changes), (*moment.changes, as_of), strict=True):
                    if seen_on is as_of:
                        break
                    earlier = Setting(enterprise, moment, setting.serial, day, random.Random(setting.serial))
                    said = cells.of_record(common, earlier)
                    if said is not None:
                        former.append((max(first_known, reported(item, enterprise, moment, day)), said))
            yield DrawnRecord(setting, unit, values, known_at, former)


def records(item: Item, city: Sequence[Enterprise], seed: int, as_of: date) -> Iterator[SampleRow]:
    """Yield the item's rows in the order of its fields; the same for the same arguments."""
    for record in drawn_records(item, city, seed, as_of, with_former=False):
        label = record.setting.moment.label if item.period_declared else ""
        for row in rows_of(item, record.values, record.setting.serial, as_of):
            yield SampleRow(record.unit, label, row.values, row.added)


def _subject(item: Item, enterprise: Enterprise) -> tuple[str, str]:
    if item.seq == 13:
        return f"{enterprise.name}样例分公司", make_uscc(enterprise.district, 200_000 + enterprise.index)
    if item.seq == 40:
        return f"样例政府发行人{enterprise.index}", make_uscc("630102", _ISSUER_SERIAL + enterprise.index, "11")
    return enterprise.name, enterprise.uscc
