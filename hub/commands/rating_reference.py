"""``credithub rating reference``: how the scores of the enterprises are spread, in which percentiles are looked up."""

import json
from typing import Annotated

import typer

from hub.terminal import echo

_Json = Annotated[bool, typer.Option("--json", help="Print a list as JSON.")]
_reference = typer.Typer(help="Show or make the references in which percentiles (分位) are looked up.")


@_reference.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: _Json = False) -> None:
    """Show the newest reference of each version of a model: its cells, how many are in each, how scores are spread."""
    from hub.printing import terminal
    from hub.reference_printing import print_references
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView
    from queries.references import reference_as_json

    if context.invoked_subcommand is not None:
        return
    found = RatingView(view_of(load_settings())).references()
    if as_json:
        echo(json.dumps([reference_as_json(one) for one in found], ensure_ascii=False))
    else:
        print_references(terminal(), found)


@_reference.command()
def make(as_json: _Json = False) -> None:
    """Make what is missing of this month, as the rater does by itself when a month begins.

    A model that had rated nobody before this month gets one of today, once. Exit code 3 while the rating has not begun
    the day everywhere.
    """
    from bus.principals import RATING_GROUP
    from bus.users import RATER
    from catalogue.load import load_catalogue
    from hub.settings import bus_config, load_settings
    from queries.references import reference_as_json
    from streams.reference.maker import ReferenceMaker

    # By the rater's id: whoever of both is first fences the other.
    maker = ReferenceMaker(bus_config(load_settings(), RATER), RATING_GROUP, load_catalogue())
    found = maker.make_month(in_between=True)
    if as_json:
        echo(json.dumps([reference_as_json(one) for one in found.new] if found else [], ensure_ascii=False))
    elif found is None:
        echo("归集或评价尚未读到本日，稍后再试（`credithub status`）")
    elif found.new:
        for one in found.new:
            echo(f"{one.model}：{one.since.isoformat()} 起的基准，截至 {one.as_of.isoformat()}，{one.rated:,} 户，"
                 f"{len(one.cells)} 组")  # fmt: skip
    else:
        echo(f"{found.month.year} 年 {found.month.month} 月的基准已编制，没有缺少的")
    if found is None:
        raise typer.Exit(3)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(_reference, name="reference")
