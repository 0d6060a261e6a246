"""An overview as tables: what moves, what each bank was last told, which rows were not taken and mostly why."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from hub.durations import duration
from hub.overview import Overview
from hub.printing import grid
from hub.row_tables import item_name, reason_text, unit_name
from hub.visible_text import visible
from queries.flow import ArrowFlow
from queries.last_told import LastTold
from queries.not_taken import NotTakenRows

# An event that waits longer is worth a look.
_OLD_S = 60.0


def overview_tables(overview: Overview, catalogue: Catalogue, most: int) -> Iterator[Table | Text]:
    """Yield the parts of an overview; ``most``: how many rows of units and items each list shows."""
    for problem in overview.problems:
        yield Text(visible(f"not seen: {problem}"), style="red")
    if overview.arrows:
        yield _arrows(overview.arrows, overview.seen_at)
    if overview.banks:
        yield _banks(overview.banks, overview.seen_at, catalogue)
    for title, rows in (("rejected in 24 hours", overview.rejected), ("waiting for a subject", overview.waiting)):
        if rows:
            yield _rows(title, rows, catalogue, most)


def _arrows(arrows: Sequence[ArrowFlow], now: datetime) -> Table:
    table = grid("arrow", "rate", "pending", "oldest", "last delivery", "", right=("rate", "pending", "oldest"))
    for arrow in arrows:
        old = arrow.oldest_s is not None and arrow.oldest_s > _OLD_S
        table.add_row(
            arrow.arrow,
            "–" if arrow.rate_per_s is None else f"{arrow.rate_per_s:,.0f}/s",
            f"{arrow.pending:,}" if not arrow.problem else "?",
            "" if arrow.oldest_s is None else duration(arrow.oldest_s),
            _ago(arrow.delivered_at, now),
            arrow.problem,
            style="red" if arrow.problem else "yellow" if old else None,
        )
    return table


def _banks(banks: Sequence[LastTold], now: datetime, catalogue: Catalogue) -> Table:
    table = grid("bank", "last told", "of", "what", "sequence", right=("sequence",))
    for told in banks:
        if told.told_at is None:
            table.add_row(told.bank, "nothing yet", "", "", "")
            continue
        what = (
            item_name(catalogue, told.item) if told.item else "提供范围" if told.op == "SCOPE" else told.list_name or ""
        )
        what += " 指标" if told.op == "INDICATORS" else ""
        op = "" if told.op in ("REPORT", "INDICATORS", "SCOPE") else f" {told.op}"
        table.add_row(told.bank, _ago(told.told_at, now), told.subject or "", f"{what}{op}", f"#{told.sequence}")
    return table


def _rows(title: str, rows: Sequence[NotTakenRows], catalogue: Catalogue, most: int) -> Table:
    total = sum(group.rows for group in rows)
    table = grid(f"{title}: {total:,}", "item", "rows", "newest", "commonest reason", right=("rows",))
    for group in rows[:most]:
        table.add_row(
            unit_name(catalogue, group.unit), item_name(catalogue, group.item), f"{group.rows:,}",
            f"{group.newest.astimezone(SHANGHAI):%m-%d %H:%M:%S}",
            f"{reason_text(group)} ({group.reason_rows:,})",
        )  # fmt: skip
    if len(rows) > most:
        rest = sum(group.rows for group in rows[most:])
        table.add_row(f"… {len(rows) - most} more", "", f"{rest:,}", "", "")
    return table


def _ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "–"
    seconds = max(0.0, (now - moment).total_seconds())
    return f"{moment.astimezone(SHANGHAI):%m-%d %H:%M:%S}, {duration(seconds)} ago"
