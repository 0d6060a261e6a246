"""What the cells of one record are drawn from."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from simulation.enterprises import Enterprise, Kind
from simulation.lives import RecordTime

CellValue = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What one record is made from; ``serial`` is its number within the item."""

    enterprise: Enterprise
    moment: RecordTime
    serial: int
    as_of: date
    rng: random.Random

    @property
    def yearly(self) -> float:
        """Return the revenue of a year at that time, in yuan."""
        return self.enterprise.revenue * self.enterprise.scale(self.moment.when, self.as_of)

    @property
    def staff(self) -> int:
        """Return how many work there at that time."""
        return max(1, round(self.enterprise.staff * min(1.5, self.enterprise.scale(self.moment.when, self.as_of))))

    @property
    def pays(self) -> bool:
        """Whether it paid what was due."""
        bad = {Kind.STRUGGLING: 0.25, Kind.DISHONEST: 0.4, Kind.DORMANT: 0.5}
        return self.rng.random() >= bad.get(self.enterprise.kind, 0.0)


# Draws the cell of one column; called for every record in the same order, so that the same seed gives the same city.
DrawCell = Callable[[Setting], CellValue]
