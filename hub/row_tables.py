"""Rows that were rejected, or wait, as tables for the operator: by unit and item, row by row, and one whole."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from catalogue.model import Catalogue
from hub.printing import grid
from queries.not_taken import NotTakenRows, WaitingRow
from queries.receipts import RejectedRow
from queries.values import clock

UNREADABLE = "(unreadable messages)"


def print_groups(console: Console, groups: Sequence[NotTakenRows], catalogue: Catalogue, none: str) -> None:
    """Print the rows by unit and item; ``none`` is said where there are none."""
    if not groups:
        console.print(none, markup=False, highlight=False)
        return
    table = grid(
        "unit", "item", "rows", "files", "since", "newest", "commonest reason", "rows with it", "newest submission",
        right=("rows", "files", "rows with it"),
    )  # fmt: skip
    for group in groups:
        table.add_row(
            unit_name(catalogue, group.unit), item_name(catalogue, group.item),
            f"{group.rows:,}", f"{group.submissions:,}", clock(group.oldest), clock(group.newest),
            reason_text(group), f"{group.reason_rows:,}", group.newest_submission or "–",
        )  # fmt: skip
    console.print(table)
    if any(group.newest_message for group in groups):
        console.print("where the messages are: `credithub rejected list --unreadable`", highlight=False)
    console.print(f"{sum(group.rows for group in groups):,} rows", style="bold", highlight=False)


def reason_text(group: NotTakenRows) -> str:
    """Return the commonest reason with its column as the file calls it; of messages, with where the newest is."""
    if group.newest_message:
        return f"{group.newest_message}: {group.message}"
    return f"{group.column}: {group.message}" if group.column else group.message


def unit_name(catalogue: Catalogue, unit: str) -> str:
    """Return a unit's Chinese name, else its id; of no unit are messages that could not be read."""
    return catalogue.units[unit].zh if unit in catalogue.units else unit or UNREADABLE


def item_name(catalogue: Catalogue, item: str) -> str:
    """Return an item's number and Chinese name, else its id."""
    known = next((each for each in catalogue.items if each.id == item), None)
    return f"{known.seq} {known.zh}" if known is not None else item or "–"


def print_rejected(console: Console, rows: Sequence[RejectedRow]) -> None:
    """Print the rejected rows of a submission, or messages that could not be read, a line for each reason."""
    table = grid("message" if rows[0].source_topic else "row", "column", "reason", "remedy", "code", right=("row",))
    for row in rows:
        for index, reason in enumerate(row.reasons):
            place = row.place if index == 0 else ""
            table.add_row(place, reason.column, reason.message, reason.remedy, reason.code)
    console.print(table)


def print_waiting(console: Console, rows: Sequence[WaitingRow]) -> None:
    """Print the rows of a submission that wait, with what may be seen of them."""
    table = grid("row", "since", "code", "reason", "cells", right=("row",))
    for row in rows:
        cells = "，".join(f"{title} {value}" for title, value in row.masked.items() if value != "***")
        table.add_row(f"{row.row}", clock(row.unresolved_at), row.reason, row.message, cells)
    console.print(table)


def print_rejected_row(console: Console, row: RejectedRow, catalogue: Catalogue) -> None:
    """Print one rejected row whole: where it is from, its cells as far as they may be seen, and every reason."""
    heading = f"{row.file_name} {row.sheet or ''}".rstrip()
    console.print(f"{heading}, row {row.row}", style="bold", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{unit_name(catalogue, row.unit)} · {item_name(catalogue, row.item)} · rejected {clock(row.rejected_at)}"
        f" · submission {row.submission_id}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    console.print()
    print_rejected(console, (row,))
    console.print()
    console.print(_cells(row.masked))
    console.print("*** is not for everybody; who holds the key: `credithub receipt ID -o FILE`", style="dim")


def _cells(masked: Mapping[str, str]) -> object:
    table = grid("column", "cell")
    for title, value in masked.items():
        table.add_row(title, value)
    return table
