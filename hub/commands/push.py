"""``credithub push FILE…`` and ``credithub push-dir DIR``: send departments' files."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from catalogue.errors import FilesRefused, UsageError
from catalogue.model import Catalogue
from connectors.files.source import FileSource, folders_of
from connectors.files.tables import SUFFIXES
from connectors.notes import TableNote
from hub.intake import intake_config
from hub.progress import progress_bar
from hub.settings import load_settings
from producers.submissions.declarations import SubmissionMode
from producers.submissions.options import Options
from producers.submissions.parallel import MOST_JOBS, FileDone, push_files
from producers.submissions.progress import SubmissionState
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session
from producers.tables.lookalikes import ItemQuestion

_Unit = Annotated[str | None, typer.Option("--unit", help="责任单位: id or Chinese name.")]
_Region = Annotated[str | None, typer.Option("--region", help="Region code; default: the node's.")]
_Period = Annotated[str | None, typer.Option("--period", help="所属期: 2025, 2025-03, 2025-Q1.")]
_DataDate = Annotated[str | None, typer.Option("--data-date", help="数据日期: YYYY-MM-DD.")]
_Full = Annotated[
    bool | None,
    typer.Option("--full/--incremental", help="全量: what the file leaves out goes; default: as title or name say."),
]
_Nil = Annotated[bool, typer.Option("--nil", help="零报告: nothing to report of --item for --period.")]
_Accept = Annotated[bool, typer.Option("--accept-withdrawals", help="A 全量 file may leave out as much as it does.")]
_Correct = Annotated[bool, typer.Option("--correct", help="A correction of what was sent before.")]
_Force = Annotated[bool, typer.Option("--force", help="Send a completed file again.")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Count only, send nothing; needs no running stack.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line and submission.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing.")]
_Jobs = Annotated[int, typer.Option("--jobs", min=0, help=f"Processes; 0: one more than cores, at most {MOST_JOBS}.")]


def push(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to send.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="Item: id, number or Chinese name.")] = None,
    unit: _Unit = None, region: _Region = None, period: _Period = None, data_date: _DataDate = None,
    full: _Full = None, nil: _Nil = False,
    accept_withdrawals: _Accept = False, correct: _Correct = False, force: _Force = False, dry_run: _Dry = False,
    as_json: _Json = False, yes: _Yes = False, jobs: _Jobs = 0,
) -> None:  # fmt: skip
    """Send files, or a nil report; exit code 2 when a file is refused."""
    options = Options(item, unit, region, period, data_date, full, correct, force, accept_withdrawals)
    if nil and not files:
        with closing(Session(intake_config(load_settings(), dry_run=dry_run), options)) as session:
            _show(session.nil(FileSource.channel, folders=folders_of(Path())), session.catalogue, as_json=as_json)
        return
    if nil or not files:
        raise UsageError("Name files to send, or --nil for a nil report.", remedy="See `credithub push --help`.")
    _send(files, options, dry_run=dry_run, as_json=as_json, may_ask=not yes, jobs=jobs)


def push_dir(
    folder: Annotated[Path, typer.Argument(help="Folder to send, with one folder a unit.")],
    region: _Region = None, period: _Period = None, data_date: _DataDate = None, full: _Full = None,
    accept_withdrawals: _Accept = False, correct: _Correct = False, force: _Force = False, dry_run: _Dry = False,
    as_json: _Json = False, yes: _Yes = False, jobs: _Jobs = 0,
) -> None:  # fmt: skip
    """Send every table below a folder; the unit comes from the folders' names."""
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", remedy="Name the folder that holds the units' folders.")
    # Without what programs leave beside a file while it is open, and hidden files.
    found = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(("~$", "."))]
    files = [p for p in found if p.suffix.lower() in SUFFIXES and "说明" not in p.stem]
    # Notes are no data, and each unit's folder may have one.
    taken = set(files)
    for path in (p for p in found if p not in taken and (p.suffix.lower() in SUFFIXES or "说明" not in p.stem)):
        why = "文件名含“说明”" if path.suffix.lower() in SUFFIXES else "不是表格文件"
        typer.echo(f"{path}: 没有报送：{why}。", err=True)
    if not files:
        raise UsageError(f"There is no table below {folder}.", remedy=f"Tables end in {', '.join(sorted(SUFFIXES))}.")
    options = Options(None, None, region, period, data_date, full, correct, force, accept_withdrawals)
    _send(files, options, dry_run=dry_run, as_json=as_json, may_ask=not yes, jobs=jobs)


