"""Which enterprises have records of an item, and when: one line an item.

Shares are of the whole city. At 2,000 enterprises every item has at least 200 rows, and the rare ones
(14, 18, 40, 43, 44, 46, 50) what a real city of that size has.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Group(Enum):
    """From whom the subjects of an item are taken."""

    ALL = auto()
    CLOSED = auto()  # deregistered
    ACTIVE = auto()  # has done business at some time in the last 36 months
    TROUBLED = auto()  # dishonest first, then struggling: the same ones in all such items
    GOOD = auto()  # healthy and growing first


class Rhythm(Enum):
    """When a subject has records."""

    ONCE = auto()
    MONTHS = auto()
    QUARTERS = auto()
    YEARS = auto()
    EVENTS = auto()  # on days of its life
    CASES = auto()  # on the days of its court cases, the same in all items of the court


@dataclass(frozen=True, slots=True)
class Rule:
    """``times``: how many months, quarters, years or events at most; ``trade``: preferred industry code prefix."""

    group: Group
    share: float
    rhythm: Rhythm = Rhythm.ONCE
    times: int = 1
    trade: str = ""


_A, _C, _N, _T, _G = Group.ALL, Group.CLOSED, Group.ACTIVE, Group.TROUBLED, Group.GOOD
_M, _Q, _Y, _E, _K = Rhythm.MONTHS, Rhythm.QUARTERS, Rhythm.YEARS, Rhythm.EVENTS, Rhythm.CASES

PLAN: dict[int, Rule] = {
    1: Rule(_A, 1),
    2: Rule(_A, 1, Rhythm.EVENTS, 2),
    3: Rule(_A, 1),
    4: Rule(_A, 0.4, _E, 3),
    5: Rule(_T, 0.12, _E),
    6: Rule(_A, 1, _Y, 3),
    7: Rule(_A, 1, _Y, 3),
    8: Rule(_A, 1, _Y, 3),
    9: Rule(_A, 0.12, _Y, 3),
    10: Rule(_A, 0.1, _Y, 3),
    11: Rule(_C, 1),
    12: Rule(_A, 0.3, _M, 1),
    13: Rule(_G, 0.13),
    14: Rule(_T, 0.008, _E),
    15: Rule(_G, 0.1, _E, 3, "33"),
    16: Rule(_N, 0.75, _M, 36),
    17: Rule(_T, 0.12, _E, 2),
    18: Rule(_T, 0.006, _E),
    19: Rule(_N, 0.6, _Q, 12),
    20: Rule(_N, 0.6, _Q, 12),
    21: Rule(_N, 0.6, _Q, 12),
    22: Rule(_T, 0.12, _E),
    23: Rule(_G, 0.08, _E, 3),
    24: Rule(_G, 0.12, _E, 3, "47"),
    25: Rule(_N, 0.75, _M, 36),
    26: Rule(_N, 0.4, _Y, 3),
    27: Rule(_A, 0.13),
    28: Rule(_A, 0.13),
    29: Rule(_N, 0.5),
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
    41: Rule(_T, 0.12, _K, 3),
    42: Rule(_T, 0.1, _K, 2),
    43: Rule(_T, 0.03, _K),
    44: Rule(_T, 0.004, _K),
    45: Rule(_T, 0.14, _K, 3),
    46: Rule(_T, 0.015, _K),
    47: Rule(_G, 0.13),
    48: Rule(_G, 0.16),
    49: Rule(_N, 0.115, trade="05"),
    50: Rule(_G, 0.01, _Y, 2, "05"),
    51: Rule(_N, 0.12, trade="05"),
    52: Rule(_A, 0.5, _E, 3),
    53: Rule(_T, 0.14, _E, 2),
    54: Rule(_T, 0.12, _E),
    55: Rule(_G, 0.12, _E, 2),
    56: Rule(_G, 0.12, _E),
    57: Rule(_T, 0.115, _E),
    58: Rule(_G, 0.12, trade="65"),
    59: Rule(_A, 0.13),
    60: Rule(_N, 0.12, trade="74"),
    61: Rule(_N, 0.12, trade="47"),
    62: Rule(_N, 0.13, trade="5199"),
    63: Rule(_N, 0.13, _Y, 2, "5199"),
    64: Rule(_N, 0.6, _M, 12),
    65: Rule(_N, 0.75, _M, 36),
    66: Rule(_N, 0.3, _M, 12),
    67: Rule(_G, 0.12, _M, 2, "65"),
    68: Rule(_N, 0.15, _M, 3, "5211"),
}


def rule_for(seq: int) -> Rule:
    """Return the rule of item ``seq``; an item added to the catalogue later has one record of a tenth of the city."""
    return PLAN.get(seq, Rule(Group.ACTIVE, 0.11))
