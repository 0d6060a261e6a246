"""``credithub lists``: who is on the lists (名单), why and why not."""

import json
from typing import Annotated

import typer

from catalogue.errors import UsageError
from hub.commands.queries import subject_of
from hub.terminal import echo

app = typer.Typer(no_args_is_help=True, help="Show the lists (白名单, 推荐清单, 预警名单) and who is on them.")

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(metavar="LIST", help="The id of a list: show its members.")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="USCC", help="Where this enterprise stands on every list.")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many members.")] = 100,
    as_json: _Json = False,
) -> None:
    """Show how many are on each list, who is on one, or where an enterprise stands.

    Of an enterprise: since when, why, why not, and what is missing for entry.
    """
    from hub.list_printing import print_counts, print_members, print_subject
    from hub.printing import terminal
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.list_view import ListView
    from rules.lists.loading import load_lists

    if name is not None and subject is not None:
        raise UsageError("LIST and --subject exclude each other.", remedy="Give one of them.")
    if name is not None and name not in load_lists():
        raise UsageError(f"There is no list {name}.", remedy=f"Use one of: {', '.join(load_lists())}.")
    view = ListView(view_of(load_settings()))
    if subject is not None:
        found = view.subject(subject_of(subject))
        if as_json:
            echo(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            print_subject(terminal(), found)
    elif name is not None:
        members = view.members(name, limit)
        if as_json:
            echo(json.dumps([one.as_json() for one in members], ensure_ascii=False))
        else:
            print_members(terminal(), load_lists()[name], members)
    else:
        counts = view.counts()
        if as_json:
            echo(json.dumps([one.as_json() for one in counts], ensure_ascii=False))
        else:
            print_counts(terminal(), counts)


@app.command()
def check(as_json: _Json = False) -> None:
    """Check the definitions, and tell what the end of this day would change. Exit code 1 when no model decides a list.

    Nothing is written. Memberships are counted again from the ratings' changes by `credithub verify-state`.
    """
    from bus.business_date import today
    from hub.list_printing import print_forecast
    from hub.printing import terminal
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.list_view import ListView

    found = ListView(view_of(load_settings())).forecast(today())
    if as_json:
        echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
    else:
        print_forecast(terminal(), found)
    if any(one.model is None for one in found):
        raise typer.Exit(1)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="lists")
