"""What has to hold of a model: points that go with the indicator's direction, that add up, and are fair."""

from collections.abc import Iterable
from itertools import pairwise

from rules.indicators.definitions import Indicator
from rules.rating.grades import GRADES, MOST_POINTS
from rules.rating.model import Card, Direction, Model
from rules.rating.reviews import PERSONS

# In these only whoever was sued, or is enforced against, is counted; a plaintiff is neutral.
_CASES = frozenset({"judicial.judgment", "judicial.litigation"})
_POSITION = "litigation_position"
_AGAINST = frozenset({"被告", "被执行人", "被申请人"})
_OTHERS = ("原告", "申请人", "申请执行人", "第三人", "上诉人")
# A record of these counts against the enterprise, so to have none is good news, and never an unknown.
NEGATIVE_ITEMS = frozenset(
    {
        "market.abnormal_list", "dishonest.serious_violation", "tax.arrears", "tax.major_violation",
        "tax.abnormal_household", "judicial.judgment", "judicial.enforcement", "judicial.dishonest_debtor",
        "judicial.bankruptcy", "judicial.litigation", "judicial.terminated_enforcement", "administration.penalty",
        "administration.coercion", "other.black_list",
    }
)  # fmt: skip


def check_cases(indicator: Indicator) -> None:
    """Raise ValueError for an indicator that counts cases in which the enterprise may be the plaintiff."""
    for series in indicator.series:
        if series.item not in _CASES:
            continue
        where = series.where
        if where is None or _POSITION not in where.reads or not any(word in where.text for word in _AGAINST):
            raise ValueError(f"{indicator.id} counts cases in which the enterprise is not the defendant")
        said = where.text
        for word in sorted(_AGAINST, key=len, reverse=True):
            said = said.replace(word, "")
        if other := next((word for word in _OTHERS if word in said), None):
            raise ValueError(f"{indicator.id} counts cases of the enterprise as {other}, which is neutral")


def check_card(card: Card, segments: Iterable[str]) -> None:
    """Raise ValueError for points that do not fit."""
    names = set(segments)
    if list(card.limits) != sorted(set(card.limits)):
        raise ValueError(f"{card.indicator}: limits are in order, each once")
    if card.points.keys() != names:
        raise ValueError(f"{card.indicator}: points are said for {', '.join(sorted(names))}, each")
    for name, points in card.points.items():
        if len(points) != len(card.limits) + 1:
            raise ValueError(
                f"{card.indicator}: {len(card.limits)} limits make {len(card.limits) + 1} bands,"
                f" and {name} has {len(points)}"
            )
        steps = pairwise(points) if card.direction is Direction.UP else pairwise(reversed(points))
        if min(points) < 0 or any(later < earlier for earlier, later in steps):
            raise ValueError(f"{card.indicator}: points go with its direction, and are not below 0")
    if (card.absent is None) == (not card.unknown):
        raise ValueError(f"{card.indicator}: say absent (what no record stands for), or the points where it is unknown")
    if card.absent is None and card.unknown.keys() != names:
        raise ValueError(f"{card.indicator}: unknown is said for {', '.join(sorted(names))}, each")
    if any(not 0 <= least <= max(card.points[name]) for name, least in card.unknown.items()):
        raise ValueError(f"{card.indicator}: unknown has no more points than its best band, and not less than 0")
    if card.direction is Direction.DOWN and not NEGATIVE_ITEMS.isdisjoint(card.items) and card.absent != 0:
        # Else a first penalty, by which the indicator becomes known, could raise the score.
        raise ValueError(f"{card.indicator}: to have no such record is good: say absent: 0")


def check_model(model: Model) -> None:
    """Raise ValueError for what does not hold of the model as a whole."""
    for what, names in (
        ("segment", [one.id for one in model.segments]),
        ("dimension", [one.id for one in model.dimensions]),
        ("card", [one.indicator for one in model.cards]),
        ("veto", [one.id for one in model.vetoes]),
    ):
        if not names or len(set(names)) != len(names):
            raise ValueError(f"each {what} is there once, and one at least")
    last = model.segments[-1]
    if last.codes or last.indicator is not None:
        raise ValueError(f"the last segment is of everybody else, and {last.id} asks for something")
    if model.segments[0].codes != PERSONS:
        raise ValueError(f"the first segment is of individuals (codes: {list(PERSONS)})")
    for segment in model.segments:
        total = sum(max(card.points[segment.id]) for card in model.cards)
        if total != MOST_POINTS:
            raise ValueError(f"the points of {segment.id} add up to {total}, and not to {MOST_POINTS}")
        if not 0 <= segment.coverage <= MOST_POINTS:
            raise ValueError(f"the coverage of {segment.id} is ‰")
    if tuple(model.thresholds) != GRADES[:-1]:
        raise ValueError(f"thresholds are said for {', '.join(GRADES[:-1])}, in this order")
    least = list(model.thresholds.values())
    if least != sorted(set(least), reverse=True) or not 0 < least[-1] <= least[0] <= MOST_POINTS:
        raise ValueError("thresholds fall from grade to grade")
