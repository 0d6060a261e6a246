"""One process's part of a push: every table of a file is recognised, declared, sent, and its receipt kept."""

import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bus.avro.registry import OfflineRegistry, Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing, load_key_file
from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Item
from connectors.files.tables import Cell, Table, open_tables
from producers.submissions.config import IntakeConfig
from producers.submissions.event_history import EventReader
from producers.submissions.ledger import Ledger, LedgerReader, Submission, file_sha256, place
from producers.submissions.metadata import declared_date, declared_mode, declared_period
from producers.submissions.nil import NilSender, ask_for_nil, nil_rows, nil_submission, says_nothing
from producers.submissions.push import Receipt, commonest, push_table
from producers.submissions.rehearsal import Rehearsal
from producers.submissions.sender import Progress, Sender
from producers.tables.detail_sheets import DetailSheets, find_details
from producers.tables.headers import HEAD_ROWS, Recognised, recognise
from producers.tables.lookalikes import ItemQuestion

# Returns the chosen item's place among the candidates.
Ask = Callable[[ItemQuestion], int]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of every file."""

    item: str | None = None
    unit: str | None = None
    region: str | None = None
    period: str | None = None
    data_date: str | None = None
    full: bool | None = None
    correct: bool = False
    force: bool = False
    accept_withdrawals: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A table that was recognised by its first rows, ``head``, which its ``rows`` no longer hold.

    ``written`` is when its file was, ``rehearsed`` what was read before of the file's whole lists.
    """

    table: Table
    head: list[tuple[int, list[Cell]]]
    seen: Recognised
    details: DetailSheets
    written: tuple[int, int]
    rehearsed: Rehearsal | None


