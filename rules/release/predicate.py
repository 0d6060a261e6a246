"""The questions that a recipient may ask about an enterprise without seeing a value, and their answers.

    predicate  = comparison *4( "and" comparison )
    comparison = indicator ( ">=" / "<" ) number
    indicator  = lower-case letters, digits and "_", a letter first
    number     = [ "-" ] 1*12DIGIT [ "." 1*6DIGIT ]

Spaces are free around operators, and needed around "and". There is no "or", no "not" and no bracket: what a question
asks is read at one glance, by whoever audits it, too.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from catalogue.errors import HubError
from rules.release.askable import AskableIndicator, plain_number

MOST_COMPARISONS = 5
MOST_CHARACTERS = 400
_NAME, _NUMBER = r"[a-z][a-z0-9_]{0,63}", r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?"
_COMPARISON = re.compile(rf" *({_NAME}) *(>=|<) *({_NUMBER}) *")
_AND = " and "


class PredicateAnswer(StrEnum):
    """What is answered to a question."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    INSUFFICIENT = "INSUFFICIENT"
    """What is known does not suffice: of a value that would decide it nothing is known."""


class BadQuestion(HubError):
    """A question, or a scorecard, that cannot be answered as it is; the message is for whoever asked."""


class LimitComparison(NamedTuple):
    """An indicator is at least a number, or below it."""

    indicator: str
    is_at_least: bool
    limit: Decimal

    def __str__(self) -> str:
        return f"{self.indicator} {'>=' if self.is_at_least else '<'} {plain_number(self.limit)}"


class Predicate(NamedTuple):
    """All of these hold."""

    comparisons: tuple[LimitComparison, ...]

    def __str__(self) -> str:
        return _AND.join(map(str, self.comparisons))

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators that it is about, each once, sorted."""
        return tuple(sorted({one.indicator for one in self.comparisons}))

    def answer(self, told: Mapping[str, Decimal | None]) -> PredicateAnswer:
        """Return the answer; ``told``: of each indicator what ``AskableIndicator.told`` gives.

        FALSE as soon as one comparison fails, whatever is unknown beside it.
        """
        held = [_holds(one, told[one.indicator]) for one in self.comparisons]
        if False in held:
            return PredicateAnswer.FALSE
        return PredicateAnswer.INSUFFICIENT if None in held else PredicateAnswer.TRUE


def read_predicate(text: str) -> Predicate:
    """Return the question that a text asks; raises BadQuestion. Linear in the text's length."""
    if len(text) > MOST_CHARACTERS:
        raise BadQuestion(f"问题超过{MOST_CHARACTERS}个字符", remedy="请分几次提问。")
    parts = text.split(_AND)
    if len(parts) > MOST_COMPARISONS:
        raise BadQuestion(f"一个问题最多含{MOST_COMPARISONS}个比较", remedy="请分几次提问。")
    return Predicate(tuple(_comparison(part, place) for place, part in enumerate(parts, 1)))


def check_predicate(predicate: Predicate, askable: Mapping[str, AskableIndicator]) -> None:
    """Raise BadQuestion for an indicator that nobody may ask about, and for a number that is no limit of its bands."""
    for one in predicate.comparisons:
        check_limit(one.indicator, one.limit, askable)


def check_limit(name: str, limit: Decimal, askable: Mapping[str, AskableIndicator]) -> AskableIndicator:
    """Return the indicator of this name; raises BadQuestion where it may not be set against this number."""
    indicator = asked_indicator(name, askable)
    if not indicator.allows(limit):
        bands = "、".join(map(plain_number, indicator.limits or ()))
        raise BadQuestion(
            f"“{indicator.zh}”（{name}）不能与 {plain_number(limit)} 比较",
            remedy=f"只能与公布的分档界限比较：{bands}。",
        )
    return indicator


def asked_indicator(name: str, askable: Mapping[str, AskableIndicator]) -> AskableIndicator:
    """Return the indicator of this name; raises BadQuestion where nobody may ask about it."""
    if name not in askable:
        raise BadQuestion(f"没有可供提问的指标 {name[:64]}", remedy="可供提问的指标及分档见 GET /v1/bands。")
    return askable[name]


def _comparison(part: str, place: int) -> LimitComparison:
    found = _COMPARISON.fullmatch(part)
    if found is None:
        raise BadQuestion(f"第{place}个比较读不懂", remedy="请写成“指标 >= 数”或“指标 < 数”，多个之间以“ and ”相连。")
    name, operator, number = found.groups()
    return LimitComparison(name, operator == ">=", Decimal(number))


def _holds(comparison: LimitComparison, told: Decimal | None) -> bool | None:
    return None if told is None else (told >= comparison.limit) is comparison.is_at_least
