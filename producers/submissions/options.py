"""What is said of everything that one session sends, and who reports."""

from collections.abc import Callable
from dataclasses import dataclass

from catalogue.errors import Question
from producers.tables.mapping import ColumnMapping

# Returns the answer's place among the choices.
Ask = Callable[[Question], int]


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for every table of a session; None: the table, and the names around it, say it themselves."""

    item: str | None = None
    unit: str | None = None
    region: str | None = None
    period: str | None = None
    data_date: str | None = None
    full: bool | None = None
    correct: bool = False
    force: bool = False
    accept_withdrawals: bool = False
    money_units: tuple[str, ...] = ()  # 万元, or 注册资本=万元
    mapping: ColumnMapping | None = None


@dataclass(frozen=True, slots=True)
class ReportingBody:
    """Who reports, where the channel knows it: a responsible unit of the list, for a division (GB/T 2260)."""

    unit: str
    region: str
