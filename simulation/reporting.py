"""On which day a department has reported a record: some days after it arose, by the item's rhythm, now and then late.

A back-test may use what was reported by its day, and nothing later (``known_at``).
"""

from collections.abc import Mapping
from datetime import date, timedelta

from catalogue.model import Item, Period
from simulation.enterprises import Enterprise
from simulation.moments import RecordTime

# The first and the last usual day of a report: after the day of a daily or weekly record, into the month after the
# month, quarter or year of the others (docs: monthly the 10th, quarterly the 15th).
_USUAL: Mapping[Period, tuple[int, int]] = {
    Period.DAILY: (1, 3),
    Period.WEEKLY: (2, 9),
    Period.MONTHLY: (3, 10),
    Period.QUARTERLY: (5, 15),
    Period.YEARLY: (50, 170),
}
_LATE, _LATE_DAYS = 0.03, 75
LONGEST = timedelta(days=400)
"""Longer than this no report takes."""
_ANNUAL_REPORTS = frozenset({6, 7, 8, 9, 10})
_FORWARDED_DAYS = 20
_FILED, _FILED_LATE, _FILED_LATE_BY_QUALITY, _MISSED = 171, 0.05, 0.05, 0.3


def reported(item: Item, enterprise: Enterprise, moment: RecordTime, day: date) -> date:
    """Return the day on which what arose on ``day`` was reported."""
    month = day.year * 12 + day.month - 1
    drawn = enterprise.chance(month * 31 + day.day, 1000 + item.seq * 4 + moment.part)
    if item.seq in _ANNUAL_REPORTS:
        filed = annual_report_day(enterprise, moment.end.year)
        return (filed or date(moment.end.year + 1, 6, 30)) + timedelta(days=1 + int(drawn * _FORWARDED_DAYS))
    first, last = _USUAL[item.period]
    late = 0
    if drawn < _LATE:
        drawn = drawn / _LATE
        late = int(drawn * drawn * _LATE_DAYS)
    if item.period in (Period.MONTHLY, Period.QUARTERLY):
        # Counted from the end of the month, whatever day of it was.
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
    return day + timedelta(days=first + int(drawn * (last - first + 1)) + late)


def annual_report_day(enterprise: Enterprise, year: int) -> date | None:
    """Return when an enterprise filed its annual report of a year: by 30 June mostly, late, or not at all (None)."""
    drawn = enterprise.chance(year, 6)
    life = enterprise.life
    badly = max(0.0, -life.quality[life.at(year * 12 + 17)])
    late = _FILED_LATE + _FILED_LATE_BY_QUALITY * badly
    if drawn < late * _MISSED:
        return None
    begins = date(year + 1, 1, 5)
    if drawn < late:
        return date(year + 1, 7, 1) + timedelta(days=int((drawn / late - _MISSED) / (1 - _MISSED) * 150))
    return begins + timedelta(days=int((drawn - late) / (1 - late) * _FILED))
