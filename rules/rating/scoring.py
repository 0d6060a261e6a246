"""The rating of an enterprise: a pure function of indicator values, a model, reviews and a business date.

All numbers are whole: values and limits in millionths, points of a thousand. The points of each segment add up to a
thousand, so a point that was lost is one of the score, and coverage is the share of a thousand that is known.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from rules.rating.bands import band_text
from rules.rating.grades import GRADES, UNRATED, WATCHED, worst
from rules.rating.model import Card, Direction, Model, Segment, Veto
from rules.rating.reviews import Entry, decision, needs_person, open_appeal

Values = Mapping[str, int | None]
"""In millionths, by the indicators' ids; one that is not there is unknown."""
_ENTERPRISES = "9"
_ONE_OR_NONE = "（1是0否）"


class Reason(NamedTuple):
    """What lowered a score, or would raise it: ``points`` lost or to be gained, ``band`` of now or to be reached."""

    indicator: str
    band: str
    points: int
    text: str


class Rating(NamedTuple):
    """What one model says of one enterprise on one day.

    ``proposed``: the grade by the model alone; ``grade``: the one that counts. Both differ where a person decided
    (``review``: the number of the review), or has to decide first (``waits``). ``appeal``: the number of the appeal
    that waits for an answer; 0: none.
    """

    segment: str
    score: int
    grade: str
    proposed: str
    waits: bool
    coverage: int
    vetoes: tuple[str, ...]
    lowered: tuple[Reason, ...]
    raises: tuple[Reason, ...]
    missing: tuple[str, ...]
    review: int
    appeal: int


def is_rated(subject: str) -> bool:
    """Whether a subject is rated: 企业, 个体工商户 and 农民专业合作社, whose codes begin with 9 (GB 32100).

    Authorities and institutions are not, and none that issues government bonds (item 40).
    """
    return subject.startswith(_ENTERPRISES)


class _Row(NamedTuple):
    """A card as one segment reads it; ``lowered`` and ``raises``: by band where the reason is, in their order."""

    indicator: str
    limits: tuple[int, ...]
    absent: int | None
    points: tuple[int, ...]
    most: int
    unknown: int
    items: tuple[str, ...]
    lowered: tuple[int | None, ...]
    raises: tuple[int | None, ...]


class _Table:
    """The cards of one segment. All reasons lie in order: those of an enterprise are sorted as numbers."""

    def __init__(self, cards: Sequence[Card], segment: str) -> None:
        every = {card.indicator: _reasons(card, card.points[segment]) for card in cards}
        self.reasons = sorted({one for pairs in every.values() for pair in pairs for one in pair if one}, key=_order)
        places = {one: place for place, one in enumerate(self.reasons)}
        self.rows = [_row(card, segment, every[card.indicator], places) for card in cards]

    def in_order(self, places: list[int]) -> tuple[Reason, ...]:
        """Return the reasons at these places, the one of most points first."""
        places.sort()
        return tuple([self.reasons[place] for place in places])


class Scorer:
    """Rates by one model; it has the reasons of all bands ready."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._tables = {one.id: _Table(model.cards, one.id) for one in model.segments}
        self._vetoes = [(veto.indicator, veto.least, veto) for veto in model.vetoes]
        self._thresholds = [(model.thresholds[grade], grade) for grade in GRADES if grade in model.thresholds]

    def rate(self, subject: str, values: Values, entries: Sequence[Entry], day: date) -> Rating:
        """Return the rating of an enterprise on a day."""
        segment = next(one for one in self.model.segments if one.fits(subject, values))
        score, known = 0, 0
        lowered: list[int] = []
        raises: list[int] = []
        missing: list[str] = []
        table, look = self._tables[segment.id], values.get
        for indicator, limits, absent, points, most, unknown, items, lowers, raised in table.rows:
            value = look(indicator)
            if value is None:
                value = absent
            if value is None:
                score += unknown
                missing += items
                continue
            band = bisect_right(limits, value)
            score += points[band]
            known += most
            # What has less than most points can be raised.
            if (why := lowers[band]) is not None and (way := raised[band]) is not None:
                lowered.append(why)
                raises.append(way)
        vetoes = [veto for name, least, veto in self._vetoes if (value := look(name)) is not None and value >= least]
        proposed = self._proposed(segment, score, known, vetoes)
        review = decision(entries, self.model.id, proposed, day) if entries else None
        waits = review is None and needs_person(subject, proposed, is_vetoed=bool(vetoes))
        appeal = open_appeal(entries) if entries else None
        return Rating(
            segment=segment.id,
            score=score,
            grade=review.grade if review is not None else WATCHED if waits else proposed,
            proposed=proposed,
            waits=waits,
            coverage=known,
            vetoes=tuple(veto.id for veto in vetoes),
            lowered=table.in_order(lowered),
            raises=table.in_order(raises),
            missing=tuple(sorted(set(missing))),
            review=0 if review is None else review.number,
            appeal=0 if appeal is None else appeal.number,
        )

    def _proposed(self, segment: Segment, score: int, known: int, vetoes: Sequence[Veto]) -> str:
        reached = next((grade for least, grade in self._thresholds if score >= least), GRADES[-1])
        if vetoes:
            if any(veto.grade == UNRATED for veto in vetoes):
                return UNRATED
            # What is known for certain counts, however little else is known.
            at_most = worst(veto.grade for veto in vetoes)
            if known >= segment.coverage:
                return worst((reached, at_most))
            return at_most if at_most == GRADES[-1] else WATCHED
        return reached if known >= segment.coverage else WATCHED


def _order(reason: Reason) -> tuple[int, str, str, str]:
    # The most points first; of equal ones by name, so that the order is that of every process.
    return -reason.points, reason.indicator, reason.band, reason.text


def _reasons(card: Card, points: tuple[int, ...]) -> list[tuple[Reason | None, Reason | None]]:
    """Return what lowered and what would raise the score, by band."""
    most = max(points)
    return [
        (_lowered(card, points, band), _raises(card, points, band)) if points[band] < most else (None, None)
        for band in range(len(points))
    ]


def _row(
    card: Card, segment: str, reasons: list[tuple[Reason | None, Reason | None]], places: Mapping[Reason, int]
) -> _Row:
    points = card.points[segment]
    return _Row(
        card.indicator, card.limits, card.absent, points, max(points), card.unknown.get(segment, 0), card.items,
        tuple(None if why is None else places[why] for why, _ in reasons),
        tuple(None if way is None else places[way] for _, way in reasons),
    )  # fmt: skip


def _lowered(card: Card, points: tuple[int, ...], band: int) -> Reason:
    return Reason(card.indicator, _shown(card, band), max(points) - points[band], card.lowers)


def _raises(card: Card, points: tuple[int, ...], band: int) -> Reason:
    better = range(band - 1, -1, -1) if card.direction is Direction.DOWN else range(band + 1, len(points))
    reached = next(one for one in better if points[one] > points[band])
    return Reason(card.indicator, _shown(card, reached), points[reached] - points[band], card.raises)


def _shown(card: Card, band: int) -> str:
    # What an indicator means by 1 and 0 stands behind its name; the band says yes or no.
    return f"{card.zh.removesuffix(_ONE_OR_NONE)}：{band_text(card.limits, band, card.unit)}"
