"""In which unit amounts are, as the reporter says: by an option, or asked at the terminal."""

from dataclasses import replace

from catalogue.model import Item
from producers.submissions.options import Ask
from producers.submissions.source import TableSource
from producers.tables.headers import HeadedTable, RecognisedTable
from producers.tables.mapping import ColumnMapping
from producers.tables.units import MoneyUnits, UnitQuestion, settle_units


class UnitAnswers:
    """The answers of one command. One that was asked for holds for all tables of its shape in a folder."""

    def __init__(self, said: MoneyUnits, ask: Ask | None) -> None:
        self._said, self._ask = said, ask
        self._by_shape: dict[tuple[object, ...], MoneyUnits] = {}

    def settled(
        self, source: TableSource, table: HeadedTable, recognised: RecognisedTable, *, may_ask: bool
    ) -> RecognisedTable:
        """Return the table with the units of its amounts; raises UnitQuestion when nobody is there to answer."""
        shape = (source.folders, recognised.item.id, tuple(column.title for column in recognised.columns.values()))
        while True:
            said = self._by_shape.get(shape, self._said)
            try:
                return settle_units(recognised, table.head, said)
            except UnitQuestion as question:
                if self._ask is None or not may_ask:
                    raise
                for each in question.each():
                    answer = self._ask(each.in_sheet(table.table.sheet))
                    said = said.adding(each.columns[0], each.choices[answer])
                self._by_shape[shape] = said

    def before(self, mapping: ColumnMapping, item: Item) -> ColumnMapping:
        """Return a kept mapping without the units for which there is an answer of today."""
        columns = tuple(
            replace(mapped, unit="") if mapped.unit and self._said.of(mapped.as_column(item)) else mapped
            for mapped in mapping.columns
        )
        return replace(mapping, columns=columns)
