"""``credithub template ITEM -o f.xlsx``: the clerk's empty table of an item."""

from pathlib import Path
from typing import Annotated

import typer
import xlsxwriter

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from catalogue.model import PERIOD_ZH, Field, FieldType, Item
from hub.clerk_commands import ClerkCommand

_TYPE_ZH = {
    FieldType.MONEY: "金额", FieldType.NUMBER: "数字", FieldType.INTEGER: "整数", FieldType.YEAR: "年份",
    FieldType.MONTH: "年月", FieldType.DATE: "日期", FieldType.TIMESTAMP: "日期时间", FieldType.BOOLEAN: "是/否",
    FieldType.USCC: "统一社会信用代码", FieldType.ID_NUMBER: "证件号码", FieldType.DETAILS: "明细",
}  # fmt: skip
_LAST_ROW = 10_000
_LIST_CHARS = 255  # what Excel takes as a list written into the rule itself


def write_template(item: Item, path: Path) -> None:
    """Write the workbook: headers with drop-downs, and the sheet 填写说明."""
    with xlsxwriter.Workbook(str(path)) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        sheet, notes = book.add_worksheet(item.zh[:31]), book.add_worksheet("填写说明")
        sheet.freeze_panes(1, 0)
        notes.write_row(0, 0, ["列名", "类型", "必填", "说明"], bold)
        for index, field in enumerate(item.fields):
            sheet.write(0, index, field.zh, bold)
            sheet.set_column(index, index, max(12, 2 * len(field.zh) + 2))
            choices = list((field.codes or {}).values()) or (["是", "否"] if field.type is FieldType.BOOLEAN else [])
            if choices and len(",".join(choices)) <= _LIST_CHARS:
                sheet.data_validation(1, index, _LAST_ROW, index, {"validate": "list", "source": choices})
            required = "是" if field.required else ""
            notes.write_row(index + 1, 0, [field.zh, _TYPE_ZH.get(field.type, "文字"), required, _note(field)])
        notes.write(len(item.fields) + 2, 0, f"共享周期：{PERIOD_ZH[item.period]}")
        notes.set_column(0, 3, 28)


def _note(field: Field) -> str:
    parts = [f"单位：{field.unit}"] if field.unit else []
    if field.codes:
        parts.append("；".join(f"{code} {meaning}" for code, meaning in field.codes.items()))
    return "。".join(parts)


def template(
    item: Annotated[str, typer.Argument(help="哪一项：编号、序号或名称。")],
    output: Annotated[Path, typer.Option("-o", "--output", help="要写的 .xlsx 文件。")],
) -> None:
    try:
        wanted = load_catalogue().item(item)
    except KeyError as exc:
        raise UsageError(f"清单里没有“{item}”。", remedy="见 credithub catalogue。") from exc
    write_template(wanted, output)
    typer.echo(str(output))


def register(app: typer.Typer) -> None:
    """Add ``template`` to the application."""
    app.command("template", cls=ClerkCommand, help="生成一项的空白模板：列名、下拉选项和填写说明。")(template)
