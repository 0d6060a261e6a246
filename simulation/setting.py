"""What the cells of one record are drawn from."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto

from catalogue.months import month_number
from simulation.enterprises import Enterprise
from simulation.moments import RecordTime

CellValue = str | int | float | bool | date | datetime | None


@dataclass(slots=True)
class Setting:
    """What one record is made from; ``serial`` is its number within the item.

    ``as_of``: the day from which it is looked at. What happens later is not told.
    """

    enterprise: Enterprise
    moment: RecordTime
    serial: int
    as_of: date
    rng: random.Random

    @property
    def month(self) -> int:
        """Return the month of the record (``catalogue.months``), of a period its last."""
        return month_number(self.moment.end)

    @property
    def quality(self) -> float:
        """Return the hidden quality at that time."""
        life = self.enterprise.life
        return life.quality[life.at(self.month)]

    @property
    def yearly(self) -> float:
        """Return the revenue of a year at that time, in yuan."""
        life = self.enterprise.life
        return self.enterprise.revenue * life.size[life.at(self.month)]

    @property
    def staff(self) -> int:
        """Return how many work there at that time."""
        life = self.enterprise.life
        return max(1, round(self.enterprise.staff * life.heads[life.at(self.month)]))

    def told(self, day: date | None) -> date | None:
        """Return a day that has come by ``as_of``, else None."""
        return day if day is not None and day <= self.as_of else None


# Draws the cell of one column; called for every record in the same order, so that the same seed gives the same city.
DrawCell = Callable[[Setting], CellValue]
# Draws several cells that must fit together; None: there is no such record.
DrawCells = Callable[[Setting], Sequence[CellValue] | None]


class Per(Enum):
    """How often a cell is drawn: it is the same for all rows, for all of one subject, or for none."""

    ITEM = auto()
    SUBJECT = auto()
    RECORD = auto()


Cell = tuple[Per, DrawCell]


@dataclass(frozen=True, slots=True)
class Teller:
    """How some fields of an item are drawn together."""

    fields: tuple[str, ...]
    draw: DrawCells
