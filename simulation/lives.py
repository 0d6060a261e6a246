"""The hidden life of an enterprise, month by month: its quality, what follows from it, and when it defaults.

Nobody in the city sees the quality. Departments see payments, heads and meters, which follow it with noise; banks see
the days overdue of loans. It is for tests and the back-test, which ask how much of it a rating finds.

How a default comes about: the quality of each month is a mean-reverting walk about the enterprise's own mean. It and
the bad times of the sector make the chance of a default that month. A default lowers the quality for years, so what
follows one (arrears, fewer people, less power) needs no rule of its own.
"""

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from simulation.sectors import SECTORS, Sector

MONTHS = 72
"""How many months of a life are kept, up to the data date."""

_MEAN_SPREAD, _WALK_SPREAD = 0.65, 0.70
_KEPT = 0.93  # of the distance from the mean, from one month to the next
_STEP = _WALK_SPREAD * math.sqrt(1 - _KEPT**2)
# The till has luck of its own: it forgets within half a year, and cannot be told from quality by one late bill.
_TILL_KEPT, _TILL_STEP = 0.85, 0.33
_HAZARD, _STEEPNESS, _MOST_HAZARD = 0.0008, 1.85, 0.2
_FALL, _FALL_KEPT = 1.7, 0.97  # what a default takes from the quality, and what of it is left a month later
_GROWTH, _GROWTH_BY_QUALITY, _YOUNG_GROWTH, _YOUNG_MONTHS = 0.0005, 0.007, 0.012, 36
_HEADS_FOLLOW = 0.15  # people come and go more slowly than business does
_EXIT, _EXIT_STEEPNESS, _EXIT_AFTER_DEFAULT, _DEFAULT_WAIT = 0.0015, 0.7, 0.03, 5
_LEAST_SIZE = 0.02


@dataclass(frozen=True, slots=True)
class Life:
    """The months from ``first`` on (``catalogue.months``), each an entry of the arrays.

    ``mean``: where the quality returns to. ``size``, ``heads``: shares of those of the first month. ``till``: how full
    the till is, in quality's units. ``default``, ``ended``: in which month.
    """

    first: int
    mean: float
    quality: "array[float]"
    till: "array[float]"
    size: "array[float]"
    heads: "array[float]"
    default: int | None
    ended: int | None

    def at(self, month: int) -> int:
        """Return the place of a month in the arrays; of one outside of them the nearest."""
        place = month - self.first
        return 0 if place < 0 else min(place, len(self.quality) - 1)


def attainable(life: Life, month: int, months: int = 12) -> float:
    """Return the chance of a default in the ``months`` after a month, of all that can be known in it: the hidden truth.

    It knows the quality and the mean that it returns to; nothing is said of one that has defaulted.
    """
    away = life.quality[life.at(month)] - life.mean
    risk = 0.0
    for ahead in range(1, months + 1):
        kept = _KEPT**ahead
        unknown = _WALK_SPREAD**2 * (1 - kept * kept)
        risk += math.exp(-_STEEPNESS * (life.mean + kept * away) + _STEEPNESS**2 * unknown / 2)
    return 1 - math.exp(-_HAZARD * risk)


def sector_times(rng: random.Random, months: int) -> dict[str, "array[float]"]:
    """Return each sector's times by month, 0 on average and below it when they are bad; all share a part of them."""
    common = 0.0
    own = {sector.code: 0.0 for sector in SECTORS}
    found = {sector.code: array("f") for sector in SECTORS}
    for _ in range(months):
        common = 0.95 * common + rng.gauss(0, 0.06)
        for sector in SECTORS:
            own[sector.code] = 0.92 * own[sector.code] + rng.gauss(0, 0.07)
            found[sector.code].append(sector.shock * (common + own[sector.code]))
    return found


def draw_life(
    rng: random.Random, sector: Sector, times: Sequence[float], *, first: int, last: int, born: int, better: float
) -> Life:
    """Return a life from ``first`` to ``last``, the month of the data date; ``times``: the sector's, up to ``last``.

    ``better``: what the enterprise's size adds to its quality. A life ends with the last month of business.
    """
    gauss, chance, exp = rng.gauss, rng.random, math.exp
    mean = gauss(better, _MEAN_SPREAD)
    walk, till, fall = gauss(0, _WALK_SPREAD), gauss(0, 0.6), 0.0
    log_size, heads = 0.0, 1.0
    qualities, tills, sizes, people = array("f"), array("f"), array("f"), array("f")
    default = ended = None
    before = len(times) - (last - first + 1)
    for month in range(first, last + 1):
        walk = _KEPT * walk + gauss(0, _STEP)
        till = _TILL_KEPT * till + gauss(0, _TILL_STEP)
        luck = times[before + month - first]
        quality = mean + walk + luck - fall
        fall *= _FALL_KEPT
        young = _YOUNG_GROWTH if month - born < _YOUNG_MONTHS else 0.0
        log_size += _GROWTH + _GROWTH_BY_QUALITY * quality + young + gauss(0, sector.swing)
        size = max(_LEAST_SIZE, exp(min(log_size, 3.0)))
        heads += _HEADS_FOLLOW * (size - heads)
        qualities.append(quality)
        tills.append(quality + till)
        sizes.append(size)
        people.append(heads)
        if default is None:
            if chance() < min(_MOST_HAZARD, _HAZARD * exp(-_STEEPNESS * quality)):
                default, fall = month, _FALL
            elif chance() < _EXIT * exp(-_EXIT_STEEPNESS * quality):
                ended = month
        elif month - default > _DEFAULT_WAIT and chance() < _EXIT_AFTER_DEFAULT:
            ended = month
        if ended is not None:
            break
    return Life(first, mean, qualities, tills, sizes, people, default, ended)