class Session:
    """The bus, the keys and the catalogue, opened once; close it."""

    def __init__(
        self, config: IntakeConfig, options: Options, ledger: Ledger | None = None, ask: Ask | None = None
    ) -> None:
        self.intake, self.options, self._ask = config, options, ask
        self.catalogue: Catalogue = load_catalogue()
        self._reader: LedgerReader | None = None
        if config.bus is None or config.key_file is None:
            # Nothing leaves: neither a broker nor a key file is needed to count.
            self.config = BusConfig("", "")
            self.registry: Registry = OfflineRegistry(self.config)
            self._cipher = Cipher(KeyRing(os.urandom(32), {1: os.urandom(32)}))
            self.ledger: Ledger = {}
            return
        self.config = config.bus
        self.registry = Registry(self.config)
        self._cipher = Cipher(load_key_file(config.key_file))
        self._reader = LedgerReader(self.config, self.registry)
        # One ledger for all processes of a command, lest they see each other's corrections as earlier ones.
        self.ledger = dict(self._reader.refresh()) if ledger is None else ledger

    def close(self) -> None:
        """Let go of the bus."""
        if self._reader is not None:
            self._reader.close()
        self.registry.close()

    def push(self, path: Path, on_rows: Callable[[int], None] = lambda n: None) -> Iterator[dict[str, Any]]:
        """Send every table of a file and yield the receipts, as ``--json`` prints them.

        Raises FileRefused for a file that cannot be taken, Unavailable when Kafka is away.
        """
        written = _written(path)
        digest, spoke, silent = file_sha256(path), False, False
        details: DetailSheets | None = None
        rehearsed: Rehearsal | None = None
        for table in open_tables(path):
            if details is None:
                details = find_details(path, table.sheets, lambda head, sheet: self._told(head, _hints(path, sheet)))
            if table.sheet is not None and ("说明" in table.sheet or table.sheet in details.names):
                continue
            head = list(itertools.islice(table.rows, HEAD_ROWS))
            seen = self._recognise(head, _hints(path, table.sheet))
            if _is_silent(head, seen):
                silent = True
                continue
            spoke = True
            if rehearsed is None and (self._mode(path, table.sheet, seen) == "FULL" or "全量" in "".join(table.sheets)):
                rehearsed = self._rehearse(path, digest, details)
            opened = Opened(table, head, seen, details, written, rehearsed)
            yield self._kept(self._table(path, digest, opened, on_rows))
        if silent and not spoke:
            raise ask_for_nil(path.name)

    def _rehearse(self, path: Path, digest: str, details: DetailSheets) -> Rehearsal | None:
        """Read the whole lists of a file before any of it is sent; raises FileRefused when one leaves out too much."""
        if self._reader is None:
            return None
        rehearsal = Rehearsal(self.config, self.registry, self._cipher)
        for table in open_tables(path):
            if table.sheet is not None and ("说明" in table.sheet or table.sheet in details.names):
                continue
            head = list(itertools.islice(table.rows, HEAD_ROWS))
            try:
                seen = self._told(head, _hints(path, table.sheet))
            except FileRefused:
                continue  # in its turn
            sub = self._placed(self._declared(path, digest, table, seen))
            # A sheet that was sent before tells, too, of which periods its list is.
            alone = len(table.sheets) < 2 and self.ledger.get(sub.id, {}).get("state") == "COMPLETED"
            if sub.mode == "FULL" and not alone:
                below = ((n, cells) for n, cells in itertools.chain(head, table.rows) if n > seen.header_row)
                rehearsal.read(sub, *details.joined(table, seen, below))
        if not self.options.accept_withdrawals:
            rehearsal.refuse(self._reader.refresh())
        return rehearsal

    def nil(self) -> dict[str, Any]:
        """Report that a unit has nothing of an item for a period; return the receipt. Raises FileRefused."""
        options = self.options
        if not (options.item and options.period):
            raise FileRefused(
                "零报告要写明是哪一项、哪一期。", remedy="请用 --item 和 --period，例如 --item 52 --period 2025-03。"
            )
        item = self._named(options.item)
        period = declared_period(options.period, [], item) or ""
        region = options.region or self.intake.region
        sub = self._placed(nil_submission(item, self._unit(item, Path()), region, period))
        sender = NilSender(self.registry, self._cipher, sub, item)
        if self._reader is None:
            return self._kept(Receipt(sub, Progress(rows=1, accepted=1), "DRY_RUN"))
        events = EventReader(self.config, self.registry, item)
        return self._kept(push_table(self.config, sender, sub, nil_rows(), self._reader, events))

    def _table(self, path: Path, digest: str, opened: "Opened", on_rows: Callable[[int], None]) -> Receipt:
        table, head, seen = opened.table, opened.head, opened.seen
        sub = self._placed(self._declared(path, digest, table, seen))
        below = ((n, cells) for n, cells in itertools.chain(head, table.rows) if n > opened.seen.header_row)
        seen, rows = opened.details.joined(table, seen, _unchanged(path, opened.written, below))
        sender = Sender(self.registry, self._cipher, sub, seen.item, seen)
        if self._reader is None:
            counts = Progress()
            for number, cells in rows:
                sender.take(number, cells, counts)
                if counts.rows % 5000 == 0:
                    on_rows(counts.rows)
            return Receipt(sub, counts, "DRY_RUN", reasons=commonest(sender), unknown=tuple(seen.unknown))
        last = sub.mode == "FULL" and self._is_last(path, opened)
        if last and opened.rehearsed is not None:
            opened.rehearsed.tell(sender)
        receipt = push_table(
            self.config,
            sender,
            sub,
            rows,
            self._reader,
            EventReader(self.config, self.registry, seen.item),
            withdraws=last,
            accept_withdrawals=self.options.accept_withdrawals,
            on_rows=on_rows,
        )
        return replace(receipt, unknown=tuple(seen.unknown))

    def _mode(self, path: Path, sheet: str | None, seen: Recognised) -> str:
        hints = [sheet or "", path.stem, seen.title_text]
        return declared_mode(self.options.full, hints, seen.item, flagged="op_flag" in seen.extra.values())

    def _is_last(self, path: Path, opened: "Opened") -> bool:
        """Whether no sheet after this one goes on with the same whole list."""
        sheet = opened.table.sheet
        if sheet is None:
            return True
        later = itertools.dropwhile(lambda table: table.sheet != sheet, open_tables(path))
        for table in itertools.islice(later, 1, None):
            if table.sheet is None or "说明" in table.sheet or table.sheet in opened.details.names:
                continue
            head = list(itertools.islice(table.rows, HEAD_ROWS))
            try:
                seen = self._recognise(head, _hints(path, table.sheet))
            except FileRefused:
                # It will be refused in its turn; until then nobody knows what it holds.
                return False
            if _is_silent(head, seen):
                continue
            if seen.item.id == opened.seen.item.id and self._mode(path, table.sheet, seen) == "FULL":
                return False
        return True

    def _declared(self, path: Path, digest: str, table: Table, seen: Recognised) -> Submission:
        options, item = self.options, seen.item
        return Submission(
            item=item.id,
            unit=self._unit(item, path),
            region=options.region or self.intake.region,
            mode=self._mode(path, table.sheet, seen),
            period=declared_period(options.period, [path.stem, table.sheet or "", seen.title_text], item),
            data_date=declared_date(options.data_date, [seen.title_text, path.stem, table.sheet or ""]),
            correction=options.correct,
            file_name=path.name,
            file_sha256=digest,
            sheet=table.sheet,
        )

    def _told(self, head: list[tuple[int, list[Cell]]], hints: list[str]) -> Recognised:
        named = self._named(self.options.item) if self.options.item else None
        return recognise(self.catalogue, head, hints, named)

    def _recognise(self, head: list[tuple[int, list[Cell]]], hints: list[str]) -> Recognised:
        try:
            return self._told(head, hints)
        except ItemQuestion as asked:
            if self._ask is None:
                raise
            return recognise(self.catalogue, head, hints, asked.candidates[self._ask(asked)])

    def _named(self, name: str) -> Item:
        try:
            return self.catalogue.item(name)
        except KeyError as exc:
            raise FileRefused(f"清单里没有“{name}”。", remedy="见 credithub catalogue。") from exc

    def unit_of(self, path: Path) -> str | None:
        """Return the unit that the options or the names of a file's folders tell; None when they tell none."""
        names = [self.options.unit] if self.options.unit else [p.name for p in path.resolve().parents]
        for name in names:
            for unit in self.catalogue.units.values():
                if name in (unit.id, unit.zh, *unit.aliases):
                    return unit.id
        return None

    def _unit(self, item: Item, path: Path) -> str:
        told = self.unit_of(path)
        if told is not None:
            return told
        if self.options.unit is None and len(item.units) == 1:
            return item.units[0]
        raise FileRefused("不知道是哪个责任单位报送的。", remedy=f"请用 --unit 指明：{'、'.join(item.units)}。")

    def _placed(self, sub: Submission) -> Submission:
        revision, force = place(
            sub.base, sub.item, sub.unit, self.ledger, correct=self.options.correct, force=self.options.force
        )
        return replace(sub, revision=revision, force=force)

    def _kept(self, receipt: Receipt) -> dict[str, Any]:
        body = described(receipt)
        kept = self.intake.receipts / f"{receipt.submission.id}.json"
        if receipt.recognised:
            # What its rows were told is in the receipt of the run that sent it.
            return {**body, "reasons": _reasons_in(kept)}
        if receipt.state == "COMPLETED":
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")
        return body


