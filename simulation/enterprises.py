"""The enterprises of the sample city, each with a sector, a size and a hidden life that its records follow."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from catalogue.months import last_day, month_number, month_of
from simulation.lives import MONTHS, Life, draw_life, sector_times
from simulation.people import DISTRICTS, Person, draw_person, make_uscc
from simulation.sectors import SECTORS, Sector
from simulation.troubles import Trouble, TroubleTime, add_missing, befalls, in_order

_ISSUER_WORDS = "昆仑江源雪莲青稞河湟高原唐蕃丝路夏都湟水祁连三江"
_TRAITS = 10
_WEIGHTS = tuple(one.weight for one in SECTORS)
_HOLDERS = (1, 1, 2, 2, 2, 2, 3, 3, 4)
_NEW, _YOUNG = 0.07, 0.2  # shares of the city that are younger than a year, and than four
_DEREGISTERED, _REVOKED, _REVOKED_AFTER = 0.75, 0.3, timedelta(days=180)
_APPROVED_ANEW = 0.6
# One enterprise of every city has closed, however small the city is.
_CLOSED_INDEX, _CLOSED_MONTHS_AGO = 4, 14


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One fictitious enterprise; money in yuan, ``ended`` is its last day of business.

    ``staff`` and ``revenue`` (a year's) are of the first month of its life. ``traits``: what it is like apart from its
    quality, each with mean 0 and spread 1. ``troubles``: what befell it, by day.
    """

    index: int
    salt: int
    name: str
    uscc: str
    district: str
    sector: Sector
    founded: date
    deregistered: date | None
    is_revoked: bool
    ended: date
    capital_wan: int
    staff: int
    revenue: int
    rep: Person
    holders: tuple[Person, ...]
    traits: tuple[float, ...]
    life: Life
    troubles: tuple[Trouble, ...] = ()

    @property
    def address(self) -> str:
        """Return a street that does not exist, in the enterprise's own district."""
        return f"青海省西宁市{DISTRICTS[self.district]}样例路{self.index % 300 + 1}号"

    @property
    def standing(self) -> float:
        """Return the mean quality of its first year that is kept: what it is known for, whatever comes later."""
        first = self.life.quality[:12]
        return sum(first) / len(first)

    @property
    def approvals(self) -> tuple[date, ...]:
        """Return the days on which its registration was changed: capital, address, revocation or end."""
        lasted = (self.ended - self.founded).days
        anew = self.founded + timedelta(days=int(self.chance(1, 1) * self.chance(2, 1) * lasted))
        days = {anew} if self.chance(3, 1) < _APPROVED_ANEW and anew > self.founded else set()
        if self.deregistered is not None:
            days.add(self.deregistered)
        elif self.is_revoked:
            days.add(self.ended + _REVOKED_AFTER)
        return tuple(sorted(days))

    @property
    def liquidated(self) -> date:
        """Return when its liquidation was filed."""
        gone = self.deregistered or self.ended
        return max(self.founded, gone - timedelta(days=20 + int(self.chance(0, 11) * 60)))

    @property
    def on_record(self) -> TroubleTime:
        """Return from when to when records of it can be made, and which of them are of its business."""
        return TroubleTime(self.founded, self.ended, self.deregistered)

    def chance(self, month: int, about: int) -> float:
        """Return a number from 0 to 1, the same for the same month and subject, whichever item or file asks."""
        mixed = (self.salt ^ month * 19349663 ^ about * 83492791) & 0xFFFFFFFF
        mixed = ((mixed ^ mixed >> 15) * 0x2C1B3C6D) & 0xFFFFFFFF
        mixed = ((mixed ^ mixed >> 12) * 0x297A2D39) & 0xFFFFFFFF
        return (mixed ^ mixed >> 15) / 0x100000000

    def trait(self, about: int) -> float:
        """Return what it is like in one respect, with mean 0 and spread 1, the same whenever asked."""
        return 3.46 * (self.chance(0, about) - 0.5)

    def pays(self, month: int, about: int, ease: float = 0.0) -> bool:
        """Whether a bill of a month was paid: rarely not while there is money, often not when there is none.

        ``about``: which bill; ``ease``: how much less money it takes than the others.
        """
        life = self.life
        place = month - life.first
        # Called for each bill of each month: no other call.
        short = -0.9 - ease - life.till[0 if place < 0 else place if place < len(life.till) else -1]
        return self.chance(month, about) >= (0.004 if short < 0 else min(0.9, 0.03 + 0.4 * short))


