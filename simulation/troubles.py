"""What befalls an enterprise on single days: lawsuits, penalties, arrears, lists. It follows the hidden quality.

Every enterprise has troubles now and then, the better the fewer. A default brings more of them, each with a lag and a
chance of its own: suits of the bank and of suppliers, enforcement, the lists. Some defaulters have none.
"""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from simulation.lives import Life

ABNORMAL, SERIOUS, ARREARS, VIOLATION, HOUSEHOLD = 5, 14, 17, 18, 22
JUDGMENT, ENFORCEMENT, DISHONEST, BANKRUPTCY, SUIT, TERMINATED = 41, 42, 43, 44, 45, 46
PENALTY, COERCION, BLACK_LIST = 53, 54, 57
NEGATIVE = frozenset(
    {ABNORMAL, SERIOUS, ARREARS, VIOLATION, HOUSEHOLD, ENFORCEMENT, DISHONEST, PENALTY, COERCION, BLACK_LIST}
)
"""The items, by their number in the list, of which a record says something against an enterprise."""
LIFE_ITEMS = NEGATIVE | {JUDGMENT, BANKRUPTCY, SUIT, TERMINATED}
"""The items whose records are troubles."""
DEFENDANT, CLAIMANT = "被告", "原告"
AGAINST = (DEFENDANT, "被执行人", "被申请人")

_RATE, _STEEPNESS = 0.0092, 1.05
# Which trouble, of those that befall everybody: weights.
_USUAL = (
    (PENALTY, 44), (ABNORMAL, 15), (ARREARS, 14), (COERCION, 11), (HOUSEHOLD, 9), (BLACK_LIST, 6), (SERIOUS, 0.6),
    (VIOLATION, 0.4),
)  # fmt: skip
_USUAL_ITEMS, _USUAL_WEIGHTS = zip(*_USUAL, strict=True)
_SUED, _SUES = 0.0032, 0.0022
# After a default: item, chance, and after how many months at the earliest and latest.
_AFTER_DEFAULT = (
    (SUIT, 0.60, 1, 9), (SUIT, 0.45, 0, 12), (SUIT, 0.30, -3, 14), (ARREARS, 0.42, 1, 12), (ARREARS, 0.25, 3, 18),
    (ABNORMAL, 0.32, 4, 20), (HOUSEHOLD, 0.34, 5, 18), (PENALTY, 0.28, 0, 14), (COERCION, 0.30, 1, 14),
    (BLACK_LIST, 0.34, 5, 20), (BANKRUPTCY, 0.09, 6, 26), (SERIOUS, 0.03, 6, 24), (VIOLATION, 0.02, 2, 20),
)  # fmt: skip
_ENFORCED, _ENFORCED_AFTER_DEFAULT, _DISHONEST, _TERMINATED, _BLACKENED = 0.22, 0.6, 0.38, 0.3, 0.3
_LATEST_AFTER_END = timedelta(days=500)
_FEWEST = 5


class Trouble(NamedTuple):
    """One of them: of an item, on a day; ``until``: when it ended (移出, 结案, 修复), or None.

    ``case``: which of the enterprise's cases it belongs to, the same in all items of the court. ``position``: 被告 …
    ``luck``: a number from 0 to 1 from which its details are drawn.
    """

    item: int
    day: date
    until: date | None
    case: int
    position: str
    amount: float
    luck: float


class TroubleTime(NamedTuple):
    """When an enterprise was founded, ended its business, and was deregistered."""

    founded: date
    ended: date
    deregistered: date | None

    def holds(self, day: date, as_of: date) -> bool:
        """Whether a record of that day can be."""
        last = self.deregistered or self.ended + _LATEST_AFTER_END
        return self.founded < day <= min(last, as_of)


def befalls(life: Life, time: TroubleTime, as_of: date, rng: random.Random) -> Iterator[Trouble]:
    """Yield the troubles of a life up to ``as_of``, in no order."""
    drawn = _Drawn(time, as_of, rng)
    chance, exp = rng.random, math.exp
    for place, quality in enumerate(life.quality):
        badly = exp(-_STEEPNESS * quality)
        if chance() < _RATE * badly:
            item = rng.choices(_USUAL_ITEMS, _USUAL_WEIGHTS)[0]
            yield from drawn.trouble(item, drawn.day_of(life.first + place))
        if chance() < _SUED * badly + _SUES:
            is_sued = chance() < _SUED * badly / (_SUED * badly + _SUES)
            yield from drawn.suit(drawn.day_of(life.first + place), is_sued=is_sued, enforced=_ENFORCED)
    if life.default is None:
        return
    for item, share, earliest, latest in _AFTER_DEFAULT:
        if chance() >= share:
            continue
        day = drawn.day_of(life.default + rng.randint(earliest, latest))
        if item == SUIT:
            yield from drawn.suit(day, is_sued=True, enforced=_ENFORCED_AFTER_DEFAULT)
        else:
            yield from drawn.trouble(item, day)


