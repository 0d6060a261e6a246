"""The enterprises of the sample city, of six kinds, each with a life that its records follow."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from simulation.people import DISTRICTS, Person, draw_person, make_uscc


class Kind(StrEnum):
    """How an enterprise fares."""

    HEALTHY = "healthy"
    GROWING = "growing"
    STRUGGLING = "struggling"
    DISHONEST = "dishonest"
    DORMANT = "dormant"
    NEW = "new"


# Kind -> share of the city, yearly growth, share that is deregistered.
_SHARES: dict[Kind, tuple[float, float, float]] = {
    Kind.HEALTHY: (0.45, 1.04, 0.06),
    Kind.GROWING: (0.20, 1.30, 0.02),
    Kind.STRUGGLING: (0.13, 0.75, 0.30),
    Kind.DISHONEST: (0.07, 0.85, 0.08),
    Kind.DORMANT: (0.08, 0.30, 0.70),
    Kind.NEW: (0.07, 1.50, 0.0),
}

# code, name, word in the enterprise's name, weight
INDUSTRIES: tuple[tuple[str, str, str, int], ...] = (
    ("5211", "百货零售", "商贸", 18),
    ("6210", "正餐服务", "餐饮", 8),
    ("3311", "金属结构制造", "机械制造", 14),
    ("4710", "住宅房屋建筑", "建筑工程", 12),
    ("7010", "房地产开发经营", "房地产开发", 5),
    ("7020", "物业管理", "物业服务", 5),
    ("5430", "道路货物运输", "物流", 8),
    ("0514", "农林牧渔服务", "农牧", 12),
    ("6513", "应用软件开发", "信息技术", 8),
    ("7481", "工程管理服务", "工程咨询", 5),
    ("5199", "其他批发", "进出口贸易", 5),
)
_ISSUER_WORDS = "昆仑江源雪莲青稞河湟高原唐蕃丝路夏都湟水祁连三江"


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One fictitious enterprise; money in yuan, ``ended`` is its last day of business."""

    index: int
    kind: Kind
    name: str
    uscc: str
    district: str
    industry_code: str
    industry: str
    trade: str
    founded: date
    deregistered: date | None
    ended: date
    capital_wan: int
    staff: int
    revenue: int
    growth: float
    rep: Person
    holders: tuple[Person, ...]

    @property
    def address(self) -> str:
        """Return a street that does not exist, in the enterprise's own district."""
        return f"青海省西宁市{DISTRICTS[self.district]}样例路{self.index % 300 + 1}号"

    def scale(self, day: date, as_of: date) -> float:
        """Return the size of the business on ``day`` as a share of its size on ``as_of``."""
        return float(self.growth ** (-(as_of - day).days / 365))


def found_city(count: int, seed: int, as_of: date) -> tuple[Enterprise, ...]:
    """Return ``count`` enterprises, the same for the same arguments."""
    rng = random.Random(f"{seed}:city")
    return tuple(_found(index, rng, as_of) for index in range(count))


def _found(index: int, rng: random.Random, as_of: date) -> Enterprise:
    kinds = tuple(_SHARES)
    drawn = rng.choices(kinds, weights=[_SHARES[k][0] for k in kinds])[0]
    # The first six are one of each, so that the smallest city has all kinds.
    kind = kinds[index] if index < len(kinds) else drawn
    district = list(DISTRICTS)[index % len(DISTRICTS)]
    industry = rng.choices(INDUSTRIES, weights=[row[3] for row in INDUSTRIES])[0]
    age_days = rng.randrange(30, 330) if kind is Kind.NEW else rng.randrange(1500, 7000)
    founded = as_of - timedelta(days=age_days)
    closed = rng.random() < _SHARES[kind][2] or index == kinds.index(Kind.DORMANT)
    last = as_of
    if kind is Kind.DORMANT:
        last = as_of - timedelta(days=rng.randrange(500, 1200))
    elif closed:
        last = as_of - timedelta(days=rng.randrange(60, 900))
    gone = min(as_of - timedelta(days=10), last + timedelta(days=rng.randrange(30, 200))) if closed else None
    staff = max(1, int(rng.lognormvariate(2.3, 1.0)))
    word = "".join(rng.choice(_ISSUER_WORDS) for _ in range(2))
    return Enterprise(
        index=index,
        kind=kind,
        name=f"西宁样例{word}{index:05}{industry[2]}有限公司",
        uscc=make_uscc(district, 10_000 + index * 7),
        district=district,
        industry_code=industry[0],
        industry=industry[1],
        trade=industry[2],
        founded=founded,
        deregistered=gone,
        ended=last,
        capital_wan=rng.choice((50, 100, 200, 500, 1000, 3000)),
        staff=staff,
        revenue=int(staff * rng.uniform(150_000, 600_000)),
        growth=_SHARES[kind][1],
        rep=draw_person(rng, index * 4),
        holders=tuple(draw_person(rng, index * 4 + n) for n in range(1, rng.choice((3, 3, 4)))),
    )
