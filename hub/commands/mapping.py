"""``credithub mapping suggest FILE``: suggest which field each column of a table is, for a person to confirm."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from catalogue.errors import FileRefused, UsageError
from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Item
from connectors.files.tables import open_tables
from hub.clerk_commands import ClerkCommand, ClerkGroup
from hub.terminal import echo
from producers.tables.header_rows import HeaderRows, likely_header
from producers.tables.headers import HeadedTable, TableRecogniser
from producers.tables.mapping import ColumnMapping, parse_mapping
from producers.tables.mapping_suggestion import MOST_ROWS, likely_items, mapping_text, suggest


def read_mapping(path: Path, catalogue: Catalogue) -> ColumnMapping:
    """Return the mapping that a file holds; raises FileRefused for one that cannot be used."""
    try:
        return parse_mapping(path.read_text("utf-8-sig"), catalogue)
    except (OSError, UnicodeDecodeError) as exc:
        raise FileRefused(f"读不了对照表“{path}”。", remedy="请核对文件名；对照表是 UTF-8 编码的文本文件。") from exc


def suggest_mapping(
    file: Annotated[Path, typer.Argument(help="一份这样的表。")],
    item: Annotated[str | None, typer.Option("--item", help="哪一项：编号、序号或名称。")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="工作表名；不写则取列最多的。")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写入的文件；不写则显示。")] = None,
) -> None:
    catalogue = load_catalogue()
    recogniser = TableRecogniser(catalogue)
    table, header = _table(file, sheet, recogniser.keys())
    chosen = _item(catalogue, recogniser, header, item)
    row = table.head[header.last][0]
    rows = [cells for _, cells in islice(table.below(row), MOST_ROWS)]
    text = mapping_text(chosen, suggest(recogniser.matcher(chosen), header.titles, rows))
    if output is None:
        echo(text, nl=False)
        return
    if output.exists():
        raise UsageError(f"“{output}”已经存在。", remedy="请换一个文件名，以免盖掉核对过的对照表。")
    output.write_text(text, "utf-8")
    echo(f"已写入 {output}：请逐列核对，把 confirmed 改为 true，再用 credithub push 文件 --mapping {output} 报送。")


def _table(file: Path, sheet: str | None, known: frozenset[str]) -> tuple[HeadedTable, HeaderRows]:
    tables = [HeadedTable.of(table) for table in open_tables(file) if sheet is None or table.sheet == sheet]
    headed = [(table, header) for table in tables if (header := likely_header(table.head, known)) is not None]
    if not headed:
        raise FileRefused("找不到像表头的一行。", remedy="请核对文件和 --sheet；表头应是一行列名。")
    return max(headed, key=lambda pair: sum(map(bool, pair[1].titles)))


def _item(catalogue: Catalogue, recogniser: TableRecogniser, header: HeaderRows, name: str | None) -> Item:
    if name is not None:
        try:
            return catalogue.item(name)
        except KeyError as exc:
            raise UsageError(f"清单里没有“{name}”。", remedy="见 credithub catalogue。") from exc
    items = likely_items([recogniser.matcher(i) for i in catalogue.items], header.titles)
    if len(items) != 1:
        names = "、".join(f"{i.seq} {i.zh}" for i in items[:8]) or "看不出是哪一项"
        raise UsageError(f"这张表可能是：{names}。", remedy="请用 --item 指明是哪一项。")
    return items[0]


def register(app: typer.Typer) -> None:
    """Add the group ``mapping``."""
    group = typer.Typer(cls=ClerkGroup, help="对照表：列名不是清单列名的表，各列是哪个字段。", no_args_is_help=True)
    group.command("suggest", cls=ClerkCommand, help="生成对照表的建议，供人核对。")(suggest_mapping)
    app.add_typer(group, name="mapping", rich_help_panel="Data")
