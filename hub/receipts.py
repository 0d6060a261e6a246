"""A receipt as the clerk reads it at the terminal."""

from collections.abc import Iterator
from datetime import timedelta

from rich.console import Console
from rich.table import Column, Table

from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from connectors.notes import NoteKind, TableNote
from producers.submissions.declarations import PLACE_ZH, DeclaredIn, SubmissionMode
from producers.submissions.preview import ColumnPreview
from producers.submissions.progress import SubmissionState
from producers.submissions.receipts import ReasonCount, SubmissionReceipt

_MODE_ZH = {
    SubmissionMode.FULL: "全量（表中没有的记录撤下）",
    SubmissionMode.SET: "按主体替换（表中出现的主体，以这次的记录为准）",
    SubmissionMode.INCREMENTAL: "增量（只增加和更新，不撤下）",
}
_AS_OF_ZH = {"DATA_DATE": "数据日期", "STAMP": "报送渠道", "RECEIPT": "首次收到的时间", "CORRECTION": "更正收到的时间",
             "READING": "与以前的读法不同，盖过以前报送的同一张表"}  # fmt: skip


def print_receipt(console: Console, receipt: SubmissionReceipt, catalogue: Catalogue) -> None:
    """Print a receipt: what was declared and where, what was taken, and what was not and why."""
    for line in _lines(receipt, catalogue):
        console.print(line, markup=False, highlight=False)
    if receipt.columns:
        console.print(_columns(receipt.columns))
    refused = [reason for reason in receipt.reasons if not reason.waits]
    waiting = [reason for reason in receipt.reasons if reason.waits]
    dry_run = receipt.state is SubmissionState.DRY_RUN
    kept = "报送后会保存" if dry_run else "已保存"
    for title, reasons in (("退回的行", refused), (f"主体待定的行（{kept}，未进入企业档案）", waiting)):
        if reasons:
            console.print(f"{title}：", markup=False, highlight=False)
            console.print(_reasons(reasons))
    if (receipt.counts.rejected or receipt.counts.unresolved) and not dry_run:
        console.print(
            f"导出这些行，改好后再报送：credithub receipt {receipt.submission.id} -o 待改.xlsx",
            markup=False, highlight=False,
        )  # fmt: skip


def _lines(receipt: SubmissionReceipt, catalogue: Catalogue) -> Iterator[str]:
    sub, counts, item = receipt.submission, receipt.counts, catalogue.item(receipt.submission.item)
    dry_run = receipt.state is SubmissionState.DRY_RUN
    if receipt.recognised:
        yield "这个文件已经报送完成，没有重复发送（需要重发请加 --force）。"
    yield f"{'试运行（没有报送）' if dry_run else '回执'} {sub.id}"
    yield f"{item.seq} {item.zh} · {sub.file_name} {sub.sheet or ''}".rstrip()
    origins = sub.origins
    unit = catalogue.units[sub.unit].zh if sub.unit in catalogue.units else sub.unit
    yield f"报送单位：{_placed(unit, origins.unit)}；区划：{_placed(sub.region, origins.region)}"
    declared = [f"报送方式：{_placed(_MODE_ZH[sub.mode], origins.mode)}"]
    for name, value, place in (
        ("所属期", sub.period, origins.period),
        ("数据日期", sub.data_date and sub.data_date.isoformat(), origins.data_date),
    ):
        if place is DeclaredIn.COLUMN:
            declared.append(f"{name}：见各行" + (f"（没有写的行按{value}）" if value else ""))
        elif value:
            declared.append(f"{name}：{_placed(value, place)}")
    yield "；".join(declared)
    if sub.as_of_from and not dry_run:
        said = sub.as_of - timedelta(microseconds=sub.rereads)  # of the day itself, not of the next
        moment = f"{said.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        yield f"数据时点：{moment}（{_AS_OF_ZH.get(sub.as_of_from, sub.as_of_from)}）；同一记录以时点晚的为准"
    yield (
        f"共{counts.rows}行：接收{counts.accepted}，退回{counts.rejected}，"
        f"主体待定{counts.unresolved}，重复{counts.duplicates}；同一记录内容不一{counts.conflicts}"
    )
    if sub.mode is SubmissionMode.FULL:
        yield "全量：" + ("试运行不计算撤下的记录" if dry_run else f"撤下{counts.withdrawn}条表中没有的记录")
    elif counts.withdrawn:
        yield f"撤下{counts.withdrawn}条：已报送的全量表数据时点更晚，其中没有这些记录"
    if counts.conflict_rows:
        pairs = "；".join(f"第{row}行与第{other}行" for row, other in counts.conflict_rows[:10])
        rest = "…" if counts.conflicts > len(counts.conflict_rows[:10]) else ""
        yield f"同一记录内容不一：{pairs}{rest}。请核对哪一行正确，改好后重新报送"
    for column in receipt.unread:
        yield f"没有采集的列：“{column.title}”——{column.why}"
    units = [note for note in receipt.notes if note.kind is NoteKind.AMOUNT_UNIT]
    if units:
        yield "金额单位：" + "；".join(f"“{note.column}”按{note.text.removeprefix('按')}" for note in units)
    yield from (_note_line(note) for note in receipt.notes if note.kind is not NoteKind.AMOUNT_UNIT)


def _placed(text: str, place: DeclaredIn | None) -> str:
    return text if place is None else f"{text}［{PLACE_ZH[place]}］"


def _note_line(note: TableNote) -> str:
    rows = f"（共{note.count}行：{'、'.join(map(str, note.rows))}{'…' if note.count > len(note.rows) else ''}）"
    return f"注意：{note.column and note.column + '：'}{note.text}{rows if note.rows else ''}"


def _reasons(reasons: list[ReasonCount]) -> Table:
    # Folded: Chinese has no blanks to wrap at, and a remedy that is cut is none.
    grid = Table(*(Column(title, overflow="fold") for title in ("列", "原因", "行数", "行号", "办法")))
    for reason in reasons:
        numbers = "、".join(map(str, reason.first_rows)) + ("…" if reason.rows > len(reason.first_rows) else "")
        grid.add_row(reason.column, reason.message, str(reason.rows), numbers, reason.remedy)
    return grid


def _columns(columns: tuple[ColumnPreview, ...]) -> Table:
    grid = Table(*(Column(title, overflow="fold") for title in ("列名", "采集为", "单位", "前几个值（读出后）")))
    for column in columns:
        grid.add_row(column.title, column.field_zh, column.unit, "、".join(column.values))
    return grid
