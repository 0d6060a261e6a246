"""``credithub push FILE…`` and ``credithub push-dir DIR``: send departments' files."""

import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table as Grid

from bus.cipher import Cipher, load_key_file
from bus.codec import Registry
from bus.config import BusConfig
from catalogue.errors import FileRefused, HubError
from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Item, Send
from connectors.tables import SUFFIXES, Table, open_tables
from hub.settings import Settings, bus_config, load_settings
from producers.headers import HEAD_ROWS, Recognised, recognise
from producers.lookalikes import ItemQuestion
from producers.push import Progress, Receipt, Sender, commonest, declared_date, declared_period, push_table
from producers.submission import Submission, file_sha256, place, read_ledger

_MODES = {Send.FULL: "FULL", Send.SET: "SET", Send.INCREMENTAL: "INCREMENTAL"}


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
    dry_run: bool = False
    as_json: bool = False
    yes: bool = False


class Session:
    """One run of the command: the bus, the keys and the catalogue, opened once."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.settings: Settings = load_settings()
        self.catalogue: Catalogue = load_catalogue()
        self.config: BusConfig = bus_config(self.settings)
        self.registry = Registry(self.config)
        self._ledger: dict[str, dict[str, Any]] | None = None
        self.cipher = Cipher(load_key_file(self.settings.keys))

    def push(self, path: Path) -> None:
        """Send every table of a file and print its receipts."""
        digest = file_sha256(path)
        for table in open_tables(path):
            if table.sheet is not None and "说明" in table.sheet:
                continue
            self._report(self._table(path, digest, table))

    def _table(self, path: Path, digest: str, table: Table) -> Receipt:
        options = self.options
        head = list(itertools.islice(table.rows, HEAD_ROWS))
        hints = [h for h in (table.sheet, path.stem, path.parent.name) if h]
        seen = self._recognise(head, hints)
        item = seen.item
        mode = _MODES[item.send] if options.full is None else ("FULL" if options.full else "INCREMENTAL")
        if options.full and item.send is Send.SET:
            mode = "SET"
        sub = Submission(
            item=item.id,
            unit=self._unit(item, path),
            region=options.region or self.settings.region,
            mode=mode,
            period=declared_period(options.period, [path.stem, table.sheet or "", seen.title_text], item),
            data_date=declared_date(options.data_date, [seen.title_text, path.stem, table.sheet or ""]),
            correction=options.correct,
            file_name=path.name,
            file_sha256=digest,
            sheet=table.sheet,
        )
        sub = self._placed(sub)
        sender = Sender(self.registry, self.cipher, sub, item, seen)
        rows = ((n, cells) for n, cells in itertools.chain(head, table.rows) if n > seen.header_row)
        if options.dry_run:
            counts = Progress()
            for number, cells in rows:
                sender.take(number, cells, counts)
            return Receipt(sub, counts, "DRY_RUN", reasons=commonest(sender))
        console = Console(stderr=True)
        with Bar(console=console, transient=True, disable=options.as_json or not sys.stdout.isatty()) as bar:
            task = bar.add_task(path.name, total=None)
            return push_table(
                self.config, self.registry, sender, sub, rows, on_rows=lambda n: bar.update(task, completed=n)
            )

    def _recognise(self, head: list[Any], hints: list[str]) -> Recognised:
        named = None
        if self.options.item:
            try:
                named = self.catalogue.item(self.options.item)
            except KeyError as exc:
                raise FileRefused(f"清单里没有“{self.options.item}”。", remedy="见 credithub catalogue。") from exc
        try:
            return recognise(self.catalogue, head, hints, named)
        except ItemQuestion as asked:
            if self.options.as_json or self.options.yes or not sys.stdin.isatty():
                raise
            for number, candidate in enumerate(asked.candidates, start=1):
                typer.echo(f"{number}. {candidate.seq} {candidate.zh}", err=True)
            answer = 0
            while not 1 <= answer <= len(asked.candidates):
                answer = typer.prompt(asked.question, type=int, err=True)
            return recognise(self.catalogue, head, hints, asked.candidates[answer - 1])

    def _unit(self, item: Item, path: Path) -> str:
        names = [self.options.unit] if self.options.unit else [p.name for p in path.resolve().parents]
        for name in names:
            for unit in self.catalogue.units.values():
                if name in (unit.id, unit.zh, *unit.aliases):
                    return unit.id
        if self.options.unit is None and len(item.units) == 1:
            return item.units[0]
        raise FileRefused("不知道是哪个责任单位报送的。", remedy=f"请用 --unit 指明：{'、'.join(item.units)}。")

    def _placed(self, sub: Submission) -> Submission:
        from dataclasses import replace

        if self._ledger is None:
            # Once a command: with every file it would be read as often as there are files.
            self._ledger = read_ledger(self.config, self.registry)
        ledger = self._ledger
        revision, force = place(
            sub.base, sub.item, sub.unit, ledger, correct=self.options.correct, force=self.options.force
        )
        return replace(sub, revision=revision, force=force)

    def _report(self, receipt: Receipt) -> None:
        sub, counts = receipt.submission, receipt.progress
        body = {
            "submission_id": sub.id, "item": sub.item, "rows": counts.rows, "accepted": counts.accepted,
            "rejected": counts.rejected, "unresolved": counts.unresolved, "duplicates": counts.duplicates,
            "conflicts": counts.conflicts, "state": receipt.state, "recognised": receipt.recognised,
            "unit": sub.unit, "region": sub.region, "period": sub.period, "mode": sub.mode,
            "revision": sub.revision, "file": sub.file_name, "sheet": sub.sheet, "file_sha256": sub.file_sha256,
            "reasons": [
                {"column": c, "message": m, "remedy": r, "rows": n, "first_rows": list(f)}
                for c, m, r, n, f in receipt.reasons
            ],
        }  # fmt: skip
        if receipt.state == "COMPLETED" and not receipt.recognised:
            folder = self.settings.home / "receipts"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{sub.id}.json").write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")
        if self.options.as_json:
            typer.echo(json.dumps(body, ensure_ascii=False))
            return
        _print(receipt, self.catalogue.item(sub.item))


def _print(receipt: Receipt, item: Item) -> None:
    sub, counts, console = receipt.submission, receipt.progress, Console(soft_wrap=True)
    if receipt.recognised:
        console.print("这个文件已经报送完成，没有重复发送（需要重发请加 --force）。", markup=False)
    console.print(f"{'试运行' if receipt.state == 'DRY_RUN' else '回执'} {sub.id}", markup=False, highlight=False)
    console.print(f"{item.seq} {item.zh} · {sub.file_name} {sub.sheet or ''}", markup=False, highlight=False)
    console.print(
        f"共{counts.rows}行：接收{counts.accepted}，退回{counts.rejected}，主体待定{counts.unresolved}，"
        f"重复{counts.duplicates}；同一记录内容不一{counts.conflicts}",
        markup=False,
    )
    if receipt.reasons:
        grid = Grid("列", "原因", "行数", "行号", "办法")
        for column, message, remedy, count, rows in receipt.reasons:
            grid.add_row(column, message, str(count), "、".join(map(str, rows)), remedy)
        console.print(grid)


_Unit = Annotated[str | None, typer.Option("--unit", help="责任单位: id or Chinese name.")]
_Region = Annotated[str | None, typer.Option("--region", help="Region code; default: the node's.")]
_Period = Annotated[str | None, typer.Option("--period", help="所属期: 2025, 2025-03, 2025-Q1.")]
_DataDate = Annotated[str | None, typer.Option("--data-date", help="数据日期: YYYY-MM-DD.")]
_Full = Annotated[bool | None, typer.Option("--full/--incremental", help="全量 or 增量; default: the item's.")]
_Correct = Annotated[bool, typer.Option("--correct", help="A correction of what was sent before.")]
_Force = Annotated[bool, typer.Option("--force", help="Send a completed file again.")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Count only, send nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line and submission.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing.")]


def push(
    files: Annotated[list[Path], typer.Argument(help="Files to send.")],
    item: Annotated[str | None, typer.Option("--item", help="Item: id, number or Chinese name.")] = None,
    unit: _Unit = None, region: _Region = None, period: _Period = None, data_date: _DataDate = None,
    full: _Full = None, correct: _Correct = False, force: _Force = False, dry_run: _Dry = False,
    as_json: _Json = False, yes: _Yes = False,
) -> None:  # fmt: skip
    """Send files; exit code 2 when a file is refused."""
    _all(files, Options(item, unit, region, period, data_date, full, correct, force, dry_run, as_json, yes))


def push_dir(
    folder: Annotated[Path, typer.Argument(help="Folder to send, with one folder a unit.")],
    region: _Region = None, period: _Period = None, data_date: _DataDate = None, full: _Full = None,
    correct: _Correct = False, force: _Force = False, dry_run: _Dry = False, as_json: _Json = False,
    yes: _Yes = False,
) -> None:  # fmt: skip
    """Send every table below a folder; the unit comes from the folders' names."""
    files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in SUFFIXES and "说明" not in p.stem]
    _all(files, Options(None, None, region, period, data_date, full, correct, force, dry_run, as_json, yes))


def _all(files: list[Path], options: Options) -> None:
    session = Session(options)
    refused = 0
    for path in files:
        try:
            session.push(path)
        except FileRefused as exc:
            if len(files) == 1:
                raise
            refused += 1
            typer.echo(f"{path}: {exc}", err=True)
    if refused:
        raise HubErrorRefused(f"{refused} 个文件被退回。", remedy="见上面的说明。")


class HubErrorRefused(HubError):
    """Some of several files were refused; the others were sent."""

    exit_code = 2


def register(app: typer.Typer) -> None:
    """Add ``push`` and ``push-dir`` to the application."""
    app.command("push")(push)
    app.command("push-dir")(push_dir)