def _send(files: list[Path], options: Options, *, dry_run: bool, as_json: bool, may_ask: bool, jobs: int) -> None:
    ask = _ask if may_ask and not as_json and sys.stdin.isatty() else None
    with closing(Session(intake_config(load_settings(), dry_run=dry_run), options, ask=ask)) as session:
        if len(files) == 1:
            _one(session, files[0], as_json=as_json)
            return
        refused = 0
        # One more than there are cores: a table waits for the broker at its beginning and end.
        wanted = jobs or min((os.cpu_count() or 1) + 1, MOST_JOBS)
        for done in _with_bar(session, files, wanted, silent=as_json):
            for receipt in done.receipts:
                _show(receipt, session.catalogue, as_json=as_json)
            if done.refused is not None:
                refused += 1
                typer.echo(f"{done.path}: {done.refused}", err=True)
    if refused:
        raise FilesRefused(f"{refused} 个文件被退回，其余的已经报送。", remedy="见上面的说明。")


def _bar(*, silent: bool) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return progress_bar(*columns, TimeElapsedColumn(), silent=silent)


def _one(session: Session, path: Path, *, as_json: bool) -> None:
    with _bar(silent=as_json) as bar:
        task = bar.add_task(path.name, total=None if bar.disable else _lines(path))
        for receipt in session.push(FileSource(path), on_rows=lambda rows: bar.update(task, completed=rows)):
            _show(receipt, session.catalogue, as_json=as_json)


def _with_bar(session: Session, files: list[Path], jobs: int, *, silent: bool) -> Iterator[FileDone]:
    with _bar(silent=silent) as bar:
        task = bar.add_task("files", total=len(files))
        for done in push_files(session, files, jobs):
            bar.update(task, advance=1, description=done.path.name)
            yield done


def _lines(path: Path) -> int | None:
    """Return the lines of a text file, about its rows; None for a workbook."""
    if path.suffix.lower() not in (".csv", ".tsv") or not path.is_file():
        return None
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def _ask(asked: ItemQuestion) -> int:
    for number, candidate in enumerate(asked.candidates, start=1):
        typer.echo(f"{number}. {candidate.seq} {candidate.zh}", err=True)
    answer = 0
    while not 1 <= answer <= len(asked.candidates):
        answer = typer.prompt(asked.question, type=int, err=True)
    return answer - 1


def _show(receipt: SubmissionReceipt, catalogue: Catalogue, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(receipt.to_json(), ensure_ascii=False))
        return
    console, sub, counts = Console(soft_wrap=True), receipt.submission, receipt.counts
    dry_run = receipt.state is SubmissionState.DRY_RUN
    item = catalogue.item(sub.item)
    lines = [
        f"{'试运行' if dry_run else '回执'} {sub.id}",
        f"{item.seq} {item.zh} · {sub.file_name} {sub.sheet or ''}",
        (
            f"共{counts.rows}行：接收{counts.accepted}，退回{counts.rejected}，"
            f"主体待定{counts.unresolved}，重复{counts.duplicates}；同一记录内容不一{counts.conflicts}"
        ),
    ]
    if sub.mode is SubmissionMode.FULL:
        lines.append("全量：" + ("试运行不计算撤下的记录" if dry_run else f"撤下{counts.withdrawn}条表中没有的记录"))
    if receipt.unknown:
        lines.append(f"没有采集的列（清单的这一项没有）：{'、'.join(receipt.unknown)}")
    lines += map(_note_line, receipt.notes)
    if receipt.recognised:
        lines.insert(0, "这个文件已经报送完成，没有重复发送（需要重发请加 --force）。")
    for line in lines:
        console.print(line, markup=False, highlight=False)
    if receipt.reasons:
        # Folded: Chinese has no blanks to wrap at, and a remedy that is cut is none.
        grid = Table(*(Column(title, overflow="fold") for title in ("列", "原因", "行数", "行号", "办法")))
        for reason in receipt.reasons:
            numbers = "、".join(map(str, reason.first_rows))
            grid.add_row(reason.column, reason.message, str(reason.rows), numbers, reason.remedy)
        console.print(grid)


def _note_line(note: TableNote) -> str:
    rows = f"（共{note.count}行：{'、'.join(map(str, note.rows))}{'…' if note.count > len(note.rows) else ''}）"
    return f"注意：{note.column and note.column + '：'}{note.text}{rows if note.rows else ''}"


def register(app: typer.Typer) -> None:
    """Add ``push`` and ``push-dir`` to the application."""
    app.command("push")(push)
    app.command("push-dir")(push_dir)
