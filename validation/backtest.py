"""The back-test: what the sample city's past lets a rating find of the defaults that followed.

The hidden quality of the city bounds what anybody can know: its AUC is the attainable one. A card near to it, or above,
has seen what happened later. Nothing here says how well a rating works in a real city.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogue.errors import UsageError
from rules.rating.measures import Discrimination, Interval, difference, discrimination
from rules.rating.model import Model
from validation.fitting import Fit, fit, scores_of
from validation.observations import Observation

MOST_OF_ATTAINABLE = 0.95
"""Of the attainable Gini: a card that finds more has seen what happened later."""
_HELD_OUT_OF_TEN = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Some observations, by their Chinese name, and how well everybody tells their bad ones."""

    id: str
    zh: str
    attainable: Discrimination
    expert: Discrimination
    fitted: Discrimination | None
    fitted_less_expert: Interval | None
    """By how much the AUC of the fitted card is above the expert's."""
    is_all: bool = False
    """Whether it has all that a card can be tried on: by single days chance alone finds more than can be known."""

    def share(self, found: Discrimination) -> float:
        """Return which share of the attainable Gini a card finds."""
        return found.gini / self.attainable.gini if self.attainable.gini > 0 else 0.0

    @property
    def is_leaking(self) -> bool:
        """Whether a card finds more than can be known."""
        found = (self.expert, self.fitted)
        return self.is_all and any(self.share(one) > MOST_OF_ATTAINABLE for one in found if one is not None)

    @property
    def is_worse(self) -> bool:
        """Whether the fitted card is worse than the expert's beyond the interval."""
        return self.fitted_less_expert is not None and self.fitted_less_expert.high < 0

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "part": self.id,
            "bad": self.expert.bad,
            "good": self.expert.good,
            "attainable": _as_json(self.attainable),
            "expert": _as_json(self.expert) | {"share_of_attainable": round(self.share(self.expert), 4)},
            "fitted": None
            if self.fitted is None
            else _as_json(self.fitted) | {"share_of_attainable": round(self.share(self.fitted), 4)},
            "fitted_less_expert": None
            if self.fitted_less_expert is None
            else [round(one, 4) for one in self.fitted_less_expert],
        }


@dataclass(frozen=True, slots=True)
class BackTest:
    """The result for one expert model, part by part. ``fit`` is None where the group ``fit`` is not installed."""

    model: str
    parts: tuple[Part, ...]
    fit: Fit | None

    @property
    def failures(self) -> tuple[str, ...]:
        """What must not be, in Chinese."""
        leaks = [
            f"{one.zh}：超过可达基尼系数的 {MOST_OF_ATTAINABLE:.0%}，评价用到了事后的信息"
            for one in self.parts
            if one.is_leaking
        ]
        worse = [f"{one.zh}：拟合卡显著差于专家卡" for one in self.parts if one.is_worse]
        return (*leaks, *worse)

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "model": self.model,
            "fitted_cards": None if self.fit is None else len(self.fit.model.cards),
            "parts": [one.as_json() for one in self.parts],
            "failures": list(self.failures),
        }


def back_test(expert: Model, observations: Sequence[Observation], *, with_fit: bool) -> BackTest:
    """Return what an expert model, and one fitted in its place, find of the bad outcomes.

    Fitted to seven of ten enterprises on all days but the last: out of sample are the other three, out of time is the
    last day. Raises UsageError where too few outcomes are bad, or the group ``fit`` is missing.
    """
    last = max(one.day for one in observations)
    earlier = [one for one in observations if one.day < last]
    fitted = None
    if with_fit:
        known = [one for one in earlier if not is_held_out(one.subject)]
        fitted = fit(expert, known, f"{expert.id}_fitted", f"{expert.zh}（拟合）")
    held_out = [one for one in earlier if is_held_out(one.subject)]
    on_last_day = [one for one in observations if one.day == last]
    parts = [
        _part("out_of_time", f"时间外（{last.isoformat()}）", on_last_day, expert, fitted),
        _part("out_of_sample", f"样本外（{_days(earlier)}，三成企业）", held_out, expert, fitted),
        _part("unseen", "以上两部分", [*on_last_day, *held_out], expert, fitted, is_all=True),
        # The expert's card was fitted to none of them, so all of them try it.
        _part("expert_on_all", "专家卡，全部观察", observations, expert, None, is_all=True),
    ]
    return BackTest(expert.id, tuple(parts), fitted)


def is_held_out(subject: str) -> bool:
    """Whether an enterprise is kept from fitting: three of ten are, on every day."""
    return hashlib.sha256(subject.encode()).digest()[0] % 10 < _HELD_OUT_OF_TEN


def _part(
    name: str,
    zh: str,
    observations: Sequence[Observation],
    expert: Model,
    fitted: Fit | None,
    *,
    is_all: bool = False,
) -> Part:
    is_bad = [one.is_bad for one in observations]
    if not any(is_bad) or all(is_bad):
        raise UsageError(f"{zh}: of {len(is_bad)} outcomes none is bad, or all are.", remedy="Take more enterprises.")
    attainable = [one.attainable or 0.0 for one in observations]
    by_expert = _risks(expert, observations)
    by_fit = None if fitted is None else _risks(fitted.model, observations)
    return Part(
        name,
        zh,
        discrimination(attainable, is_bad),
        discrimination(by_expert, is_bad),
        None if by_fit is None else discrimination(by_fit, is_bad),
        None if by_fit is None else difference(by_fit, by_expert, is_bad),
        is_all,
    )


def _risks(model: Model, observations: Sequence[Observation]) -> list[int]:
    return [-score for score in scores_of(model, observations)]


def _days(observations: Sequence[Observation]) -> str:
    days: list[date] = sorted({one.day for one in observations})
    return f"{days[0].isoformat()} 至 {days[-1].isoformat()}"


def _as_json(found: Discrimination) -> dict[str, Any]:
    return {
        "auc": round(found.auc.value, 4),
        "interval": [round(found.auc.low, 4), round(found.auc.high, 4)],
        "gini": round(found.gini, 4),
        "ks": round(found.ks, 4),
    }
