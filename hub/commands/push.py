"""``credithub push FILE…`` and ``credithub push-dir DIR``: send departments' files."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalogue.errors import FilesRefused, Unavailable, UsageError
from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from connectors.files.source import FileSource, folders_of
from connectors.files.tables import SUFFIXES
from hub.clerk_commands import ClerkCommand
from hub.commands.mapping import read_mapping
from hub.intake import intake_config
from hub.progress import progress_bar
from hub.push_outcome import PushOutcome, outcome_of
from hub.questions import TerminalQuestions
from hub.receipts import print_receipt
from hub.settings import NotRunning, load_settings
from hub.terminal import Terminal, echo
from hub.visible_text import visible
from producers.submissions.options import Options
from producers.submissions.parallel import MOST_JOBS, FileDone, PushInterrupted, push_files
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session

_Item = Annotated[str | None, typer.Option("--item", help="哪一项：编号、序号或名称；不写则按表头识别。")]
_Unit = Annotated[
    str | None,
    typer.Option("--unit", help="责任单位：名称、常用简称（市监局）或编号；不写则看文件夹名和清单。"),
]
_Region = Annotated[str | None, typer.Option("--region", help="行政区划代码（6位数字）；不写则用本平台的设置。")]
_Period = Annotated[str | None, typer.Option("--period", help="所属期：2025、2025-03 或 2025-Q1。")]
_DataDate = Annotated[str | None, typer.Option("--data-date", help="数据日期（截至哪一天）：2025-03-31。")]
_Full = Annotated[
    bool | None,
    typer.Option("--full/--incremental", help="全量：表中没有的记录撤下。不写则看标题、工作表名和文件名。"),
]
_Nil = Annotated[bool, typer.Option("--nil", help="零报告：--item 在 --period 没有数据。")]
_Accept = Annotated[bool, typer.Option("--accept-withdrawals", help="确认全量表撤下那么多记录。")]
_Correct = Annotated[bool, typer.Option("--correct", help="更正：盖过以前报送的同一记录。")]
_Force = Annotated[bool, typer.Option("--force", help="已经报送完成的文件再发一次。")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="试运行：只读取和检查，不报送，也不需要平台在运行。")]
_Json = Annotated[bool, typer.Option("--json", help="每张回执输出一行 JSON。")]
_MoneyUnit = Annotated[
    list[str] | None,
    typer.Option("--money-unit", help="金额单位：万元，或 列名=万元；可写多次，表中没有写明时才用。"),
]
_Yes = Annotated[bool, typer.Option("--yes", help="不提问；有疑问的文件退回。")]
_Jobs = Annotated[int, typer.Option("--jobs", min=0, help=f"进程数；0 为核数加一，最多{MOST_JOBS}。")]
_Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", help="对照表：各列是哪个字段，由 credithub mapping suggest 生成并经人核对。"),
]
_EXIT_CODES = (
    "退出码：0 全部接收；1 有的行退回、主体待定或互相矛盾；2 有文件退回，或一行也没有接收；"
    "75 平台暂时不可用，稍后重新运行。"
)


def push(
    files: Annotated[list[Path] | None, typer.Argument(help="要报送的文件。")] = None,
    item: _Item = None,
    unit: _Unit = None, region: _Region = None, period: _Period = None, data_date: _DataDate = None,
    full: _Full = None, nil: _Nil = False,
    accept_withdrawals: _Accept = False, correct: _Correct = False, force: _Force = False, dry_run: _Dry = False,
    as_json: _Json = False, yes: _Yes = False, jobs: _Jobs = 0, money_unit: _MoneyUnit = None,
    mapping: _Mapping = None,
) -> None:  # fmt: skip
    units = tuple(money_unit or ())
    confirmed = None if mapping is None else read_mapping(mapping, load_catalogue())
    options = Options(item, unit, region, period, data_date, full, correct, force, accept_withdrawals, units, confirmed)
    if nil and not files:
        with _try_again_later(), closing(Session(intake_config(load_settings(), dry_run=dry_run), options)) as session:
            _show(session.nil(FileSource.channel, folders=folders_of(Path())), session.catalogue, as_json=as_json)
        return
    if nil or not files:
        raise UsageError("没有写明要报送的文件。", remedy="请写文件名；零报告请用 --nil。见 credithub push --help。")
    _send(files, options, dry_run=dry_run, as_json=as_json, may_ask=not yes, jobs=jobs)


def push_dir(
    folder: Annotated[Path, typer.Argument(help="要报送的文件夹，其中每个单位一个文件夹。")],
    unit: _Unit = None, region: _Region = None, period: _Period = None, data_date: _DataDate = None,
    full: _Full = None,
    accept_withdrawals: _Accept = False, correct: _Correct = False, force: _Force = False, dry_run: _Dry = False,
    as_json: _Json = False, yes: _Yes = False, jobs: _Jobs = 0, money_unit: _MoneyUnit = None,
) -> None:  # fmt: skip
    if not folder.is_dir():
        raise UsageError(f"没有文件夹“{folder}”。", remedy="请写放有各单位文件夹的那个文件夹。")
    # Without what programs leave beside a file while it is open, and hidden files.
    present = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(("~$", "."))]
    # A link that somebody laid into the folder must not make a file of this machine's a report of his.
    outside = [p for p in present if not p.resolve().is_relative_to(folder.resolve())]
    for path in outside:
        echo(f"{path}: 没有报送：是指向文件夹以外的链接。", err=True)
    present = [p for p in present if p not in outside]
    files = [p for p in present if p.suffix.lower() in SUFFIXES and "说明" not in p.stem]
    # Notes are no data, and each unit's folder may have one.
    taken = set(files)
    for path in (p for p in present if p not in taken and (p.suffix.lower() in SUFFIXES or "说明" not in p.stem)):
        why = "文件名含“说明”" if path.suffix.lower() in SUFFIXES else "不是表格文件"
        echo(f"{path}: 没有报送：{why}。", err=True)
    if not files:
        raise UsageError(f"“{folder}”中没有表格文件。", remedy=f"表格文件的后缀是：{'、'.join(sorted(SUFFIXES))}。")
    units = tuple(money_unit or ())
    options = Options(None, unit, region, period, data_date, full, correct, force, accept_withdrawals, units)
    _send(files, options, dry_run=dry_run, as_json=as_json, may_ask=not yes, jobs=jobs)


def _send(files: list[Path], options: Options, *, dry_run: bool, as_json: bool, may_ask: bool, jobs: int) -> None:
    questions = TerminalQuestions()
    ask = questions if may_ask and not as_json and sys.stdin.isatty() else None
    settings = load_settings()
    with _try_again_later(), closing(Session(intake_config(settings, dry_run=dry_run), options, ask=ask)) as session:
        if len(files) == 1:
            outcome = outcome_of(_one(session, files[0], questions, as_json=as_json))
        else:
            outcome = _many(session, files, questions, as_json=as_json, jobs=jobs)
    if outcome:
        raise typer.Exit(outcome)


def _many(
    session: Session, files: list[Path], questions: TerminalQuestions, *, as_json: bool, jobs: int
) -> PushOutcome:
    """Send files and return the worst outcome; raises FilesRefused when some were refused."""
    refused, worst = 0, PushOutcome.ALL_TAKEN
    # One more than there are cores: a table waits for the broker at its beginning and end.
    wanted = jobs or min((os.cpu_count() or 1) + 1, MOST_JOBS)
    for done in _with_bar(session, files, wanted, questions, silent=as_json):
        for receipt in done.receipts:
            _show(receipt, session.catalogue, as_json=as_json)
        if done.refused is not None:
            refused += 1
            echo(f"{done.path}: {done.refused}", err=True)
        else:
            worst = max(worst, outcome_of(done.receipts))
    if refused:
        raise FilesRefused(f"{refused}个文件退回，其余的已经处理，见各自的回执。", remedy="退回的原因和办法见上面。")
    return worst


@contextmanager
def _try_again_later() -> Iterator[None]:
    """Let a script tell an absent hub from a refused file."""
    try:
        yield
    except (Unavailable, NotRunning, PushInterrupted) as exc:
        exc.exit_code = PushOutcome.TRY_AGAIN
        exc.remedy = f"请稍后重新运行同一条命令，会从中断的地方继续。（{exc.message}）"
        exc.message = "平台暂时不可用，报送没有完成。"
        raise


def _bar(*, silent: bool) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    return progress_bar(*columns, TimeElapsedColumn(), silent=silent)


def _one(session: Session, path: Path, questions: TerminalQuestions, *, as_json: bool) -> list[SubmissionReceipt]:
    receipts: list[SubmissionReceipt] = []
    with questions.beside(_bar(silent=as_json)) as bar:
        task = bar.add_task(visible(path.name), total=None if bar.disable else _lines(path))
        for receipt in session.push(FileSource(path), on_rows=lambda rows: bar.update(task, completed=rows)):
            receipts.append(receipt)
            _show(receipt, session.catalogue, as_json=as_json)
    return receipts


def _with_bar(
    session: Session, files: list[Path], jobs: int, questions: TerminalQuestions, *, silent: bool
) -> Iterator[FileDone]:
    with questions.beside(_bar(silent=silent)) as bar:
        task = bar.add_task("files", total=len(files))
        for done in push_files(session, files, jobs):
            bar.update(task, advance=1, description=visible(done.path.name))
            yield done


def _lines(path: Path) -> int | None:
    """Return the lines of a text file, about its rows; None for a workbook."""
    if path.suffix.lower() not in (".csv", ".tsv") or not path.is_file():
        return None
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def _show(receipt: SubmissionReceipt, catalogue: Catalogue, *, as_json: bool) -> None:
    if as_json:
        echo(json.dumps(receipt.to_json(), ensure_ascii=False))
    else:
        print_receipt(Terminal(soft_wrap=True), receipt, catalogue)


def register(app: typer.Typer) -> None:
    """Add ``push`` and ``push-dir`` to the application."""
    app.command("push", cls=ClerkCommand, help="报送文件，或作零报告（--nil）。", epilog=_EXIT_CODES)(push)
    by_folder = "报送一个文件夹下的所有表格；单位看文件夹名，或由 --unit 指明。"
    app.command("push-dir", cls=ClerkCommand, help=by_folder, epilog=_EXIT_CODES)(push_dir)
