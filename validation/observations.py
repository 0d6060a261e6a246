"""What a rating is judged by: of an enterprise on a past day what was known, and what became of its loan."""

from dataclasses import dataclass
from datetime import date

from rules.rating.scoring import Values


@dataclass(frozen=True, slots=True)
class Observation:
    """``values``: the indicators by what was known on the ``day``, in millionths. ``is_bad``: 90 days overdue after it.

    ``attainable``: the chance of a default by all that could be known at all; None outside of the sample city.
    """

    subject: str
    day: date
    values: Values
    is_bad: bool
    attainable: float | None = None