def found_city(count: int, seed: int, as_of: date) -> tuple[Enterprise, ...]:
    """Return ``count`` enterprises as they are on ``as_of``, the same for the same arguments."""
    rng = random.Random(f"{seed}:city")
    times = sector_times(rng, MONTHS)
    return with_troubles([_found(index, rng, times, as_of) for index in range(count)], seed, as_of)


def with_troubles(city: Sequence[Enterprise], seed: int, as_of: date) -> tuple[Enterprise, ...]:
    """Return the enterprises with what befell each, and with some of each trouble even in the smallest city."""
    troubles = [
        list(befalls(one.life, one.on_record, as_of, random.Random(f"{seed}:troubles:{one.index}"))) for one in city
    ]
    add_missing(troubles, [min(one.life.quality) for one in city], [one.on_record for one in city], as_of, seed)
    return tuple(replace(one, troubles=in_order(own)) if own else one for one, own in zip(city, troubles, strict=True))


def _found(index: int, rng: random.Random, times: Mapping[str, Sequence[float]], as_of: date) -> Enterprise:
    district = list(DISTRICTS)[index % len(DISTRICTS)]
    sector = rng.choices(SECTORS, weights=_WEIGHTS)[0]
    founded = as_of - timedelta(days=_age_days(rng))
    log_staff = rng.gauss(2.2, 1.0)
    this_month, born = month_number(as_of), month_number(founded)
    life = draw_life(
        rng, sector, times[sector.code], first=max(born, this_month - MONTHS + 1), last=this_month, born=born,
        better=0.12 * (log_staff - 2.2),
    )  # fmt: skip
    if index == _CLOSED_INDEX and life.ended is None:
        life = replace(life, ended=max(life.first, life.default or 0, this_month - _CLOSED_MONTHS_AGO))
    ended, gone = as_of, None
    if life.ended is not None:
        ended = min(as_of, last_day(*month_of(life.ended)))
        if rng.random() < _DEREGISTERED or index == _CLOSED_INDEX:
            gone = ended + timedelta(days=rng.randrange(30, 200))
    staff = max(1, round(math.exp(log_staff)))
    traits = tuple(round(rng.gauss(0, 1), 3) for _ in range(_TRAITS))
    word = "".join(rng.choice(_ISSUER_WORDS) for _ in range(2))
    return Enterprise(
        index=index,
        salt=rng.getrandbits(32),
        name=f"西宁样例{word}{index:05}{sector.trade}有限公司",
        uscc=make_uscc(district, 10_000 + index * 7),
        district=district,
        sector=sector,
        founded=founded,
        deregistered=gone if gone is not None and gone <= as_of else None,
        is_revoked=life.ended is not None and gone is None and rng.random() < _REVOKED,
        ended=ended,
        capital_wan=_round_capital(staff * math.exp(rng.gauss(2.6, 0.9))),
        staff=staff,
        revenue=round(staff * sector.revenue * 12 * math.exp(rng.gauss(0, 0.4))),
        rep=draw_person(rng, index * 5),
        holders=tuple(draw_person(rng, index * 5 + n) for n in range(1, rng.choice(_HOLDERS) + 1)),
        traits=traits,
        life=life,
    )


def _age_days(rng: random.Random) -> int:
    age = rng.random()
    if age < _NEW:
        return rng.randrange(60, 330)
    return rng.randrange(330, 1500) if age < _YOUNG else rng.randrange(1500, 7000)


def _round_capital(wan: float) -> int:
    """Return a capital as founders choose it: 50, 80, 200, 3000."""
    size = 10 ** max(0, math.floor(math.log10(max(wan, 1))))
    return int(max(3, min(50_000, round(wan / size) * size)))