def add_missing(
    troubles: Sequence[list[Trouble]], worst: Sequence[float], times: Sequence[TroubleTime], as_of: date, seed: int
) -> None:
    """Add troubles to the worst few, until some have each of them: a tiny city shows every item, too."""
    rng = random.Random(f"{seed}:missing")
    order = sorted(range(len(worst)), key=worst.__getitem__)
    for item in sorted(LIFE_ITEMS):
        have = sum(any(one.item == item for one in own) for own in troubles)
        for at in order:
            if have >= _FEWEST:
                break
            if any(one.item == item for one in troubles[at]):
                continue
            drawn = _Drawn(times[at], as_of, rng, case=len(troubles[at]) + 50)
            days = (times[at].ended - times[at].founded).days
            day = times[at].founded + timedelta(days=max(1, days // 2))
            if item in (JUDGMENT, ENFORCEMENT, DISHONEST, TERMINATED, SUIT):
                troubles[at] += drawn.whole_case(day)
            else:
                troubles[at] += drawn.trouble(item, day)
            have += 1


def in_order(troubles: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return the troubles by day, one of an item on a day: a second one would be the same record."""
    by_day = {(one.day, one.item): one for one in troubles}
    return tuple(by_day[key] for key in sorted(by_day))


class _Drawn:
    """Draws the troubles of one enterprise."""

    def __init__(self, time: TroubleTime, as_of: date, rng: random.Random, case: int = 0) -> None:
        self._time, self._as_of, self._rng, self._case = time, as_of, rng, case

    def day_of(self, month: int) -> date:
        """Return a day of a month (``catalogue.months``)."""
        return date(month // 12, month % 12 + 1, 1 + int(self._rng.random() * 28))

    def trouble(self, item: int, day: date, case: int | None = None, amount: float | None = None) -> list[Trouble]:
        """Return one trouble of an item, or none where no record of that day can be."""
        rng = self._rng
        luck, lasts = rng.random(), 120 + 900 * rng.random() ** 2
        heavy = rng.lognormvariate(9.3, 1.6) if amount is None else amount
        if not self._time.holds(day, self._as_of):
            return []
        if case is None:
            self._case += 1
            case = self._case
        until = day + timedelta(days=int(lasts)) if luck < 0.7 else None
        return [Trouble(item, day, until, case, DEFENDANT, round(min(heavy, 8e6), 2), luck)]

    def suit(self, day: date, *, is_sued: bool, enforced: float) -> Iterator[Trouble]:
        """Yield a suit and what came of it: a judgment, enforcement, and the lists of the court."""
        rng = self._rng
        luck, amount = rng.random(), rng.lognormvariate(12.0, 1.3)
        if not self._time.holds(day, self._as_of):
            return
        self._case += 1
        case = self._case
        position = (rng.choice(AGAINST) if luck > 0.85 else DEFENDANT) if is_sued else CLAIMANT
        closed = day + timedelta(days=rng.randrange(40, 240))
        yield Trouble(SUIT, day, closed, case, position, round(min(amount, 3e7), 2), luck)
        if rng.random() < 0.75 and self._time.holds(closed, self._as_of):
            yield Trouble(JUDGMENT, closed, None, case, position, round(amount, 2), luck)
        if is_sued and rng.random() < enforced:
            yield from self._enforcement(closed + timedelta(days=rng.randrange(20, 150)), case, amount)

    def _enforcement(self, day: date, case: int, amount: float) -> Iterator[Trouble]:
        rng = self._rng
        yield from self.trouble(ENFORCEMENT, day, case, amount)
        if rng.random() < _DISHONEST:
            listed = day + timedelta(days=rng.randrange(30, 240))
            yield from self.trouble(DISHONEST, listed, case, amount)
            if rng.random() < _BLACKENED:
                yield from self.trouble(BLACK_LIST, listed + timedelta(days=rng.randrange(5, 60)), case, amount)
        if rng.random() < _TERMINATED:
            yield from self.trouble(TERMINATED, day + timedelta(days=rng.randrange(90, 200)), case, amount)

    def whole_case(self, day: date) -> list[Trouble]:
        """Return a case with all that may come of it, within a few days."""
        self._case += 1
        luck, case = self._rng.random() / 2, self._case
        items = (SUIT, JUDGMENT, ENFORCEMENT, DISHONEST, TERMINATED)
        last = min(self._as_of, self._time.ended) - timedelta(days=len(items))
        first = min(day, last)
        return [
            Trouble(item, first + timedelta(days=at), None, case, DEFENDANT, 100_000.0, luck)
            for at, item in enumerate(items)
            if self._time.holds(first + timedelta(days=at), self._as_of)
        ]
