"""What a submission says of itself as a whole: by an option, else in its title, its sheet's or its file's name."""

import contextlib
import re
from collections.abc import Sequence
from datetime import date

from catalogue.errors import FileRefused
from catalogue.model import Item, Send
from producers.tables.identity import written_period

_WRITTEN_DATE = re.compile(r"(?<!\d)(20\d{2})(?:[-./年](\d{1,2})[-./月](\d{1,2})|(\d{2})(\d{2}))(?!\d)")


def declared_mode(full: bool | None, hints: Sequence[str], item: Item, *, flagged: bool) -> str:
    """Return FULL, SET or INCREMENTAL; ``flagged``: the table has a column 增删改标志.

    A list is whole (FULL) only when it says so: 全量 or 增量 in the first hint that names one of them. What says
    nothing replaces its subjects' sets where the item is sent so, and else adds.
    """
    if full is None:
        said = ({word for word in ("全量", "增量") if word in hint} for hint in hints)
        words = next((found for found in said if len(found) == 1), set())
        full = "全量" in words if words else None
    if full is not None:
        return "FULL" if full else "INCREMENTAL"
    # A table that says of each row whether it came, changed or went lists the moves, not the set.
    return "SET" if item.send is Send.SET and not flagged else "INCREMENTAL"


def declared_period(option: str | None, hints: Sequence[str], item: Item) -> str | None:
    """Return the period of a submission: --period, else what file name, sheet or title write, where it has one.

    Raises FileRefused for an option that writes no period.
    """
    if option:
        found = written_period(option)
        if found is None:
            raise FileRefused(f"看不懂所属期“{option}”。", remedy="请写作 2025、2025-03 或 2025-Q1。")
        return found
    if not (item.period_declared or item.reporting_period):
        return None
    return next((p for p in map(written_period, hints) if p), None)


def declared_date(option: str | None, hints: Sequence[str]) -> date | None:
    """Return the data date of a submission: --data-date, else the last whole date that title, file or sheet write.

    Raises FileRefused for an option that is no date.
    """
    if option:
        try:
            return date.fromisoformat(option)
        except ValueError as exc:
            raise FileRefused(f"看不懂数据日期“{option}”。", remedy="请写作 2025-03-31。") from exc
    for hint in hints:
        # The last one: 2025-01-01至2025-03-31 is data as of the end.
        for year, *parts in reversed(_WRITTEN_DATE.findall(hint)):
            month, day = (int(part) for part in parts if part)
            with contextlib.suppress(ValueError):
                return date(int(year), month, day)
    return None
