"""Who has records of an item, and on which days of its life."""

import calendar
import functools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from simulation.enterprises import Enterprise
from simulation.plan import Group, Rhythm, Rule
from simulation.troubles import Trouble

_SPARSE = 3
_SMALLEST = 4  # even a tiny city shows every item, from both units where two share it


@dataclass(frozen=True, slots=True)
class RecordTime:
    """One record's time: ``start`` to ``end`` is its period, ``number`` counts within the subject.

    ``part``: which of the records of one period it is, such as one of several meters. ``trouble``: what it is about.
    ``changes``: the days on which the record is told anew.
    """

    when: date
    start: date
    end: date
    label: str
    number: int
    part: int = 0
    trouble: Trouble | None = None
    changes: tuple[date, ...] = ()


def subjects(rule: Rule, seq: int, city: Sequence[Enterprise], as_of: date, rng: random.Random) -> list[Enterprise]:
    """Return the enterprises that have records under ``rule``."""
    if rule.group is Group.CLOSED:
        return [e for e in city if e.deregistered]
    if rule.rhythm is Rhythm.LIFE:
        return [e for e in city if any(one.item == seq for one in e.troubles)]
    pool = list(city)
    if rule.group is Group.ACTIVE:
        pool = [e for e in city if e.ended > as_of - timedelta(days=1000)]
    rng.shuffle(pool)
    if rule.group is Group.GOOD:
        # By what a department can see of it: the good ones first, most of them.
        pool.sort(key=lambda e: rng.gauss(-e.standing, 0.8))
    if rule.trade:
        pool.sort(key=lambda e: not e.sector.code.startswith(rule.trade))
    return pool[: max(_SMALLEST, math.ceil(rule.share * len(city)))]


def moments(rule: Rule, seq: int, enterprise: Enterprise, as_of: date, rng: random.Random) -> Iterator[RecordTime]:
    """Yield the times of an enterprise's records, none before it was founded or after it ended its business."""
    if rule.rhythm is Rhythm.LIFE:
        for number, one in enumerate(one for one in enterprise.troubles if one.item == seq):
            changes = (one.until,) if one.until is not None and one.until <= as_of else ()
            yield RecordTime(one.day, one.day, one.day, "", number, trouble=one, changes=changes)
        return
    told_anew = rule.changes(enterprise, as_of)
    if rule.rhythm is Rhythm.ONCE:
        when = enterprise.liquidated if rule.group is Group.CLOSED else enterprise.founded
        yield RecordTime(when, when, when, "", 0, changes=told_anew)
        return
    if rule.rhythm is Rhythm.EVENTS:
        days = max(1, (enterprise.ended - enterprise.founded).days)
        for number in range(rule.times):
            # Most of what there is happened of late.
            when = enterprise.ended - timedelta(days=int((days - 1) * rng.random() ** 2))
            later = tuple(day for day in told_anew if day > when)
            yield RecordTime(when, when, when, "", number, changes=later)
        return
    parts = rule.parts(enterprise)
    for number, (start, end, label) in enumerate(_periods(rule.rhythm, rule.times, rule.dense, as_of)):
        if enterprise.founded <= end and enterprise.ended >= start:
            for part in range(parts):
                yield RecordTime(end, start, end, label, number, part)


@functools.lru_cache(maxsize=64)
def _periods(rhythm: Rhythm, times: int, dense: int | None, as_of: date) -> tuple[tuple[date, date, str], ...]:
    months = {Rhythm.MONTHS: 1, Rhythm.QUARTERS: 3, Rhythm.YEARS: 12}[rhythm]
    # The last whole period before the month of the data date: later ones are not reported yet.
    last = (as_of.year * 12 + as_of.month - 1) // months
    found = []
    for back in range(times, 0, -1):
        if dense is not None and back > dense and (back - dense) % _SPARSE:
            continue
        first = (last - back) * months
        final = first + months - 1
        start = date(first // 12, first % 12 + 1, 1)
        end = date(final // 12, final % 12 + 1, calendar.monthrange(final // 12, final % 12 + 1)[1])
        found.append((start, end, f"{end.year}年度" if months == 12 else f"{end:%Y-%m}"))
    return tuple(found)