def _is_silent(head: list[tuple[int, list[Cell]]], seen: Recognised) -> bool:
    return len(head) < HEAD_ROWS and says_nothing(row for row in head if row[0] > seen.header_row)


def _written(path: Path) -> tuple[int, int]:
    try:
        told = path.stat()
    except OSError as exc:
        raise FileRefused(f"无法读取文件“{path}”：{exc.strerror}。", remedy="请核对路径和权限。") from exc
    return told.st_mtime_ns, told.st_size


def _unchanged(
    path: Path, written: tuple[int, int], rows: Iterator[tuple[int, list[Cell]]]
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the rows, then raise FileRefused when the file was written meanwhile: the receipt would name another."""
    try:
        yield from rows
    except FileRefused:
        # What is wrong with a file that is half written is of no matter.
        _refuse_changed(path, written)
        raise
    _refuse_changed(path, written)


def _refuse_changed(path: Path, written: tuple[int, int]) -> None:
    if _written(path) != written:
        raise FileRefused(
            f"“{path.name}”在报送过程中被改动，这次报送没有完成。", remedy="请等文件存好后，重新运行同一条命令。"
        )


def _hints(path: Path, sheet: str | None) -> list[str]:
    return [hint for hint in (sheet, path.stem, path.parent.name) if hint]


def described(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as ``--json`` prints it."""
    sub, counts = receipt.submission, receipt.progress
    return {
        "submission_id": sub.id, "item": sub.item, "rows": counts.rows, "accepted": counts.accepted,
        "rejected": counts.rejected, "unresolved": counts.unresolved, "duplicates": counts.duplicates,
        "withdrawn": counts.withdrawn, "conflicts": counts.conflicts, "state": receipt.state,
        "recognised": receipt.recognised,
        "unit": sub.unit, "region": sub.region, "period": sub.period, "mode": sub.mode,
        "revision": sub.revision, "file": sub.file_name, "sheet": sub.sheet, "file_sha256": sub.file_sha256,
        "unknown_columns": list(receipt.unknown),
        "reasons": [
            {"column": c, "message": m, "remedy": r, "rows": n, "first_rows": list(f)}
            for c, m, r, n, f in receipt.reasons
        ],
    }  # fmt: skip


def _reasons_in(kept: Path) -> list[Mapping[str, Any]]:
    try:
        found: list[Mapping[str, Any]] = json.loads(kept.read_text("utf-8"))["reasons"]
    except (OSError, ValueError, KeyError):
        return []
    return found
