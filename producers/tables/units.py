"""In which unit a table's amounts are: stated by title, table or reporter, else asked. A magnitude is never guessed.

Only where the list knows one unit, 元, and nothing in the table speaks against it, an amount without a unit is read
in it; the receipt says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

from catalogue.currencies import YUAN
from catalogue.errors import FileRefused, Question
from catalogue.model import Field, FieldType
from catalogue.titles import normal, title_keys
from connectors.notes import NoteKind, TableNote
from connectors.tables import Cell
from producers.tables.amounts import ASSUMED_YUAN, UNSTATED, Written, multiple, parse_number
from producers.tables.columns import Column
from producers.tables.headers import RecognisedTable
from producers.tables.problems import ValueProblem

_YUAN = "元"
_ANSWERS = (_YUAN, "万元", "千元", "亿元")


class UnitQuestion(Question):
    """Nothing says in which unit the amounts of some columns are; ``columns`` are their titles."""

    def __init__(self, columns: Sequence[str], why: str) -> None:
        self.columns, self.why = tuple(columns), why
        named = "、".join(f"“{title}”" for title in columns)
        example = f"--money-unit {columns[0]}=万元"
        super().__init__(
            f"{named}的单位是元还是万元？{why}。",
            _ANSWERS,
            remedy=f"请在列名中写明，如“{columns[0]}(万元)”；或用 {example} 说明（全表一样时写 --money-unit 万元）。",
        )

    def each(self) -> Iterator["UnitQuestion"]:
        """Yield a question for each column: they may be in different units."""
        return (UnitQuestion([title], self.why) for title in self.columns)


@dataclass(frozen=True, slots=True)
class MoneyUnits:
    """What the reporter says of the units: of every amount, and of columns by their title or field, looked-up form."""

    every: str = ""
    by_column: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, answers: Iterable[str]) -> Self:
        """Read 万元 and 注册资本=万元; raises FileRefused for what is no unit of money."""
        every, by_column = "", []
        for answer in answers:
            column, equals, unit = answer.replace("＝", "=").rpartition("=")
            if not unit or multiple(unit, _YUAN) is None or (equals and not column.strip()):
                raise FileRefused(
                    f"看不懂金额单位“{answer}”。", remedy="请写作 --money-unit 万元，或 --money-unit 注册资本=万元。"
                )
            if equals:
                by_column.append((normal(column), unit.strip()))
            else:
                every = unit.strip()
        return cls(every, tuple(by_column))

    def adding(self, title: str, unit: str) -> Self:
        """Return these units and an answer to the question about a column."""
        return replace(self, by_column=((title_keys(title)[0][0], unit), *self.by_column))

    def of(self, column: Column) -> str:
        """Return the unit of a column; "" when nothing was said of it."""
        names = {*(key for key, _ in title_keys(column.title)), normal(column.field.zh), column.field.name}
        return next((unit for name, unit in self.by_column if name in names), self.every)


def settle_units(
    recognised: RecognisedTable, head: Sequence[tuple[int, Sequence[Cell]]], said: MoneyUnits
) -> RecognisedTable:
    """Return the table with a unit at each amount's column; raises UnitQuestion where nobody says which.

    The first rows decide. A later one that contradicts them is refused by itself: see ``amounts``.
    """
    columns = dict(recognised.columns)
    below = [cells for number, cells in head if number > recognised.header_row]
    stated = {column.unit for column in columns.values() if column.unit and amount_field(column) is not None}
    answered: dict[int, str] = {}
    asked: list[str] = []
    mixed: list[str] = []
    for index, column in columns.items():
        field = amount_field(column)
        if field is None or column.unit:
            continue
        if unit := said.of(column):
            columns[index] = replace(column, unit=unit)
            answered[index] = unit
            continue
        written = list(_written(below, index))
        bare = any(amount.number and not amount.unit and amount.currency in ("", YUAN) for amount in written)
        own = {amount.unit for amount in written if amount.unit and multiple(amount.unit, _YUAN) != 1}
        if bare and own:
            mixed.append(column.title)
        elif bare and (field.unit != _YUAN or stated - {_YUAN}):
            asked.append(column.title)
        # Where the others write their own units, a later amount without one says nothing.
        columns[index] = replace(column, unit=UNSTATED if own or field.unit != _YUAN else ASSUMED_YUAN)
    if mixed:
        raise UnitQuestion(mixed, "这一列有的金额写了单位，有的没有写")
    if asked:
        raise UnitQuestion(asked, "列名、表头和数值都没有写明单位")
    return replace(recognised, columns=columns, answered=answered)


def amount_field(column: Column) -> Field | None:
    """Return the field of money that a column holds, be it a month's; None when it holds none."""
    if column.month is None:
        return column.field if column.field.type is FieldType.MONEY else None
    sub = next((s for s in column.field.details if s.name == column.sub), None)
    return sub if sub is not None and sub.type is FieldType.MONEY else None


def _written(rows: Sequence[Sequence[Cell]], index: int) -> Iterator[Written]:
    for cells in rows:
        if index < len(cells):
            with suppress(ValueProblem):
                yield parse_number(cells[index])


def unit_notes(columns: Iterable[Column]) -> tuple[TableNote, ...]:
    """Return in which unit each amount was read, and what said so."""
    notes: list[TableNote] = []
    for column in columns:
        field = amount_field(column)
        if field is not None:
            if column.unit == ASSUMED_YUAN:
                text = "元（表中没有写明单位，按清单的单位读取，请核对）"
            elif column.unit == UNSTATED:
                text = "按每一格自己写的单位"
            else:
                text = column.unit or _YUAN
            notes.append(TableNote(NoteKind.AMOUNT_UNIT, text, column=column.title))
    return tuple(notes)
