"""What a canary is: one value in one cell, unlike any other, with whose it is and how secret."""

import random
import string
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from stdnum.cn import ric

from simulation.people import make_uscc


class Secrecy(StrEnum):
    """How secret a cell is, by the catalogue and its own row."""

    PERSONAL = "personal"
    INTERNAL = "internal"  # for the authorities alone
    COMMERCIAL = "commercial"  # opened by its enterprise's consent
    PUBLISHED = "published"  # would be commercial, but its row says that it was made public


class Fate(StrEnum):
    """What becomes of the row, or the request, that a canary is put into."""

    TAKEN = "taken"
    REFUSED = "refused"  # the row is rejected, or waits for its subject
    ASKED = "asked"  # it stands in a request


class Phase(IntEnum):
    """The parts of a run, one after another; each has settled before the next begins."""

    BEGUN = 0  # the hub is empty; some consents are granted, and some of these end
    FIRST = 1  # the first records come
    GRANTED = 2  # most consents are granted
    ENDED = 3  # some end: revoked, paused, expired
    SECOND = 4  # the other records come
    ASKED = 5  # everybody asks
    CLOSED = 6  # what was in force is withdrawn, and everybody asks again


class CanaryKind(StrEnum):
    """Which form a canary has, so that its column takes it."""

    TEXT = "text"  # Chinese and ASCII, so that either half is found
    NAME = "name"  # a person's: Chinese alone
    CODE = "code"
    AMOUNT = "amount"  # yuan, four places
    MEASURE = "measure"  # six places
    COUNT = "count"  # a whole number
    ID_NUMBER = "id_number"
    PHONE = "phone"
    EMAIL = "email"
    USCC = "uscc"


NUMBERS = frozenset((CanaryKind.AMOUNT, CanaryKind.MEASURE, CanaryKind.COUNT))
"""Those from which the hub computes: they may come back in an indicator."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary. ``value``: as it is meant, amounts in yuan. ``subject``: "" where it is of a person alone.

    ``file``: the file that has it, relative to the departments' folder. ``is_over``: the law ended its record.
    """

    kind: CanaryKind
    value: str
    secrecy: Secrecy
    subject: str
    item: str
    field: str
    came: Phase
    fate: Fate = Fate.TAKEN
    file: str = ""
    is_over: bool = False

    @property
    def category(self) -> str:
        """The category of the catalogue that its item is of."""
        return self.item.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.secrecy} {self.item or 'request'}.{self.field} of {self.subject or 'a person'} ({self.kind})"


_LETTERS = string.ascii_uppercase + string.digits
_HANZI_CHARS, _ASCII_CHARS = 4, 10
# 二级汉字 of GB 2312: rare ones, in every Chinese encoding.
_HANZI = [bytes((high, low)).decode("gb2312") for high in range(0xD8, 0xF8) for low in range(0xA1, 0xFF)]
# The city has none of these: it begins with 1960 and with 10000.
_YEARS, _FIRST_USCC = (1930, 1960), 1_000_000
_FIRST_PHONE = 5000


class Mint:
    """Makes values that never come twice; the same seed gives the same values."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}:canaries")
        self._made: set[str] = set()
        self._codes = _FIRST_USCC
        self._phones = _FIRST_PHONE

    def value(self, kind: CanaryKind) -> str:
        """Return a new value."""
        while True:
            value = self._drawn(kind)
            if value not in self._made:
                self._made.add(value)
                return value

    def _drawn(self, kind: CanaryKind) -> str:
        match kind:
            case CanaryKind.TEXT:
                return "".join(self._rng.choices(_HANZI, k=_HANZI_CHARS)) + self._word()
            case CanaryKind.NAME:
                return "".join(self._rng.choices(_HANZI, k=_HANZI_CHARS))
            case CanaryKind.CODE:
                return self._word()
            case CanaryKind.AMOUNT:
                return str(Decimal(self._digits(16)).scaleb(-4))
            case CanaryKind.MEASURE:
                return str(Decimal(self._digits(15)).scaleb(-6))
            case CanaryKind.COUNT:
                return self._digits(13)
            case CanaryKind.ID_NUMBER:
                return self._id_number()
            case CanaryKind.PHONE:
                # Also of the section that no person has; the city has the first of it.
                self._phones += 1
                return f"1990000{self._phones:04}"
            case CanaryKind.EMAIL:
                return f"{self._word()}@example.com"
            case CanaryKind.USCC:
                self._codes += 1
                return make_uscc("630105", self._codes, "12")

    def _word(self) -> str:
        # A letter first and last: no program takes it for a number.
        middle = "".join(self._rng.choices(_LETTERS, k=_ASCII_CHARS - 2))
        return f"{self._rng.choice('QWXZ')}{middle}{self._rng.choice('JKQV')}"

    def _digits(self, count: int) -> str:
        """Return a number that neither begins nor ends with a zero, nor ends as rounded ones do."""
        middle = "".join(self._rng.choices(string.digits, k=count - 2))
        return f"{self._rng.randrange(6, 9)}{middle}{self._rng.randrange(1, 10)}"

    def _id_number(self) -> str:
        """Return a number that is valid by GB 11643 and of a region that does not exist."""
        rng = self._rng
        born = f"{rng.randrange(*_YEARS)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}"
        body = f"809999{born}{rng.randrange(1, 1000):03}"
        number = body + str(ric.calc_check_digit(body + "0"))
        return self._id_number() if number.endswith("000") else number
