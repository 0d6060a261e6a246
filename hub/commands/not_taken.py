"""``credithub rejected list | show`` and ``credithub waiting list``: rows that were not taken, and why."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from catalogue.errors import UsageError
from catalogue.times import SHANGHAI
from catalogue.unit_names import UnitNames
from hub import row_tables
from hub.commands.catalogue import find
from hub.printing import terminal
from hub.settings import load_settings
from hub.terminal import Terminal, echo
from hub.view import view_of
from queries.not_taken import NotTakenFilter, NotTakenRows, WaitingRow
from queries.receipts import RejectedRow
from queries.view import View

Row = TypeVar("Row", RejectedRow, WaitingRow)
_MOST_ROWS = 50
_rejected = typer.Typer(help="Rows that were rejected, and why.", no_args_is_help=True)
_waiting = typer.Typer(help="Rows whose subject is not known yet, and why.", no_args_is_help=True)

_Submission = Annotated[
    str | None, typer.Argument(metavar="[SUBMISSION]", help="The rows of this submission; all by unit without it.")
]
_Unit = Annotated[str | None, typer.Option("--unit", help="Only of this unit: its name, a usual short name or its id.")]
_ItemName = Annotated[str | None, typer.Option("--item", help="Only of this item: its number, Chinese name or id.")]
_Since = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only from this day on (Beijing time).")
]
_Unreadable = Annotated[bool, typer.Option("--unreadable", help="The messages that nobody could read, and where.")]
_Limit = Annotated[int, typer.Option("-n", "--limit", help="How many rows of a submission.", min=1)]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@_rejected.command("list")
def list_rejected(
    submission: _Submission = None, unit: _Unit = None, item: _ItemName = None, since: _Since = None,
    unreadable: _Unreadable = False, limit: _Limit = _MOST_ROWS, as_json: _Json = False,
) -> None:  # fmt: skip
    """List rejected rows by unit and item with the commonest reason, or those of one submission.

    A row that was mended and pushed again stays in the list: use --since for what is new.
    """
    view = view_of(load_settings())
    # What could not be read is of no submission.
    chosen = "" if unreadable else submission
    if chosen is not None:
        rows = view.rejects(chosen, limit=limit + 1)
        nothing = "No message was unreadable" if unreadable else f"No row of the submission {submission} was rejected"
        _show_rows(rows, limit, row_tables.print_rejected, as_json=as_json, nothing=nothing)
        return
    groups = view.rejected(_filter(view, unit, item, since))
    _show_groups(view, groups, as_json=as_json, none="no row was rejected")


@_rejected.command("show")
def show_rejected(
    submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="As `rejected list` and receipts name it.")],
    row: Annotated[int, typer.Argument(metavar="ROW", help="The row's number in the file.")],
    as_json: _Json = False,
) -> None:
    """Show one rejected row: its cells, masked where they are not for everybody, and every reason."""
    view = view_of(load_settings())
    rows = view.rejects(submission, row=row)
    if not rows:
        raise UsageError(
            f"No rejected row {row} of a submission {submission}.",
            remedy=f"`credithub rejected list {submission}` lists its rejected rows.",
        )
    for rejected in rows:
        if as_json:
            echo(json.dumps(rejected.as_json(), ensure_ascii=False))
        else:
            row_tables.print_rejected_row(terminal(), rejected, view.catalogue)


@_waiting.command("list")
def list_waiting(
    submission: _Submission = None, unit: _Unit = None, item: _ItemName = None, since: _Since = None,
    limit: _Limit = _MOST_ROWS, as_json: _Json = False,
) -> None:  # fmt: skip
    """List rows that wait for their subject by unit and item with the commonest reason, or those of one submission."""
    view = view_of(load_settings())
    if submission is not None:
        rows = view.waiting_rows(submission, limit=limit + 1)
        _show_rows(rows, limit, row_tables.print_waiting, as_json=as_json, nothing="No row of it waits")
        return
    groups = view.waiting(_filter(view, unit, item, since))
    _show_groups(view, groups, as_json=as_json, none="no row waits")


def _filter(view: View, unit: str | None, item: str | None, since: datetime | None) -> NotTakenFilter:
    return NotTakenFilter(
        unit=None if unit is None else UnitNames(view.catalogue.units.values()).called(unit),
        item=None if item is None else find(view.catalogue, item).id,
        since=None if since is None else since.replace(tzinfo=SHANGHAI),
    )


def _show_groups(view: View, groups: Sequence[NotTakenRows], *, as_json: bool, none: str) -> None:
    if as_json:
        echo(json.dumps([group.as_json() for group in groups], ensure_ascii=False))
    else:
        row_tables.print_groups(terminal(), groups, view.catalogue, none)


def _show_rows(
    rows: Sequence[Row], limit: int, show: Callable[[Console, Sequence[Row]], None], *, as_json: bool, nothing: str
) -> None:
    """Print the rows as JSON or as a table, and say what that cannot: that there are none, or more."""
    stderr = Terminal(stderr=True, soft_wrap=True)
    if as_json:
        echo(json.dumps([row.as_json() for row in rows[:limit]], ensure_ascii=False))
    elif not rows:
        stderr.print(f"{nothing}, or PostgreSQL has not seen it yet.", highlight=False)
    if len(rows) > limit:
        stderr.print(f"the first {limit}; --limit gives more", highlight=False)
    if rows and not as_json:
        show(terminal(), rows[:limit])


def register(app: typer.Typer) -> None:
    """Add the groups ``rejected`` and ``waiting``."""
    app.add_typer(_rejected, name="rejected", rich_help_panel="Data")
    app.add_typer(_waiting, name="waiting", rich_help_panel="Data")
