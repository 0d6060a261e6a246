"""Observations of the sample city: loans on past days, with what was known then, in memory and without services.

``known_at``: the day on which a record was reported. Of a day only what was reported by it counts, so a late report
leaks into no past. That is another question than ``credithub state --as-of`` answers, which takes what is known now.
"""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import repeat

from catalogue.load import load_catalogue
from catalogue.months import last_day, month_number, month_of
from catalogue.times import business_date
from rules.indicators.definitions import load_indicators
from rules.indicators.facts import Fact, millionths
from rules.indicators.groups import Groups, groups_of
from rules.indicators.plain import plain_values
from rules.rating.outcomes import OutcomeKind
from rules.rating.scoring import is_rated
from rules.release.publication import PublicationRule, publication_rules
from simulation.enterprises import Enterprise, found_city
from simulation.histories import histories, known_on
from simulation.lives import attainable
from simulation.loans import outcomes
from validation.observations import Observation

MONTHS_AGO = (12, 24, 30, 36)
"""The last day whose twelve months are over, and three before it whose outcomes were known by then."""
Bound = Callable[[date], date]
"""Of a day of observation, by which day records must have been reported."""


@dataclass(frozen=True, slots=True)
class CityPlan:
    """Which city is looked at, and on which days: so many months before the month of ``as_of``."""

    enterprises: int
    seed: int
    as_of: date
    months_ago: tuple[int, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The days of observation, each a month's last."""
        this = month_number(self.as_of)
        return tuple(last_day(*month_of(this - ago)) for ago in self.months_ago)


def on_the_day(day: date) -> date:
    """Return the day itself: what a rating may know."""
    return day


def observe(
    plan: CityPlan, indicators: Iterable[str], *, known_by: Bound = on_the_day, processes: int = 2
) -> Iterator[Observation]:
    """Yield an observation for each loan and day whose outcome is good or bad; a process works on one day at a time.

    ``indicators``: the ids of those that are computed. ``known_by`` is for the test of the bound alone.
    """
    names = frozenset(indicators)
    bounds = [known_by(day) for day in plan.days]
    if processes < 2:
        for day, bound in zip(plan.days, bounds, strict=True):
            yield from _observed(plan, names, day, bound)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for found in pool.map(_observed, repeat(plan), repeat(names), plan.days, bounds):
            yield from found


def _observed(plan: CityPlan, names: frozenset[str], day: date, bound: date) -> list[Observation]:
    city = found_city(plan.enterprises, plan.seed, plan.as_of)
    watched = {
        one.subject: one
        for one in outcomes(city, [month_number(day)])
        if one.kind is not OutcomeKind.INDETERMINATE and is_rated(one.subject)
    }
    values = _values(plan, city, frozenset(watched), names, bound)
    return [
        Observation(
            one.uscc, day, values[one.uscc], watched[one.uscc].kind is OutcomeKind.BAD,
            attainable(one.life, month_number(day)),
        )
        for one in city
        if one.uscc in watched
    ]  # fmt: skip


def _values(
    plan: CityPlan, city: Sequence[Enterprise], subjects: frozenset[str], names: frozenset[str], day: date
) -> dict[str, dict[str, int | None]]:
    catalogue = load_catalogue()
    groups = groups_of(one for one in load_indicators() if one.id in names)
    rules = publication_rules(catalogue.item(name) for name in groups.by_item)
    reads = {
        name: group.reads | (rules[name].reads() if name in rules else frozenset())
        for name, group in groups.by_item.items()
    }
    told = histories(catalogue, reads, city, plan.seed, day)
    return {subject: _indicators(groups, _used(known_on(told[subject], day), rules, day), day) for subject in subjects}


def _used(
    facts: Mapping[str, Sequence[Fact]], rules: Mapping[str, PublicationRule], day: date
) -> dict[str, list[Fact]]:
    """Return the facts that the law has not ended by a day."""
    return {
        item: own if (rule := rules.get(item)) is None else [one for one in own if not _is_ended(rule, one, day)]
        for item, own in ((name, list(each)) for name, each in facts.items())
    }


def _is_ended(rule: PublicationRule, fact: Fact, day: date) -> bool:
    ending = rule.ending(fact.data, business_date(fact.source_time))
    return ending is not None and ending.day <= day


def _indicators(groups: Groups, facts: Mapping[str, Iterable[Fact]], day: date) -> dict[str, int | None]:
    return {
        name: None if value is None else millionths(value)
        for own in plain_values(groups, facts, day).values()
        for name, value in own.items()
    }
