"""``credithub indicators``: the indicators that are computed, and how each is defined."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Sensitivity
from hub.progress import counting
from hub.terminal import Terminal
from queries.contributions import described
from rules.indicators.definitions import CROSS, Indicator, load_indicators

_OPEN = {Sensitivity.PUBLIC: ("公开", "green"), Sensitivity.CONSENT: ("须授权", "yellow")}
_DIRECTIONS = {"up": "越高越好", "down": "越低越好", "none": ""}

app = typer.Typer(no_args_is_help=True, help="Show the indicators that are computed of each enterprise.")


@app.command("list")
def list_indicators(
    item: Annotated[str | None, typer.Option(help="Of this item alone: its id, number or Chinese name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of docs/indicators.md.")] = False,
) -> None:
    """List the indicators by category, with what each is calculated from."""
    from hub.commands.catalogue import find

    catalogue = load_catalogue()
    only = None if item is None else find(catalogue, item).id
    found = [one for one in load_indicators() if only is None or only in one.items]
    if as_json:
        typer.echo(json.dumps([as_dict(one, catalogue) for one in found], ensure_ascii=False))
        return
    if markdown:
        typer.echo(markdown_table(found, catalogue))
        return
    console = Terminal()
    themes = [(f"{one.zh} ({one.id})", one.id) for one in catalogue.categories] + [("多项信息之间 (cross)", CROSS)]
    for title, theme in themes:
        own = [one for one in found if _theme(one, catalogue) == theme]
        if not own:
            continue
        table = Table(title=title, title_justify="left", expand=False)
        for heading in ("id", "名称", "单位", "公开程度", "算式"):
            table.add_column(heading, overflow="fold")
        for one in own:
            table.add_row(one.id, one.zh, one.unit, Text(*_OPEN[one.sensitivity]), one.expression.text)
        console.print(table)
    console.print(f"{len(found)} 项指标", highlight=False)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="The indicator's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how one indicator is defined, down to the fields that it reads."""
    catalogue = load_catalogue()
    found = next((one for one in load_indicators() if one.id == name), None)
    if found is None:
        raise UsageError(f"There is no indicator {name}.", remedy="`credithub indicators list` names all.")
    if as_json:
        typer.echo(json.dumps(as_dict(found, catalogue), ensure_ascii=False))
        return
    console = Terminal()
    console.print(f"{found.id} {found.zh}", style="bold", markup=False, highlight=False)
    rows = {
        "信息项": "\n".join(f"{one.seq} {one.zh}（{one.id}）" for one in map(catalogue.item, found.items)),
        "算式": found.expression.text,
        "数据序列": "\n".join(described(series) for series in found.series),
        "单位": found.unit,
        "公开程度": _OPEN[found.sensitivity][0],
        "无数据时": "0" if found.is_zero_missing else "空",
        "方向": _DIRECTIONS[found.direction],
        "分档": "，".join(f"{limit:f}" for limit in found.bands),
        "告知银行": "是" if found.told else "否",
    }
    table = Table(show_header=False, box=None)
    for heading, text in rows.items():
        if text:
            table.add_row(heading, text)
    console.print(table, markup=False)


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print a list as JSON.")] = False,
) -> None:
    """Compare the indicators over all enterprises of this hub: which of them order everybody alike.

    Exit code 1 when there is a pair that no `alike` of its definitions explains.
    """
    from hub.settings import load_settings
    from hub.view import view_of
    from rules.indicators.likeness import FEWEST, alike

    with counting("reading the states", " pairs") as (say, count):
        values = view_of(load_settings()).indicator_values()
        enterprises = len({subject for own in values.values() for subject in own})
        if enterprises < FEWEST:
            raise UsageError(
                f"Of {enterprises} enterprises nothing can be said.",
                remedy=f"At least {FEWEST} are needed: `make demo STAY=1` makes a city of 2,000.",
            )
        say("comparing")
        found = alike(load_indicators(), values, on_pair=count)
    unexplained = [pair for pair in found if not pair.why]
    if as_json:
        typer.echo(json.dumps([pair._asdict() for pair in found], ensure_ascii=False))
    else:
        console = Terminal()
        table = Table()
        for heading in ("指标", "相近指标", "等级相关", "企业数", "理由"):
            table.add_column(heading, overflow="fold", justify="right" if heading in ("等级相关", "企业数") else "left")
        for pair in found:
            table.add_row(pair.one, pair.other, f"{pair.coefficient:.3f}", f"{pair.enterprises:,}", pair.why)
        if found:
            console.print(table, markup=False)
        left = f"其中 {len(unexplained)} 对没有说明"
        console.print(f"{len(load_indicators())} 项指标，{len(found)} 对相近，{left}", highlight=False)
    if unexplained:
        raise typer.Exit(1)


def as_dict(indicator: Indicator, catalogue: Catalogue) -> dict[str, Any]:
    """Return an indicator as ``--json`` prints it."""
    return {
        "id": indicator.id, "zh": indicator.zh, "items": list(indicator.items),
        "category": _theme(indicator, catalogue), "is": indicator.expression.text,
        "series": [described(series) for series in indicator.series],
        "reads": sorted({f"{one.item}.{name}" for one in indicator.series for name in one.reads()}),
        "unit": indicator.unit, "sensitivity": indicator.sensitivity.value,
        "missing": "zero" if indicator.is_zero_missing else "null", "direction": indicator.direction,
        "bands": [f"{limit:f}" for limit in indicator.bands], "told": indicator.told,
    }  # fmt: skip


def _theme(indicator: Indicator, catalogue: Catalogue) -> str:
    """Return the category of an indicator's item, or that it is over several."""
    return CROSS if indicator.group == CROSS else catalogue.item(indicator.group).category


def markdown_table(indicators: list[Indicator], catalogue: Catalogue) -> str:
    """Return the indicators as the table of docs/indicators.md."""
    lines = ["| id | name | item | is | unit | sensitivity |", "| --- | --- | --- | --- | --- | --- |"]
    for one in indicators:
        items = [catalogue.item(item) for item in one.items]
        told = f"{items[0].seq} {items[0].zh}" if len(items) == 1 else ", ".join(str(item.seq) for item in items)
        cells = (one.id, one.zh, told, f"`{one.expression.text}`", one.unit, one.sensitivity.value)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="indicators")
