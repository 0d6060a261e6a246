"""What a table is and what its submission says of itself: from options, body, and the names around it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from catalogue.errors import FileRefused
from catalogue.model import Catalogue, Item
from catalogue.titles import title_keys, title_parts
from catalogue.unit_names import UnitNames
from connectors.notes import NoteKind, TableNote
from connectors.tables import SourceTable
from producers.submissions.data_time import with_as_of
from producers.submissions.declarations import DeclarationOrigins, Declared, DeclaredIn, Hint, SubmissionMode
from producers.submissions.kept_mappings import KeptMappings
from producers.submissions.ledger import Ledger, numbered
from producers.submissions.metadata import declared_date, declared_mode, declared_period
from producers.submissions.options import Ask, Options, ReportingBody
from producers.submissions.overruled import overruled_notes
from producers.submissions.receipts import UnreadColumn
from producers.submissions.source import TableSource
from producers.submissions.submission import Submission
from producers.submissions.unit_answers import UnitAnswers
from producers.tables.columns import RETURNED, ColumnMatcher
from producers.tables.headers import HeadedTable, RecognisedTable, TableRecogniser
from producers.tables.item_fit import NoItem
from producers.tables.lookalikes import ItemQuestion
from producers.tables.numbered_codes import is_numbered
from producers.tables.units import MoneyUnits

T = TypeVar("T")

_REGION = re.compile(r"[0-9]{6}(?:[0-9]{3}|[0-9]{6})?")

_NOT_LISTED = "清单的这一项没有这个内容"
_NOT_MAPPED = "对照表写明不采集"
_EMPTY_NUMBER = "整列没有内容；只有编号的代码列按内容判断"
_SEVERAL = "列名有几个部分，其中有的不是清单的列名，含义可能不同"
_TAKEN_TWICE = "另一列已经作为同一内容采集"


class Declarer:
    """Recognises tables and declares their submissions, for one set of options.

    ``received``: when the command received its files, one moment for all of them. ``mappings``: where the mappings
    that persons confirmed are kept.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        options: Options,
        region: str,
        received: datetime,
        ask: Ask | None = None,
        mappings: Path = Path("mappings"),
    ) -> None:
        self._catalogue, self._options, self._region, self._ask = catalogue, options, region, ask
        self._received = received
        self._recogniser = TableRecogniser(catalogue)
        self._units_said = UnitAnswers(MoneyUnits.parse(options.money_units), ask)
        self._kept = KeptMappings(mappings, catalogue)
        self._units = UnitNames(catalogue.units.values())

    def recognised(self, source: TableSource, table: HeadedTable, may_ask: bool) -> RecognisedTable:
        """Return what a table is, and in which units its amounts are.

        Raises FileRefused; ItemQuestion and UnitQuestion when nobody is there to answer them.
        """
        sheet = table.table.sheet
        hints = [sheet, *source.hints] if sheet else source.hints
        item = self.item(self._options.item) if self._options.item else None
        recognised = self._given(table)
        if recognised is None:
            kept = [mapped for mapped in self._kept_for(source, table) if item in (None, mapped.item)]
            recognised = self._by_titles(table, hints, item, kept, may_ask=may_ask)
        return self._units_said.settled(source, table, recognised, may_ask=may_ask)

    def _given(self, table: HeadedTable) -> RecognisedTable | None:
        """Return a table by the mapping of the options; None without one, and for a sheet of another shape."""
        given = self._options.mapping
        mapped = self._recogniser.mapped(table.head, given) if given is not None else None
        if given is not None and mapped is None and len(table.table.sheets) < 2:
            raise FileRefused(
                f"表头与对照表不符：{given.difference(table.head)}。",
                remedy="请用 credithub mapping suggest 按这个文件重新生成对照表。",
            )
        return mapped

    def _kept_for(self, source: TableSource, table: HeadedTable) -> Iterator[RecognisedTable]:
        """Yield a table by each mapping of its shape that is kept for the body."""
        declared = self.unit_of(source.folders)
        for unit in [declared] if declared else self._catalogue.units:
            for mapping in self._kept.of(unit, self._options.region or self._region):
                item = self.item(mapping.item)
                if declared or item.units == (unit,):
                    mapped = self._recogniser.mapped(table.head, self._units_said.before(mapping, item))
                    if mapped is not None:
                        yield mapped

    def _by_titles(
        self, table: HeadedTable, hints: Sequence[str], item: Item | None, kept: list[RecognisedTable], *, may_ask: bool
    ) -> RecognisedTable:
        """Return a table by its titles, or by the kept mapping of the item that they, hints or a person say it is.

        A mapping says of which item its table was: the next one of its shape may be of another that looks alike.
        """
        try:
            try:
                recognised = self._recogniser.recognise(table.head, hints, item, table.table.rows)
            except NoItem:
                if len(kept) > 1:
                    raise ItemQuestion(tuple(mapped.item for mapped in kept)) from None
                if not kept:
                    raise
                return kept[0]
            if kept and all(mapped.item is not recognised.item for mapped in kept):
                raise ItemQuestion((recognised.item, *(mapped.item for mapped in kept)))
        except ItemQuestion as question:
            if self._ask is None or not may_ask:
                raise
            chosen = question.candidates[self._ask(question.in_sheet(table.table.sheet))]
            of_chosen = [mapped for mapped in kept if mapped.item is chosen]
            return (
                of_chosen[0] if of_chosen else self._recogniser.recognise(table.head, hints, chosen, table.table.rows)
            )
        return next((mapped for mapped in kept if mapped.item is recognised.item), recognised)

    def keep_mapping(self, recognised: RecognisedTable, submission: Submission) -> None:
        """Keep for a table's body what a person said of its columns: the options' mapping, or the units of amounts."""
        said = recognised.as_said()
        if said is not None and (self._options.mapping is not None or said != recognised.mapping):
            self._kept.keep(said, submission.unit, submission.region)

    def mapping_note(self, recognised: RecognisedTable) -> tuple[TableNote, ...]:
        """Return the note that says by which mapping a table was read."""
        if recognised.mapping is None:
            return ()
        which = "报送时给出的" if self._options.mapping is not None else "以前核对过并保存的"
        return (TableNote(NoteKind.MAPPING, f"各列按{which}对照表读取，不按列名"),)

    def item(self, name: str) -> Item:
        """Return an item by id, number or Chinese name; raises FileRefused when there is none."""
        try:
            return self._catalogue.item(name)
        except KeyError as exc:
            raise FileRefused(f"清单里没有“{name}”。", remedy="见 credithub catalogue。") from exc

    def mode(self, source: TableSource, table: SourceTable, recognised: RecognisedTable) -> Declared[SubmissionMode]:
        """Return how a table is sent; raises FileRefused where that is contradicted or unclear."""
        flagged = "op_flag" in recognised.extra.values()
        hints = hints_around(source, table, recognised)
        return declared_mode(self._options.full, hints, recognised.item, flagged=flagged)

    def overruled(self, source: TableSource, table: SourceTable, recognised: RecognisedTable) -> tuple[TableNote, ...]:
        """Return what a table or its names say otherwise than the options do."""
        return overruled_notes(self._options, hints_around(source, table, recognised), recognised.item)

    def submission(
        self,
        source: TableSource,
        body: ReportingBody | None,
        table: SourceTable,
        recognised: RecognisedTable,
        ledger: Ledger,
    ) -> Submission:
        """Return the submission of a table.

        Raises FileRefused when nobody says which unit reports, or places contradict each other.
        """
        options, item = self._options, recognised.item
        hints = hints_around(source, table, recognised)
        unit, region = self.body(item, body, source.folders)
        mode = self.mode(source, table, recognised)
        present = {c.field.name for c in recognised.columns.values()}
        added = set(recognised.extra.values())
        in_rows = "period" in added or bool(item.reporting_period and present.issuperset(item.reporting_period))
        period = _row_first(declared_period(options.period, hints, item, in_rows=in_rows), in_rows)
        dated = "data_date" in added
        data_date = _row_first(declared_date(options.data_date, hints, in_rows=dated), dated)
        submission = Submission(
            item=item.id,
            unit=unit.value,
            region=region.value,
            mode=mode.value,
            period=period.value,
            data_date=data_date.value,
            correction=options.correct,
            file_name=source.name,
            file_sha256=source.sha256,
            sheet=table.sheet,
            reading=recognised.reading(),
            rereads=int(RETURNED in added),
            channel=source.channel,
            origins=DeclarationOrigins(
                unit=unit.place, region=region.place, mode=mode.place, period=period.place, data_date=data_date.place
            ),
        )
        return self.numbered(submission, ledger, source.stamped_at)

    def numbered(self, submission: Submission, ledger: Ledger, stamp: datetime | None = None) -> Submission:
        """Return a submission with its revision, force count and data time; ``stamp``: the channel's own."""
        counted = numbered(submission, ledger, correct=self._options.correct, force=self._options.force)
        return with_as_of(counted, ledger, self._received, stamp)

    def body(
        self, item: Item, known: ReportingBody | None, folders: tuple[str, ...]
    ) -> tuple[Declared[str], Declared[str]]:
        """Return which unit reports, for which region: the body that is known, else what options, folders or item say.

        Raises FileRefused when nobody says which unit it is, or the option names none.
        """
        if known is not None:
            return Declared(known.unit, DeclaredIn.CHANNEL), Declared(known.region, DeclaredIn.CHANNEL)
        region = self._options.region
        if region is not None and not _REGION.fullmatch(region):
            raise FileRefused(f"“{region}”不是区划代码。", remedy="请用 --region 写6位数字的行政区划代码。")
        place = DeclaredIn.OPTION if region else DeclaredIn.NODE
        declared_region = Declared(region or self._region, place)
        unit = self.unit_of(folders)
        if unit is not None:
            return Declared(unit, DeclaredIn.OPTION if self._options.unit else DeclaredIn.FOLDER), declared_region
        if len(item.units) == 1:
            return Declared(item.units[0], DeclaredIn.CATALOGUE), declared_region
        choices = "、".join(self._catalogue.units[unit_id].zh for unit_id in item.units)
        raise FileRefused("不知道是哪个责任单位报送的。", remedy=f"请用 --unit 指明，这一项由这些单位报送：{choices}。")

    def unread_columns(self, recognised: RecognisedTable) -> tuple[UnreadColumn, ...]:
        """Return the columns of a table that are not taken, each with the reason."""
        matcher = self._recogniser.matcher(recognised.item)
        return tuple(UnreadColumn(title, _why_unread(recognised, title, matcher)) for title in recognised.unknown)

    def unit_of(self, folders: tuple[str, ...]) -> str | None:
        """Return the unit that the options or the names of folders tell; None when they tell none.

        Raises FileRefused for an option that names no unit.
        """
        if self._options.unit is not None:
            return self._units.called(self._options.unit)
        return next((unit for name in folders if (unit := self._units.find(name)) is not None), None)


def _why_unread(recognised: RecognisedTable, title: str, matcher: ColumnMatcher) -> str:
    if recognised.mapping is not None:
        return _NOT_MAPPED
    if is_numbered(title):
        return _EMPTY_NUMBER
    if matcher.meant(title) is not None or any(key in matcher.keys for key, _ in title_keys(title)):
        return _TAKEN_TWICE
    return _SEVERAL if len(title_parts(title)[1]) > 1 else _NOT_LISTED


def _row_first(declared: Declared[T], in_rows: bool) -> Declared[T]:
    """Say where it stands first of all: in the rows, where they have a column for it."""
    return replace(declared, place=DeclaredIn.COLUMN) if in_rows else declared


def hints_around(source: TableSource, table: SourceTable, recognised: RecognisedTable) -> list[Hint]:
    """Return the texts around a table that may declare something, the nearest to it first."""
    texts = (
        Hint(recognised.title_text, DeclaredIn.TITLE),
        Hint(table.sheet or "", DeclaredIn.SHEET),
        Hint(source.title, DeclaredIn.FILE_NAME),
    )
    return [hint for hint in texts if hint.text]
