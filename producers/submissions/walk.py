"""The one walk over a source's tables: each is opened and recognised once, whoever asks for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from catalogue.errors import FileRefused
from connectors.notes import TableNote
from connectors.tables import TableRows
from producers.submissions.nil import says_nothing
from producers.submissions.sheets import (
    in_sheet,
    may_be_records,
    passed_over,
    refuse_records,
    refuse_samples,
    reports_nothing,
)
from producers.submissions.source import TableSource
from producers.tables.detail_sheets import DetailSheets, find_details, is_note
from producers.tables.headers import HEAD_ROWS, HeadedTable, RecognisedTable
from producers.tables.item_fit import NoItem
from producers.tables.survey import survey

# Recognises a table of a source; whether a person may be asked which item it is.
RecogniseTable = Callable[[TableSource, HeadedTable, bool], RecognisedTable]


@dataclass(slots=True)
class TableWalk:
    """The tables of one source, opened as far as somebody walked. It may be walked several times, also at once."""

    source: TableSource
    recogniser: RecogniseTable
    _unopened: Iterator[HeadedTable] = field(init=False)
    _opened: list[HeadedTable] = field(default_factory=list)
    _recognised: dict[HeadedTable, RecognisedTable] = field(default_factory=dict)
    _passed_over: dict[HeadedTable, str] = field(default_factory=dict)
    _details: DetailSheets | None = None

    def __post_init__(self) -> None:
        self._unopened = (HeadedTable.of(table) for table in self.source.tables())

    def every(self) -> Iterator[HeadedTable]:
        """Yield all tables, notes and details among them. Raises FileRefused for one that cannot be opened."""
        position = 0
        while True:
            if position == len(self._opened):
                table = next(self._unopened, None)
                if table is None:
                    return
                self._opened.append(table)
            yield self._opened[position]
            position += 1

    def main(self) -> Iterator[HeadedTable]:
        """Yield the tables that report something: notes (说明), details (明细) and what was passed over do not."""
        for table in self.every():
            details, sheet = self.details(table), table.table.sheet
            if table not in self._passed_over and (sheet is None or not (is_note(sheet) or sheet in details.names)):
                yield table

    def settle(self, declare: Callable[[HeadedTable, RecognisedTable], object]) -> tuple[TableNote, ...]:
        """Recognise and declare every table, so that nothing is sent of a source before all of it is understood.

        Return notes on the sheets that are passed over, which ``main`` leaves out from then on. Raises FileRefused for
        a sheet that may hold records and is none of the list, for what ``declare`` refuses, and where no sheet reports
        anything; it names the sheet.
        """
        refusal: FileRefused | None = None
        for table in tuple(self.main()):
            sheet = table.table.sheet
            try:
                refuse_samples(sheet)
                recognised = self.recognised(table, may_ask=True)
            except NoItem as exc:
                why = reports_nothing(sheet, table.head, exc)
                if not why:
                    raise may_be_records(sheet, exc) from exc
                self._passed_over[table] = why
                refusal = refusal or exc
                continue
            if not is_silent(table, recognised):
                with in_sheet(sheet):
                    declare(table, recognised)
        if refusal is not None and next(self.main(), None) is None:
            raise refusal
        notes = {str(table.table.sheet): why for table, why in self._passed_over.items()}
        for table in self.every():
            if is_note(sheet := table.table.sheet or ""):
                refuse_records(sheet, table.head)
                notes[sheet] = "填写说明"
        return tuple(passed_over(sheet, why) for sheet, why in notes.items())

    def after(self, table: HeadedTable) -> Iterator[HeadedTable]:
        """Yield the main tables that come behind one."""
        behind = False
        for other in self.main():
            if behind:
                yield other
            behind = behind or other is table

    def details(self, table: HeadedTable) -> DetailSheets:
        """Return the details of the workbook that a table is in."""
        if self._details is None:
            names = table.table.sheets
            self._details = find_details(names, self.every(), lambda other: self.recognised(other, may_ask=False))
        return self._details

    def recognised(self, table: HeadedTable, *, may_ask: bool) -> RecognisedTable:
        """Return what a table is; raises FileRefused as ``TableRecogniser.recognise`` does."""
        if table not in self._recognised:
            with in_sheet(table.table.sheet):
                self._recognised[table] = surveyed(table, self.recogniser(self.source, table, may_ask))
        return self._recognised[table]

    def rows(self, table: HeadedTable, recognised: RecognisedTable) -> TableRows:
        """Yield the rows below the header, then raise FileRefused when the source changed meanwhile."""
        try:
            yield from table.below(recognised.header_row)
        except FileRefused:
            # What is wrong with a file that is half written is of no matter.
            self.source.refuse_changed()
            raise
        self.source.refuse_changed()


def surveyed(table: HeadedTable, recognised: RecognisedTable) -> RecognisedTable:
    """Return what a table is, with what its first rows say of all of them."""
    taken = recognised.columns.keys() | recognised.extra.keys()
    seen = survey(table.table, table.head, recognised.header_row, taken, recognised.width)
    columns = {
        index: replace(column, keeps_digits=True) if index in seen.whole_numbers else column
        for index, column in recognised.columns.items()
    }
    return replace(recognised, columns=columns, survey=seen)


def is_silent(table: HeadedTable, recognised: RecognisedTable) -> bool:
    """Whether a table has a header and no record below it."""
    return len(table.head) < HEAD_ROWS and says_nothing(row for row in table.head if row[0] > recognised.header_row)
