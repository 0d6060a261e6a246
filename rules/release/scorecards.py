"""A recipient's own scorecard: points for the bands of indicators, added up in the hub, so that it sees the sum alone.

It is registered before anything is scored by it, and is data with versions: what somebody was told by a card of then
can be computed again. Its bins begin and end on the limits of bands, so a score tells no more than the bands do.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from rules.release.askable import AskableIndicator, plain_number
from rules.release.predicate import BadQuestion, asked_indicator, check_limit

MOST_BYTES, MOST_VARIABLES, MOST_BINS = 64 * 1024, 40, 20
MOST_CARDS = 50
"""A recipient has so many at most."""
_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
_MOST_POINTS = Decimal(100_000)
_PLACES = -4
_CARD, _VARIABLE, _BIN = (
    frozenset(("id", "zh", "base", "variables")),
    frozenset(("indicator", "bins", "missing")),
    frozenset(("below", "points")),
)


class CardBin(NamedTuple):
    """Points of the values below a limit, and not below that of the bin before it; ``below`` None: of all others."""

    below: Decimal | None
    points: Decimal


class CardVariable(NamedTuple):
    """The points of one indicator; ``missing``: where it is unknown; None: no score is made then."""

    indicator: str
    bins: tuple[CardBin, ...]
    missing: Decimal | None

    def points(self, told: Decimal | None) -> Decimal | None:
        """Return the points of what is told of a value."""
        if told is None:
            return self.missing
        return next(one.points for one in self.bins if one.below is None or told < one.below)


class RecipientCard(NamedTuple):
    """A card; ``id`` is unique among those of its recipient."""

    id: str
    zh: str
    base: Decimal
    variables: tuple[CardVariable, ...]

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators that it is about, sorted."""
        return tuple(sorted(one.indicator for one in self.variables))

    def score(self, told: Mapping[str, Decimal | None]) -> Decimal | None:
        """Return the score; None: what is known does not suffice. ``told`` as ``Predicate.answer`` takes it."""
        points = [one.points(told[one.indicator]) for one in self.variables]
        known = [one for one in points if one is not None]
        return sum(known, self.base) if len(known) == len(points) else None

    def text(self) -> str:
        """Return it as JSON; equal cards have equal texts."""
        variables = [
            {
                "indicator": one.indicator,
                "bins": [
                    {
                        "below": None if each.below is None else plain_number(each.below),
                        "points": plain_number(each.points),
                    }
                    for each in one.bins
                ],
                "missing": None if one.missing is None else plain_number(one.missing),
            }
            for one in self.variables
        ]
        said = {"id": self.id, "zh": self.zh, "base": plain_number(self.base), "variables": variables}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def card_digest(text: str) -> str:
    """Return the SHA-256 of a card's text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_card(text: str) -> RecipientCard:
    """Return the card that a JSON text holds; raises BadQuestion, in the words of the file, for what is wrong with it.

    Whether its indicators may be asked about, and on which limits, is what ``check_card`` looks at.
    """
    if len(text.encode()) > MOST_BYTES:
        raise BadQuestion(f"评分卡超过{MOST_BYTES >> 10}KB", remedy="请减少变量或分档。")
    try:
        raw = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise BadQuestion(f"评分卡不是规范的JSON：{exc}", remedy="请核对括号、引号和重复的名称。") from exc
    card = _object(raw, _CARD, "评分卡")
    name = card["id"]
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise BadQuestion("评分卡的 id 不合要求", remedy="请用小写字母、数字和下划线，字母开头，至多31个。")
    zh = card["zh"]
    if not isinstance(zh, str) or not zh.strip() or len(zh) > 60 or not zh.isprintable():
        raise BadQuestion("评分卡的 zh（名称）为空或过长", remedy="请写60个字以内的名称。")
    variables = _list(card["variables"], MOST_VARIABLES, "variables（变量）")
    found = tuple(_variable(one, place) for place, one in enumerate(variables, 1))
    names = [one.indicator for one in found]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise BadQuestion(f"指标 {twice[0]} 在评分卡中出现两次", remedy="一个指标只写一个变量。")
    return RecipientCard(name, zh.strip(), _points(card["base"], "base（基础分）"), found)


def check_card(card: RecipientCard, askable: Mapping[str, AskableIndicator]) -> None:
    """Raise BadQuestion for an indicator that nobody may ask about, and for a bin that ends between its bands."""
    for one in card.variables:
        asked_indicator(one.indicator, askable)
        for each in one.bins:
            if each.below is not None:
                check_limit(one.indicator, each.below, askable)


def _variable(raw: Any, place: int) -> CardVariable:
    where = f"第{place}个变量"
    row = _object(raw, _VARIABLE, where, optional=frozenset(("missing",)))
    name = row["indicator"]
    if not isinstance(name, str):
        raise BadQuestion(f"{where}的 indicator 不是文字", remedy="请写指标的编号，如 tax_paid_12m。")
    bins = []
    for one in _list(row["bins"], MOST_BINS, f"{where}的 bins（分档）"):
        each = _object(one, _BIN, f"{where}的分档", optional=frozenset(("below",)))
        below = each.get("below")
        bins.append(
            CardBin(None if below is None else _number(below, f"{where}的 below"), _points(each["points"], where))
        )
    limits = [one.below for one in bins]
    if limits[-1] is not None or None in limits[:-1]:
        raise BadQuestion(f"{where}的最后一档（且仅最后一档）不写 below", remedy="请让最后一档包含其余的值。")
    if any(first >= second for first, second in pairwise(one for one in limits if one is not None)):
        raise BadQuestion(f"{where}的分档界限不是由小到大", remedy="请按 below 由小到大排列。")
    missing = row.get("missing")
    return CardVariable(name, tuple(bins), None if missing is None else _points(missing, where))


def _object(raw: Any, keys: frozenset[str], where: str, optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadQuestion(f"{where}不是一个对象", remedy="请按样例填写。")
    if unknown := sorted(raw.keys() - keys):
        raise BadQuestion(f"{where}有不认识的 {unknown[0][:40]}", remedy=f"只有 {'、'.join(sorted(keys))}。")
    if missing := sorted(keys - optional - raw.keys()):
        raise BadQuestion(f"{where}缺少 {missing[0]}", remedy="请填写。")
    return raw


def _list(raw: Any, most: int, where: str) -> list[Any]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= most:
        raise BadQuestion(f"{where}应有1至{most}个", remedy="请核对。")
    return raw


def _points(raw: Any, where: str) -> Decimal:
    found = _number(raw, where)
    exponent = found.as_tuple().exponent
    if abs(found) > _MOST_POINTS or not isinstance(exponent, int) or exponent < _PLACES:
        raise BadQuestion(f"{where}的分值不合要求", remedy="分值在正负100000之间，至多四位小数。")
    return found


def _number(raw: Any, where: str) -> Decimal:
    # What the hub wrote itself has its numbers as texts, so that they stay exact.
    if isinstance(raw, str) and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", raw):
        return Decimal(raw)
    if not isinstance(raw, Decimal) or not raw.is_finite() or not -18 <= raw.adjusted() <= 18:
        raise BadQuestion(f"{where}不是数", remedy="请写数字。")
    return raw


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} 不是数")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("同一个名称出现两次")
    return found
