"""A rating model: segments of enterprises, cards with points, vetoes, thresholds; and its text, by which it is known.

A model that was published is read from its text alone, so that a rating can be computed again when the definitions of
the indicators have changed since.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson
from pydantic import TypeAdapter

MOST = (1 << 63) - 1
"""No limit lies beyond it, in millionths: the rater keeps values in words of 64 bits."""


class Basis(StrEnum):
    """On which data a model rests: whoever is told a grade learns something of what it was made of."""

    PUBLIC = "public"
    AUTHORISED = "authorised"


class Direction(StrEnum):
    """Whether more of an indicator is better or worse for the enterprise."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of enterprises that is rated by points of its own; the first segment that fits counts.

    ``codes``: its 统一社会信用代码 begins with one of these; empty: with anything. ``indicator`` and ``least``: this
    indicator must be known and at least so much, in millionths.
    """

    id: str
    zh: str
    coverage: int
    """The least ‰ of the points whose indicators must be known; below, the grade is 待观察."""
    codes: tuple[str, ...] = ()
    indicator: str | None = None
    least: int = 0

    def fits(self, subject: str, values: Mapping[str, int | None]) -> bool:
        """Whether an enterprise is of this segment."""
        if self.codes and not subject.startswith(self.codes):
            return False
        if self.indicator is None:
            return True
        value = values.get(self.indicator)
        return value is not None and value >= self.least


@dataclass(frozen=True, slots=True)
class Card:
    """The points for one indicator: ``limits``, in millionths, part its values into bands, the lowest first.

    A value that equals a limit is in the band above it.
    """

    indicator: str
    zh: str
    unit: str
    items: tuple[str, ...]
    """The items of the list that it is computed from."""
    direction: Direction
    limits: tuple[int, ...]
    points: Mapping[str, tuple[int, ...]]
    """By segment: the points of each band."""
    absent: int | None
    """The number that it stands for, in millionths, where there is no record: nobody is on a list that does not name
    him. None: it is unknown then."""
    unknown: Mapping[str, int]
    """By segment: the points where it is unknown."""
    lowers: str
    """Why it lowered the score, in Chinese."""
    raises: str
    """What the enterprise can do about it, in Chinese."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """Cards that are about one side of an enterprise."""

    id: str
    zh: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Veto:
    """What lets the grade be no better than this one, whatever the score: the indicator is at least so much.

    With 不评价 the enterprise has no grade at all, whatever else is known of it.
    """

    id: str
    zh: str
    indicator: str
    items: tuple[str, ...]
    least: int
    grade: str


@dataclass(frozen=True, slots=True)
class Model:
    """One version of a model; ``thresholds``: the least score of each grade but the worst."""

    id: str
    zh: str
    basis: Basis
    segments: tuple[Segment, ...]
    thresholds: Mapping[str, int]
    dimensions: tuple[Dimension, ...]
    vetoes: tuple[Veto, ...]

    @property
    def cards(self) -> tuple[Card, ...]:
        """All cards, in their order."""
        return tuple(card for dimension in self.dimensions for card in dimension.cards)

    @property
    def indicators(self) -> frozenset[str]:
        """The ids of all indicators that it looks at."""
        asked = {card.indicator for card in self.cards} | {veto.indicator for veto in self.vetoes}
        return frozenset(asked | {one.indicator for one in self.segments if one.indicator is not None})

    def text(self) -> str:
        """Return it as JSON; equal models have equal texts, in every process."""
        return orjson.dumps(_MODEL.dump_python(self, mode="json"), option=orjson.OPT_SORT_KEYS).decode()


_MODEL = TypeAdapter(Model)


def read_model(text: str) -> Model:
    """Return the model that a text holds; raises ValueError for one that ``Model.text`` did not write."""
    return _MODEL.validate_python(orjson.loads(text))


def hash_of(text: str) -> str:
    """Return the SHA-256 of a model's text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()
