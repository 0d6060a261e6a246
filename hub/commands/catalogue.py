"""``credithub catalogue [ITEM]``: what the list asks for, field by field."""

import difflib
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from catalogue.model import PERIOD_ZH, Catalogue, Field, Item
from hub.terminal import Terminal

_STYLES = {"public": "green", "consent": "yellow", "personal": "red"}
_MOST_SUGGESTIONS = 5
_LEAST_LIKENESS = 0.5  # of 0…1; names that are less alike are not suggested


def catalogue(
    item: Annotated[
        str | None, typer.Argument(metavar="[ITEM]", help="Id, number or Chinese name; all items without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of items as JSON.")] = False,
) -> None:
    """Show the items of the list, or one item with its fields."""
    loaded = load_catalogue()
    items = loaded.items if item is None else (find(loaded, item),)
    if as_json:
        typer.echo(json.dumps([described(loaded, shown_item) for shown_item in items], ensure_ascii=False))
        return
    console = Terminal()
    if item is None:
        _print_all(console, loaded)
    else:
        _print_item(console, loaded, items[0])


def find(loaded: Catalogue, name: str) -> Item:
    """Return the item of this id, number or Chinese name; raises UsageError naming the nearest ones."""
    try:
        return loaded.item(name)
    except KeyError:
        suggestions = _suggestions(loaded, name)
        question = f"Did you mean: {', '.join(suggestions)}? " if suggestions else ""
        raise UsageError(f"No item is called {name}.", remedy=f"{question}`credithub catalogue` lists all.") from None


def _suggestions(loaded: Catalogue, name: str) -> list[str]:
    words: dict[str, list[str]] = {}
    for item in loaded.items:
        units = [loaded.units[unit].zh for unit in item.units]
        words[f"{item.id} ({item.zh})"] = [item.zh, item.id, item.id.split(".", 1)[1], *units]
    containing = [label for label, of_item in words.items() if not name.isdigit() and any(name in w for w in of_item)]
    likeness = {
        label: max(difflib.SequenceMatcher(None, name, word).ratio() for word in of_item[:3])
        for label, of_item in words.items()
    }
    alike = [label for label in sorted(words, key=lambda w: -likeness[w]) if likeness[label] >= _LEAST_LIKENESS]
    return list(dict.fromkeys((*containing, *alike)))[:_MOST_SUGGESTIONS]


def described(loaded: Catalogue, item: Item) -> dict[str, Any]:
    """Return an item as ``--json`` prints it."""
    return {
        "seq": item.seq,
        "id": item.id,
        "category": item.category,
        "category_zh": _category_zh(loaded, item.category),
        "name": item.zh,
        "period": item.period.value,
        "period_zh": PERIOD_ZH[item.period],
        "units": [loaded.units[unit].zh for unit in item.units],
        "fields": [_field(field) for field in item.fields],
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "zh": field.zh,
        "type": field.type.value,
        "sensitivity": field.sensitivity.value,
        "ground": field.ground,
        "source": field.source,
        "required": field.required,
        "added": field.added,
        "aliases": list(field.aliases),
        "codes": dict(field.codes or {}),
        "unit": field.unit,
        "correction": field.correction,
        "details": [_field(sub) for sub in field.details],
    }


def _category_zh(loaded: Catalogue, category: str) -> str:
    return next(c.zh for c in loaded.categories if c.id == category)


def _print_all(console: Console, loaded: Catalogue) -> None:
    for category in loaded.categories:
        table = Table(title=f"{category.zh} ({category.id})", title_justify="left", expand=False)
        table.add_column("序号", justify="right")
        for heading in ("信息名称", "id", "周期", "责任单位"):
            table.add_column(heading, overflow="fold")
        table.add_column("栏目", justify="right")
        for item in category.items:
            units = "、".join(loaded.units[unit].zh for unit in item.units)
            fields = str(sum(not field.added for field in item.fields))
            table.add_row(str(item.seq), item.zh, item.id, PERIOD_ZH[item.period], units, fields)
        console.print(table)
    console.print(f"{len(loaded.items)} 项，{len(loaded.categories)} 类，{len(loaded.units)} 个责任单位")


def _print_item(console: Console, loaded: Catalogue, item: Item) -> None:
    units = "、".join(loaded.units[unit].zh for unit in item.units)
    console.print(f"{item.seq} {item.zh}  {item.id}", style="bold", markup=False, highlight=False)
    console.print(f"{_category_zh(loaded, item.category)}，{PERIOD_ZH[item.period]}，{units}", highlight=False)
    table = Table()
    for heading in ("栏目", "字段", "类型", "共享属性及依据", "别名、代码、更正"):
        table.add_column(heading, overflow="fold")
    for field in item.fields:
        _add_row(table, field, "")
        for sub in field.details:
            _add_row(table, sub, "  ")
    console.print(table)


def _add_row(table: Table, field: Field, indent: str) -> None:
    marks = ("*" if field.required else "") + (" (清单未列)" if field.added else "")
    more = [f"别名：{'、'.join(field.aliases)}"] if field.aliases else []
    if field.codes:
        more.append("代码：" + "、".join(f"{code} {meaning}" for code, meaning in field.codes.items()))
    if field.correction:
        more.append(f"更正：{field.correction}（原文：{field.source}）")
    style = _STYLES[field.sensitivity.value]
    kind = f"{field.type.value} {field.unit}".strip()
    cells = (indent + field.zh + marks, indent + field.name, kind)
    shared = Text.assemble((field.sensitivity.value, style), f" {field.ground}")
    table.add_row(*cells, shared, "\n".join(more))


def register(app: typer.Typer) -> None:
    """Add ``catalogue`` to the application."""
    app.command()(catalogue)
