"""Loans of the sample city, and what became of them: the outcomes that a rating is fitted to and judged by.

Outcomes are hidden from departments. A loan is bad once it is 90 days overdue, as it is in the month of the default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.rating.outcomes import INDETERMINATE_DAYS, WITHIN_MONTHS, OutcomeKind, kind_of
from simulation.enterprises import Enterprise

_ABOUT = 900
_WITH_LOAN, _BY_QUALITY = 0.5, 0.08
_DAYS_A_MONTH = 30
_RISING_MONTHS = 2  # so many months before the 90th day the first instalment was missed
_MOST_DAYS = 720


@dataclass(frozen=True, slots=True)
class LoanOutcome:
    """``days``: the most days overdue in the 12 months after ``month`` (``catalogue.months``)."""

    subject: str
    month: int
    days: int

    @property
    def kind(self) -> OutcomeKind:
        """Return what the loan came to."""
        return kind_of(self.days)


def has_loan(enterprise: Enterprise) -> bool:
    """Whether a bank has lent to an enterprise: rather to those that were known as good."""
    return enterprise.chance(0, _ABOUT) < _WITH_LOAN + _BY_QUALITY * enterprise.standing


def days_overdue(enterprise: Enterprise, month: int) -> int:
    """Return the most days that the loan was overdue in a month."""
    life = enterprise.life
    default = life.default
    if default is not None and month >= default - _RISING_MONTHS:
        return min(_MOST_DAYS, (month - default + _RISING_MONTHS + 1) * _DAYS_A_MONTH)
    # An instalment is forgotten, or paid when the customer has paid; two in a row are rare.
    if enterprise.pays(month, _ABOUT + 1, ease=0.5):
        return 0
    again = not enterprise.pays(month - 1, _ABOUT + 1, ease=0.5)
    return int(enterprise.chance(month, _ABOUT + 2) * _DAYS_A_MONTH) + (_DAYS_A_MONTH if again else 1)


def outcomes(city: Sequence[Enterprise], months: Sequence[int]) -> Iterator[LoanOutcome]:
    """Yield the outcome of each loan, for each month that it was watched from and for a year after.

    Left out: who was founded later, whose business has ended, and who was 30 days overdue at the time.
    """
    for one in city:
        if not has_loan(one):
            continue
        last = one.life.first + len(one.life.quality) - 1
        for month in months:
            if not one.life.first <= month <= last - WITHIN_MONTHS and not _ends_within(one, month, last):
                continue
            if days_overdue(one, month) >= INDETERMINATE_DAYS:
                continue
            after = range(month + 1, min(last, month + WITHIN_MONTHS) + 1)
            yield LoanOutcome(one.uscc, month, max((days_overdue(one, each) for each in after), default=0))


def _ends_within(one: Enterprise, month: int, last: int) -> bool:
    """Whether the business ended in the year after a month: what happened until then is all that there is."""
    return one.life.ended is not None and one.life.first <= month < last
