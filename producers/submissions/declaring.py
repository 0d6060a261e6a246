"""What a table is and what its submission says of itself: from options, body, and the names around it."""

from catalogue.errors import FileRefused
from catalogue.model import Catalogue, Item
from connectors.tables import SourceTable
from producers.submissions.ledger import Ledger, numbered
from producers.submissions.metadata import declared_date, declared_mode, declared_period
from producers.submissions.options import Ask, Options, ReportingBody
from producers.submissions.source import TableSource
from producers.submissions.submission import Submission
from producers.tables.headers import HeadedTable, RecognisedTable, TableRecogniser
from producers.tables.lookalikes import ItemQuestion


class Declarer:
    """Recognises tables and declares their submissions, for one set of options."""

    def __init__(self, catalogue: Catalogue, options: Options, region: str, ask: Ask | None = None) -> None:
        self._catalogue, self._options, self._region, self._ask = catalogue, options, region, ask
        self._recogniser = TableRecogniser(catalogue)

    def recognised(self, source: TableSource, table: HeadedTable, may_ask: bool) -> RecognisedTable:
        """Return what a table is. Raises FileRefused; ItemQuestion when nobody is there to answer it."""
        sheet = table.table.sheet
        hints = [sheet, *source.hints] if sheet else source.hints
        item = self.item(self._options.item) if self._options.item else None
        try:
            return self._recogniser.recognise(table.head, hints, item)
        except ItemQuestion as question:
            if self._ask is None or not may_ask:
                raise
            return self._recogniser.recognise(table.head, hints, question.candidates[self._ask(question)])

    def item(self, name: str) -> Item:
        """Return an item by id, number or Chinese name; raises FileRefused when there is none."""
        try:
            return self._catalogue.item(name)
        except KeyError as exc:
            raise FileRefused(f"清单里没有“{name}”。", remedy="见 credithub catalogue。") from exc

    def mode(self, source: TableSource, table: SourceTable, recognised: RecognisedTable) -> str:
        """Return how a table is sent: FULL, SET or INCREMENTAL."""
        hints = [table.sheet or "", source.title, recognised.title_text]
        flagged = "op_flag" in recognised.extra.values()
        return declared_mode(self._options.full, hints, recognised.item, flagged=flagged)

    def submission(
        self,
        source: TableSource,
        body: ReportingBody | None,
        table: SourceTable,
        recognised: RecognisedTable,
        ledger: Ledger,
    ) -> Submission:
        """Return the submission of a table; raises FileRefused when nobody says which unit reports."""
        options, item, sheet = self._options, recognised.item, table.sheet or ""
        declared = self.body(item, body, source.folders)
        submission = Submission(
            item=item.id,
            unit=declared.unit,
            region=declared.region,
            mode=self.mode(source, table, recognised),
            period=declared_period(options.period, [source.title, sheet, recognised.title_text], item),
            data_date=declared_date(options.data_date, [recognised.title_text, source.title, sheet]),
            correction=options.correct,
            file_name=source.name,
            file_sha256=source.sha256,
            sheet=table.sheet,
            channel=source.channel,
        )
        return numbered(submission, ledger, correct=options.correct, force=options.force)

    def body(self, item: Item, known: ReportingBody | None, folders: tuple[str, ...]) -> ReportingBody:
        """Return who reports: the body that is known, else what options, folders or the item say."""
        if known is not None:
            return known
        region = self._options.region or self._region
        unit = self.unit_of(folders)
        if unit is not None:
            return ReportingBody(unit, region)
        if self._options.unit is None and len(item.units) == 1:
            return ReportingBody(item.units[0], region)
        raise FileRefused("不知道是哪个责任单位报送的。", remedy=f"请用 --unit 指明：{'、'.join(item.units)}。")

    def unit_of(self, folders: tuple[str, ...]) -> str | None:
        """Return the unit that the options or the names of folders tell; None when they tell none."""
        for name in (self._options.unit,) if self._options.unit else folders:
            for unit in self._catalogue.units.values():
                if name in (unit.id, unit.zh, *unit.aliases):
                    return unit.id
        return None
