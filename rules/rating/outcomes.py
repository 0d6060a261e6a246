"""What became of a loan in the twelve months after a day: what ratings are fitted to, and judged by."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

BAD_DAYS, INDETERMINATE_DAYS = 90, 30
"""So many days overdue make an outcome bad (90), or leave it open (30 to 89)."""
WITHIN_MONTHS = 12


class OutcomeKind(StrEnum):
    """What the days overdue come to."""

    GOOD = "good"
    INDETERMINATE = "indeterminate"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class OverdueOutcome:
    """The most days that an enterprise was overdue in the 12 months after a day."""

    subject: str
    day: date
    days_overdue: int

    @property
    def kind(self) -> OutcomeKind:
        """What it comes to; of indeterminate ones nothing is measured."""
        return kind_of(self.days_overdue)


def kind_of(days_overdue: int) -> OutcomeKind:
    """Return what the most days overdue within twelve months come to."""
    if days_overdue >= BAD_DAYS:
        return OutcomeKind.BAD
    return OutcomeKind.INDETERMINATE if days_overdue >= INDETERMINATE_DAYS else OutcomeKind.GOOD
