"""Which enterprises have records of an item, and when: one line an item.

Shares are of the whole city. At 2,000 enterprises every item has at least 200 rows, and the rare ones
(14, 18, 40, 43, 44, 46, 50) what a real city of that size has. What is told against an enterprise follows its life
(``simulation.troubles``), and so has no share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from simulation.enterprises import Enterprise


class Group(Enum):
    """From whom the subjects of an item are taken."""

    ALL = auto()
    CLOSED = auto()  # deregistered
    ACTIVE = auto()  # has done business at some time in the last 36 months
    GOOD = auto()  # the better ones first, as far as can be seen


class Rhythm(Enum):
    """When a subject has records."""

    ONCE = auto()
    MONTHS = auto()
    QUARTERS = auto()
    YEARS = auto()
    EVENTS = auto()  # on days of its life
    LIFE = auto()  # when its troubles befell it


def _one(enterprise: Enterprise) -> int:
    return 1


def _holders(enterprise: Enterprise) -> int:
    return len(enterprise.holders)


def _guarantees(enterprise: Enterprise) -> int:
    return 3


def _tax_kinds(enterprise: Enterprise) -> int:
    """Return 1 where a month is one total, 2 with another kind each quarter, 4 with three kinds and their total."""
    drawn = enterprise.chance(0, 16)
    return 4 if drawn < 0.04 else 2 if drawn < 0.2 else 1


def _insurances(enterprise: Enterprise) -> int:
    """Return 1 where a month is one total, 2 with two accounts, 3 with three kinds, 4 with their total, too."""
    drawn = enterprise.chance(0, 25)
    return 4 if drawn < 0.02 else 3 if drawn < 0.07 else 2 if drawn < 0.11 else 1


def _unchanged(enterprise: Enterprise, until: date) -> tuple[date, ...]:
    return ()


def _approvals(enterprise: Enterprise, until: date) -> tuple[date, ...]:
    return tuple(day for day in enterprise.approvals if day <= until)


def _quarters(enterprise: Enterprise, until: date) -> tuple[date, ...]:
    """Return the first days of the quarters of the last three years: what has no day of its change is told again."""
    first = until.year * 4 + (until.month - 1) // 3
    days = (date(quarter // 4, quarter % 4 * 3 + 1, 1) for quarter in range(first - 12, first + 1))
    return tuple(day for day in days if enterprise.founded < day <= min(until, enterprise.ended))


def _meters(enterprise: Enterprise) -> int:
    return 2 if enterprise.chance(0, 65) < 0.12 else 1


@dataclass(frozen=True, slots=True)
class Rule:
    """``times``: how many months, quarters, years or events at most; ``trade``: preferred industry code prefix.

    ``parts``: how many records a period has. ``changes``: on which days until a date the record is told anew.
    ``dense``: how many of the newest months have one each; of the older ones every third has.
    """

    group: Group
    share: float
    rhythm: Rhythm = Rhythm.ONCE
    times: int = 1
    trade: str = ""
    parts: Callable[[Enterprise], int] = _one
    changes: Callable[[Enterprise, date], tuple[date, ...]] = _unchanged
    dense: int | None = None


_A, _C, _N, _G = Group.ALL, Group.CLOSED, Group.ACTIVE, Group.GOOD
_M, _Q, _Y, _E = Rhythm.MONTHS, Rhythm.QUARTERS, Rhythm.YEARS, Rhythm.EVENTS
_LIFE = Rule(_A, 1, Rhythm.LIFE)

PLAN: dict[int, Rule] = {
    1: Rule(_A, 1, changes=_approvals),
    2: Rule(_A, 1, _E, 4),
    3: Rule(_A, 1),
    4: Rule(_A, 0.4, _E, 6),
    5: _LIFE,
    6: Rule(_A, 1, _Y, 3),
    7: Rule(_A, 1, _Y, 3),
    8: Rule(_A, 0.47, _Y, 3, parts=_holders),
    9: Rule(_A, 0.12, _Y, 3),
    10: Rule(_A, 0.06, _Y, 3, parts=_guarantees),
    11: Rule(_C, 1, changes=_approvals),
    12: Rule(_A, 0.15, _M, 13),
    13: Rule(_G, 0.13),
    14: _LIFE,
    15: Rule(_G, 0.1, _E, 5, "33"),
    16: Rule(_N, 0.66, _M, 36, parts=_tax_kinds),
    17: _LIFE,
    18: _LIFE,
    19: Rule(_N, 0.44, _Q, 17),
    20: Rule(_N, 0.44, _Q, 17),
    21: Rule(_N, 0.44, _Q, 17),
    22: _LIFE,
    23: Rule(_G, 0.1, _E, 6),
    24: Rule(_G, 0.12, _E, 6, "47"),
    25: Rule(_N, 0.65, _M, 36, parts=_insurances),
    26: Rule(_N, 0.4, _Y, 3),
    27: Rule(_A, 0.13),
    28: Rule(_A, 0.13),
    29: Rule(_N, 0.47, _E, 2, changes=_quarters),
    30: Rule(_N, 0.5, _M, 36),
    31: Rule(_N, 0.8, _Y, 3),
    32: Rule(_N, 0.75, _Y, 3),
    33: Rule(_N, 0.12, _Y, 3, "47"),
    34: Rule(_N, 0.06, _Y, 3, "7010"),
    35: Rule(_N, 0.06, _Y, 3, "7020"),
    36: Rule(_N, 0.1, _Y, 3, "33"),
    37: Rule(_N, 0.06, _Y, 3, "47"),
    38: Rule(_N, 0.06, _Y, 3, "74"),
    39: Rule(_N, 0.06, _Y, 3, "74"),
    40: Rule(_A, 0.004, _Y, 3),
    41: _LIFE,
    42: _LIFE,
    43: _LIFE,
    44: _LIFE,
    45: _LIFE,
    46: _LIFE,
    47: Rule(_G, 0.13, _E, 4),
    48: Rule(_G, 0.14, _E, 6),
    49: Rule(_N, 0.115, trade="05"),
    50: Rule(_G, 0.015, _Y, 3, "05"),
    51: Rule(_N, 0.11, _E, 3, "05"),
    52: Rule(_A, 0.5, _E, 3),
    53: _LIFE,
    54: _LIFE,
    55: Rule(_G, 0.1, _E, 5),
    56: Rule(_G, 0.11, _E, 3, changes=_quarters),
    57: _LIFE,
    58: Rule(_G, 0.12, _E, 2, "65"),
    59: Rule(_A, 0.13),
    60: Rule(_N, 0.09, _E, 3, "74"),
    61: Rule(_N, 0.1, _E, 4, "47"),
    62: Rule(_N, 0.12, _E, 2, "5199"),
    63: Rule(_N, 0.13, _E, 4, "5199"),
    64: Rule(_N, 0.45, _M, 24, dense=6),
    65: Rule(_N, 0.7, _M, 36, parts=_meters),
    66: Rule(_N, 0.22, _M, 24, dense=6),
    67: Rule(_G, 0.09, _M, 24, "65", dense=1),
    68: Rule(_N, 0.15, _M, 25, "5211", dense=1),
}


def rule_for(seq: int) -> Rule:
    """Return the rule of item ``seq``; an item added to the catalogue later has one record of a tenth of the city."""
    return PLAN.get(seq, Rule(Group.ACTIVE, 0.11))
