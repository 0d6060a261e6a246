"""The values of an item's records: what is the same for all, what for all of one subject, and what each says anew."""

from collections.abc import Mapping

from catalogue.model import Field, FieldType, Item
from simulation.named_values import by_name
from simulation.plan import Rhythm, rule_for
from simulation.setting import Cell, CellValue, Per, Setting, Teller
from simulation.tellers.table import TELLERS
from simulation.typed_values import by_type

_FIRST_CODES = ("currency", "id_type")
_SAME_EACH_MONTH = (FieldType.TEXT, FieldType.CODE)


def cell_for(field: Field, item: Item) -> Cell:
    """Return how the cells of ``field`` are drawn: by its name, else by its codes or its type."""
    named = by_name(field, item)
    if named is not None:
        return Per.SUBJECT, named
    if field.codes:
        shown = tuple(field.codes) if item.seq % 2 else tuple(field.codes.values())
        if field.name.endswith(_FIRST_CODES) or "currency_code" in field.name:
            return Per.ITEM, lambda s: shown[0]
        return Per.RECORD, lambda s: s.rng.choice(shown)
    per, draw = by_type(field, item)
    if field.type in _SAME_EACH_MONTH and field.name not in item.identity.fields and _is_regular(item):
        per = min(per, Per.SUBJECT, key=lambda each: each.value)
    return per, draw


def _is_regular(item: Item) -> bool:
    return rule_for(item.seq).rhythm in (Rhythm.MONTHS, Rhythm.QUARTERS)


class ItemCells:
    """Draws the values of an item's records, in the order of its fields."""

    def __init__(self, item: Item, tellers: Mapping[int, Teller] = TELLERS) -> None:
        self._teller = tellers.get(item.seq)
        positions = {field.name: position for position, field in enumerate(item.fields)}
        self._told = [positions[name] for name in self._teller.fields] if self._teller else []
        cells = [
            (position, cell_for(field, item))
            for position, field in enumerate(item.fields)
            if position not in self._told
        ]
        self._fields = len(item.fields)
        self._subject = [(position, draw) for position, (per, draw) in cells if per is not Per.RECORD]
        self._record = [(position, draw) for position, (per, draw) in cells if per is Per.RECORD]

    def of_subject(self, setting: Setting) -> list[CellValue]:
        """Return the values that all records of the setting's subject share, and None for the others."""
        values: list[CellValue] = [None] * self._fields
        for position, draw in self._subject:
            values[position] = draw(setting)
        return values

    def of_record(self, common: list[CellValue], setting: Setting) -> list[CellValue] | None:
        """Return the values of one record; None: there is no such record."""
        values = common.copy()
        if self._teller is not None:
            told = self._teller.draw(setting)
            if told is None:
                return None
            for position, value in zip(self._told, told, strict=True):
                values[position] = value
        for position, draw in self._record:
            values[position] = draw(setting)
        return values
