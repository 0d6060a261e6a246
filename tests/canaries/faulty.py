"""Rows that are refused: what is personal or commercial lies in the wrong cells of them, as it does in real files."""

from collections.abc import Callable, Iterator
from datetime import date

from catalogue.model import Field, FieldType, Sensitivity
from simulation.writing import file_format, habit, shown
from tests.canaries.canary import Canary, CanaryKind, Mint
from tests.canaries.planting import Cells, Place, expose, plant

_STRICT = (FieldType.DATE, FieldType.MONEY, FieldType.NUMBER, FieldType.YEAR, FieldType.MONTH, FieldType.TIMESTAMP)
_EXPOSED = (CanaryKind.NAME, CanaryKind.PHONE, CanaryKind.EMAIL)
_FREE = frozenset({FieldType.TEXT, FieldType.CODE})
_TEXT_FORMATS = ("csv-gbk", "csv-utf8-bom", "csv-utf8", "tsv")
_UNKNOWN_ENTERPRISE = "西宁样例未曾登记有限公司"

Row = list[object]
_Fault = Callable[["_Faulty"], Row | None]


class _Faulty:
    """One row while it is spoilt: all that is not public in it is a canary, and its public texts name persons."""

    def __init__(self, place: Place, cells: Cells, mint: Mint, today: date) -> None:
        self.item, self._place, self._mint = place.item, place, mint
        self.cells, self.canaries = plant(place, cells, mint, today)
        # Names, phones and addresses are written into whatever column is free.
        for number, field in enumerate(self.free):
            self.expose([field], _EXPOSED[number % len(_EXPOSED)])

    @property
    def free(self) -> list[Field]:
        """The public columns that take whatever is written into them; what is told apart by them is not free."""
        item = self.item
        subject = {item.subject.uscc, item.subject.name, *item.subject.codes, *item.told_apart_by}
        return [
            one
            for one in item.fields
            if one.sensitivity is Sensitivity.PUBLIC and not one.public_when and not item.about_persons
            and one.type in _FREE and one.name not in subject and one.form is None
            and not (one.type is FieldType.CODE and one.codes)
        ]  # fmt: skip

    def expose(self, fields: list[Field], kind: CanaryKind) -> None:
        """Put something of a person into columns that are not for it."""
        wrong, own = expose(self._place, fields, kind, self._mint)
        self.cells |= wrong
        # What stood there before is in no file.
        self.canaries = [one for one in self.canaries if one.field not in wrong] + own

    def lose(self, field: Field) -> None:
        """Note that a cell is in no file."""
        self.canaries = [one for one in self.canaries if one.field.partition(".")[0] != field.name]

    def shown(self) -> Row:
        """Return the row as its unit writes it."""
        values = [self.cells[one.name] for one in self.item.fields]
        return shown(self.item, values, (), habit(self.item))


def faulty_rows(place: Place, cells: Cells, mint: Mint, today: date) -> Iterator[tuple[Row, list[Canary]]]:
    """Yield rows of an item that no unit should send, each with the canaries in it."""
    for fault in _FAULTS:
        row = _Faulty(place, cells, mint, today)
        if (spoilt := fault(row)) is not None:
            yield spoilt, row.canaries


def _wrong_check_digit(row: _Faulty) -> Row | None:
    name = row.item.subject.uscc
    if name is None:
        return None
    code = str(row.cells[name])
    row.cells[name] = code[:-1] + ("1" if code[-1] != "1" else "2")
    return row.shown()


def _text_for_a_number(row: _Faulty) -> Row | None:
    field = next((one for one in row.item.fields if one.type in _STRICT and not one.keeps_row), None)
    if field is None or row.item.about_persons:
        return None
    row.expose([field], CanaryKind.NAME)
    return row.shown()


def _shifted(row: _Faulty) -> Row | None:
    """Return the row as a lost delimiter leaves it, which no workbook has.

    Where all columns are texts nobody can see it: docs/security.md leaves that open.
    """
    code = row.item.subject.uscc
    is_seen = any(one.type not in _FREE and one.name != code for one in row.item.fields)
    if code is None or not is_seen or file_format(row.item, 1) not in _TEXT_FORMATS:
        return None
    row.lose(row.item.fields[0])
    return [*row.shown()[1:], ""]


def _of_nobody_known(row: _Faulty) -> Row | None:
    subject = row.item.subject
    if subject.uscc is None or subject.name is None:
        return None
    row.cells |= {subject.uscc: None, subject.name: _UNKNOWN_ENTERPRISE}
    return row.shown()


def _of_a_person(row: _Faulty) -> Row | None:
    subject = row.item.subject
    if subject.uscc is None or subject.name is None:
        return None
    row.expose([row.item.field(subject.uscc)], CanaryKind.ID_NUMBER)
    row.expose([row.item.field(subject.name)], CanaryKind.NAME)
    return row.shown()


def _person_in_a_text(row: _Faulty) -> Row | None:
    if not row.free:
        return None
    row.expose(row.free[:1], CanaryKind.ID_NUMBER)
    return row.shown()


_FAULTS: tuple[_Fault, ...] = (
    _wrong_check_digit, _text_for_a_number, _shifted, _of_nobody_known, _of_a_person, _person_in_a_text,
)  # fmt: skip
