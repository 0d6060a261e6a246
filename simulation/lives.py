"""Who has records of an item, and on which days of its life."""

import calendar
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from simulation.enterprises import Enterprise, Kind
from simulation.plan import Group, Rhythm, Rule

_TROUBLED = (Kind.DISHONEST, Kind.STRUGGLING, Kind.DORMANT, Kind.HEALTHY, Kind.GROWING, Kind.NEW)
_GOOD = (Kind.GROWING, Kind.HEALTHY, Kind.NEW, Kind.STRUGGLING, Kind.DISHONEST, Kind.DORMANT)
_SMALLEST = 4  # even a tiny city shows every item, from both units where two share it


@dataclass(frozen=True, slots=True)
class RecordTime:
    """One record's time: ``start`` to ``end`` is its period, ``number`` counts within the subject."""

    when: date
    start: date
    end: date
    label: str
    number: int


def subjects(rule: Rule, city: Sequence[Enterprise], as_of: date, rng: random.Random) -> list[Enterprise]:
    """Return the enterprises that have records under ``rule``."""
    if rule.group is Group.CLOSED:
        return [e for e in city if e.deregistered]
    pool = list(city)
    if rule.group is Group.ACTIVE:
        pool = [e for e in city if e.ended > as_of - timedelta(days=1000)]
    if rule.group is Group.TROUBLED:
        # Not shuffled: who is in court is also who is penalised.
        pool.sort(key=lambda e: (_TROUBLED.index(e.kind), e.index))
    else:
        rng.shuffle(pool)
    if rule.group is Group.GOOD:
        pool.sort(key=lambda e: _GOOD.index(e.kind) // 2)
    if rule.trade:
        pool.sort(key=lambda e: not e.industry_code.startswith(rule.trade))
    return pool[: max(_SMALLEST, math.ceil(rule.share * len(city)))]


def moments(rule: Rule, enterprise: Enterprise, as_of: date, seed: int, rng: random.Random) -> Iterator[RecordTime]:
    """Yield the times of an enterprise's records, none before it was founded or after it ended its business."""
    if rule.rhythm is Rhythm.CASES:
        rng = random.Random(f"{seed}:case:{enterprise.index}")
    if rule.rhythm in (Rhythm.ONCE, Rhythm.EVENTS, Rhythm.CASES):
        days = max(1, (enterprise.ended - enterprise.founded).days)
        for number in range(rule.times):
            when = enterprise.founded + timedelta(days=rng.randrange(days // 4, days))
            yield RecordTime(when, when, when, "", number)
        return
    for number, (start, end, label) in enumerate(_periods(rule, as_of)):
        if enterprise.founded <= end and enterprise.ended >= start:
            yield RecordTime(end, start, end, label, number)


def _periods(rule: Rule, as_of: date) -> Iterator[tuple[date, date, str]]:
    months = {Rhythm.MONTHS: 1, Rhythm.QUARTERS: 3, Rhythm.YEARS: 12}[rule.rhythm]
    # The last whole period before the month of the data date: later ones are not reported yet.
    last = (as_of.year * 12 + as_of.month - 1) // months
    for back in range(rule.times, 0, -1):
        first = (last - back) * months
        final = first + months - 1
        start = date(first // 12, first % 12 + 1, 1)
        end = date(final // 12, final % 12 + 1, calendar.monthrange(final // 12, final % 12 + 1)[1])
        yield start, end, f"{end.year}年度" if months == 12 else f"{end:%Y-%m}"
