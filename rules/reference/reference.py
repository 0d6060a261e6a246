"""A reference of one model and month; which are due, and which is in force on a day."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from rules.rating.model import Basis
from rules.reference.cells import Cell


@dataclass(frozen=True, slots=True)
class Reference:
    """How the scores by one version of a model were spread at the end of a day."""

    model: str
    model_hash: str
    basis: Basis
    since: date
    """From this day on it is looked up."""
    as_of: date
    """Ratings and placements as they stood at the end of this business date."""
    placing: str
    """The hash of the tables and labels by which enterprises were placed (``Placer.hash``)."""
    rated: int
    """So many enterprises were counted, those of no cell included."""
    cells: tuple[Cell, ...]
    positions: Mapping[tuple[str, int], int]
    """By topic and partition the offset up to which was read; ratings of a day that has ended lie below it."""

    @property
    def hash(self) -> str:
        """The SHA-256 of all that it says but the positions: made again of the same ratings, it is the same."""
        said: list[Any] = [
            self.model,
            self.model_hash,
            self.basis.value,
            self.since.isoformat(),
            self.as_of.isoformat(),
        ]
        said += [self.placing, self.rated, [list(cell) for cell in self.cells]]
        return hashlib.sha256(orjson.dumps(said)).hexdigest()


def month_of(day: date) -> date:
    """Return the first day of the month of a day."""
    return day.replace(day=1)


def is_made(published: Iterable[Reference], model_hash: str, month: date) -> bool:
    """Whether a version of a model has its reference of a month."""
    return any(one.model_hash == model_hash and month_of(one.since) == month for one in published)


def in_force(published: Iterable[Reference], model_hash: str, day: date) -> Reference | None:
    """Return the newest reference of a version of a model on a day; of two of one day the one that came first."""
    own = [one for one in published if one.model_hash == model_hash and one.since <= day]
    return max(own, key=lambda one: one.since, default=None)
