"""One process's part of a push: every table of a source is recognised, declared, sent, and its receipt kept."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from bus.avro.registry import OfflineRegistry, Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.fingerprints import checked_keys
from bus.crypto.keys import KeyRing, load_key_file
from catalogue.envelope import Channel
from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from producers.submissions.config import IntakeConfig
from producers.submissions.declarations import SubmissionMode
from producers.submissions.declaring import Declarer
from producers.submissions.event_history import EventReader
from producers.submissions.ledger import Ledger, LedgerReader
from producers.submissions.metadata import declared_period
from producers.submissions.name_check import KnownNames, NameCheck
from producers.submissions.nil import NilSender, ask_for_nil, nil_rows, nil_submission
from producers.submissions.options import Ask, Options, ReportingBody
from producers.submissions.preview import preview
from producers.submissions.progress import SubmissionCounts, SubmissionState
from producers.submissions.push import OnRows, push_table
from producers.submissions.receipts import ReceiptFolder, SubmissionReceipt
from producers.submissions.rehearsal import Rehearsal
from producers.submissions.sender import Sender
from producers.submissions.sheets import in_sheet
from producers.submissions.source import TableSource
from producers.submissions.submission import Submission
from producers.submissions.walk import TableWalk, is_silent
from producers.tables.headers import HeadedTable, RecognisedTable
from producers.tables.rows import compile_row
from producers.tables.units import unit_notes

_DRY_RUN_SAYS_EVERY = 5000


class Session:
    """The bus, the keys and the catalogue, opened once; close it. Options hold for all that it sends."""

    def __init__(
        self,
        config: IntakeConfig,
        options: Options,
        ledger: Ledger | None = None,
        ask: Ask | None = None,
        received: datetime | None = None,
    ) -> None:
        # One moment of receipt for all files and processes of a command, as one ledger.
        self.received = received or datetime.now(UTC)
        self.intake, self.options = config, options
        self.catalogue: Catalogue = load_catalogue()
        self._declarer = Declarer(self.catalogue, options, config.region, self.received, ask, config.mappings)
        self._receipts = ReceiptFolder(config.receipts)
        self._names = KnownNames(config.registered)
        self._reader: LedgerReader | None = None
        self.ledger: Ledger = {}
        if config.bus is None or config.key_file is None:
            # Nothing leaves: neither a broker nor a key file is needed to count.
            self._bus = BusConfig("", "")
            self._registry: Registry = OfflineRegistry(self._bus)
            self._cipher = Cipher(KeyRing(os.urandom(32), {1: os.urandom(32)}))
            return
        self._bus = config.bus
        self._registry = Registry(self._bus)
        # Checked once a command, as the ledger is read once, for all of its processes.
        is_first = ledger is None
        self._cipher = Cipher(
            checked_keys(self._bus, self._registry, config.key_file) if is_first else load_key_file(config.key_file)
        )
        self._reader = LedgerReader(self._bus, self._registry)
        # One ledger for all processes of a command, lest they see each other's corrections as earlier ones.
        self.ledger = dict(self._reader.refresh()) if ledger is None else ledger

    def close(self) -> None:
        """Let go of the bus."""
        if self._reader is not None:
            self._reader.close()
        self._registry.close()

    def unit_of(self, folders: tuple[str, ...]) -> str | None:
        """Return the unit that the options or the names of folders tell; None when they tell none."""
        return self._declarer.unit_of(folders)

    def push(
        self, source: TableSource, body: ReportingBody | None = None, on_rows: OnRows = lambda n: None
    ) -> Iterator[SubmissionReceipt]:
        """Send every table of a source and yield the receipts; ``body`` reports, where that is known already.

        Nothing is sent before all tables are recognised and declared. Raises FileRefused for a source that cannot be
        taken, Unavailable when Kafka is away.
        """
        walk, rehearsal = TableWalk(source, self._declarer.recognised), None
        notes = walk.settle(lambda table, recognised: self._declared(walk, table, recognised, body))
        spoke = silent = False
        for table in walk.main():
            recognised = walk.recognised(table, may_ask=True)
            if is_silent(table, recognised):
                silent = True
                continue
            spoke = True
            if rehearsal is None and (self._is_whole(walk, table) or "全量" in "".join(table.table.sheets)):
                rehearsal = self._rehearse(walk, body)
            with in_sheet(table.table.sheet):
                receipt = self._push_table(walk, table, body, rehearsal, on_rows)
            yield self._receipts.kept(replace(receipt, notes=(*notes, *receipt.notes)))
            notes = ()
        if silent and not spoke:
            raise ask_for_nil(source.name)

    def _declared(
        self, walk: TableWalk, table: HeadedTable, recognised: RecognisedTable, body: ReportingBody | None
    ) -> Submission:
        """Return the submission of a table whose columns can all be read; raises FileRefused for what cannot be."""
        compile_row(recognised.item, recognised.columns, recognised.extra)
        return self._declarer.submission(walk.source, body, table.table, recognised, self.ledger)

    def nil(
        self, channel: Channel, body: ReportingBody | None = None, folders: tuple[str, ...] = ()
    ) -> SubmissionReceipt:
        """Report that a unit has nothing of an item for a period; return the receipt. Raises FileRefused."""
        options = self.options
        if not (options.item and options.period):
            raise FileRefused(
                "零报告要写明是哪一项、哪一期。", remedy="请用 --item 和 --period，例如 --item 52 --period 2025-03。"
            )
        item = self._declarer.item(options.item)
        period = declared_period(options.period, [], item)
        unit, region = self._declarer.body(item, body, folders)
        submission = nil_submission(item, unit, region, period.value or "", channel)
        submission = self._declarer.numbered(submission, self.ledger)
        sender = NilSender(self._registry, self._cipher, submission, item)
        if self._reader is None:
            counts = SubmissionCounts(rows=1, accepted=1)
            return SubmissionReceipt(submission, counts, SubmissionState.DRY_RUN)
        events = EventReader(self._bus, self._registry, item)
        return self._receipts.kept(push_table(self._bus, sender, submission, nil_rows(), self._reader, events))

    def _push_table(
        self,
        walk: TableWalk,
        table: HeadedTable,
        body: ReportingBody | None,
        rehearsal: Rehearsal | None,
        on_rows: OnRows,
    ) -> SubmissionReceipt:
        recognised = walk.recognised(table, may_ask=True)
        submission = self._declarer.submission(walk.source, body, table.table, recognised, self.ledger)
        details = walk.details(table)
        wide, rows = details.joined(table.table, recognised, walk.rows(table, recognised))
        names = NameCheck(self._names, wide)
        sender = Sender(self._registry, self._cipher, submission, wide.item, wide, names)
        if self._reader is None:
            counts = SubmissionCounts()
            for number, cells in rows:
                sender.take(number, cells, counts)
                if counts.rows % _DRY_RUN_SAYS_EVERY == 0:
                    on_rows(counts.rows)
            below = [row for row in table.head if row[0] > recognised.header_row]
            receipt = SubmissionReceipt(
                submission,
                counts,
                SubmissionState.DRY_RUN,
                reasons=sender.refused.commonest(),
                columns=preview(recognised.item, recognised, below),
            )
        else:
            last = submission.mode is SubmissionMode.FULL and self._is_last(walk, table)
            if last and rehearsal is not None:
                rehearsal.tell(sender)
            receipt = push_table(
                self._bus,
                sender,
                submission,
                rows,
                self._reader,
                EventReader(self._bus, self._registry, wide.item),
                withdraws=last,
                accept_withdrawals=self.options.accept_withdrawals,
                on_rows=on_rows,
            )
        units = unit_notes(recognised.columns.values())
        # A sheet's own notes are known once it was read.
        if receipt.state is SubmissionState.COMPLETED:
            self._declarer.keep_mapping(wide, submission)
        unread = self._declarer.unread_columns(wide)
        overruled = self._declarer.overruled(walk.source, table.table, wide)
        said = (*table.table.notes(), *sender.notes.all(), *names.notes())
        notes = (*overruled, *self._declarer.mapping_note(wide), *units, *said)
        return replace(receipt, unread=unread, notes=notes)

    def _rehearse(self, walk: TableWalk, body: ReportingBody | None) -> Rehearsal | None:
        """Read a source's whole lists before any of it is sent; raises FileRefused for one that leaves out too much."""
        if self._reader is None:
            return None
        rehearsal = Rehearsal(self._bus, self._registry, self._cipher)
        for table in walk.main():
            try:
                recognised = walk.recognised(table, may_ask=False)
            except FileRefused:
                continue  # in its turn
            submission = self._declarer.submission(walk.source, body, table.table, recognised, self.ledger)
            # A sheet that was sent before tells, too, of which periods its list is.
            sent = self.ledger.get(submission.id)
            alone = len(table.table.sheets) < 2 and sent is not None and sent.completed
            if submission.mode is SubmissionMode.FULL and not alone:
                below = table.below(recognised.header_row)
                rehearsal.read(submission, *walk.details(table).joined(table.table, recognised, below))
        if not self.options.accept_withdrawals:
            rehearsal.refuse(self._reader.refresh())
        return rehearsal

    def _is_whole(self, walk: TableWalk, table: HeadedTable) -> bool:
        recognised = walk.recognised(table, may_ask=True)
        return self._declarer.mode(walk.source, table.table, recognised).value is SubmissionMode.FULL

    def _is_last(self, walk: TableWalk, table: HeadedTable) -> bool:
        """Whether no table behind this one goes on with the same whole list."""
        item = walk.recognised(table, may_ask=True).item
        for later in walk.after(table):
            try:
                recognised = walk.recognised(later, may_ask=True)
            except FileRefused:
                # It will be refused in its turn; until then nobody knows what it holds.
                return False
            if not is_silent(later, recognised) and recognised.item.id == item.id and self._is_whole(walk, later):
                return False
        return True
