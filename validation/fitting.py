"""Fit a card to outcomes: optimal monotone bands by optbinning, weights by a logistic regression.

Both come with the dependency group ``fit``, which the hub itself never needs, so they are imported here alone, and
late. What they say is rounded to what a file can hold before anything is counted by it (``rules.rating.scorecard``).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalogue.errors import UsageError
from rules.indicators.facts import MILLION
from rules.rating.model import Card, Direction, Model
from rules.rating.scorecard import Bands, bands_of, fitted_model, with_shares
from rules.rating.scoring import Scorer
from validation.observations import Observation

FEWEST_BAD = 50
"""With fewer bad outcomes nothing is fitted: a card of chance would look like knowledge."""
_MOST_BANDS, _LEAST_SHARE = 5, 0.01
_TIME_LIMIT_S = 10
_READABLE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model with what it was made of; ``left_out``: indicators that tell nothing of their own."""

    model: Model
    bands: tuple[Bands, ...]
    coefficients: Mapping[str, float]
    left_out: tuple[str, ...]
    bad: int
    good: int


def require_group() -> None:
    """Raise UsageError, which says how to get it, when the dependency group ``fit`` is not installed."""
    try:
        import optbinning  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError as exc:
        raise UsageError(
            "Fitting needs optbinning and scikit-learn, which are not installed: the hub itself does without.",
            remedy="`make fit` installs them into .venv, from requirements-fit.lock.",
        ) from exc


def fit(like: Model, observations: Sequence[Observation], name: str, zh: str) -> Fit:
    """Return a model with the cards of ``like``, bands and points fitted; its thresholds give the same shares.

    Raises UsageError without the group ``fit``, and where too few outcomes are bad.
    """
    require_group()
    is_bad = [one.is_bad for one in observations]
    bad = sum(is_bad)
    if bad < FEWEST_BAD or bad * 2 > len(is_bad):
        raise UsageError(
            f"{bad} of {len(is_bad)} outcomes are bad: nothing can be fitted to them.",
            remedy=f"At least {FEWEST_BAD} bad ones are needed, and more good ones: take outcomes of more days.",
        )
    columns = {card.indicator: [one.values.get(card.indicator) for one in observations] for card in like.cards}
    bands = [
        bands_of(card, _limits(card, columns[card.indicator], is_bad), columns[card.indicator], is_bad)
        for card in like.cards
    ]
    coefficients = _coefficients([one for one in bands if one.limits], like, columns, is_bad)
    try:
        model = fitted_model(like, bands, coefficients, name, zh)
    except ValueError as exc:
        raise UsageError(f"{exc}.", remedy="Try another --like, or outcomes of more days.") from exc
    kept = {card.indicator for card in model.cards}
    left_out = tuple(card.indicator for card in like.cards if card.indicator not in kept)
    return Fit(
        _with_thresholds(like, model, observations), tuple(bands), coefficients, left_out, bad, len(is_bad) - bad
    )


def scores_of(model: Model, observations: Iterable[Observation]) -> list[int]:
    """Return the scores of a model, in the order of the observations."""
    scorer = Scorer(model)
    return [scorer.rate(one.subject, one.values, (), one.day).score for one in observations]


def _with_thresholds(like: Model, model: Model, observations: Sequence[Observation]) -> Model:
    scorer = Scorer(like)
    grades = [scorer.rate(one.subject, one.values, (), one.day).proposed for one in observations]
    return with_shares(model, scores_of(model, observations), grades)


def _limits(card: Card, values: Sequence[int | None], is_bad: Sequence[bool]) -> list[int]:
    """Return where the values are parted best, in millionths, at numbers that people can read."""
    import numpy as np
    from optbinning import OptimalBinning

    filled = [card.absent if value is None else value for value in values]
    known = [(value, bad) for value, bad in zip(filled, is_bad, strict=True) if value is not None]
    distinct = sorted({value for value, _ in known})
    if len(distinct) < 2 or len({bad for _, bad in known}) < 2:
        return []
    binning = OptimalBinning(
        name=card.indicator,
        solver="cp",
        monotonic_trend="ascending" if card.direction is Direction.DOWN else "descending",
        max_n_bins=_MOST_BANDS,
        min_prebin_size=_LEAST_SHARE,
        min_bin_size=_LEAST_SHARE,
        time_limit=_TIME_LIMIT_S,
    )
    binning.fit(np.array([value / MILLION for value, _ in known]), np.array([int(bad) for _, bad in known]))
    found = set()
    for split in binning.splits:
        # The least value above it parts the same; a count of 0.5 is none.
        above = next((value for value in distinct if value >= split * MILLION), None)
        if above is not None:
            limit = _readable(above)
            if limit > distinct[0]:
                found.add(limit)
    return sorted(found)


def _readable(value: int) -> int:
    """Return a limit near a value with two digits, whole numbers below 100 as they are."""
    if value == 0 or (value % MILLION == 0 and abs(value) < 100 * MILLION):
        return value
    step = int(max(1, 10 ** (math.floor(math.log10(abs(value))) - _READABLE_DIGITS + 1)))
    return (value + step // 2) // step * step


def _coefficients(
    bands: Sequence[Bands], like: Model, columns: Mapping[str, Sequence[int | None]], is_bad: Sequence[bool]
) -> dict[str, float]:
    """Return the weight of each indicator's evidence, all above 0.

    Where several say the same, the regression may turn one of them round: more penalties would be better. Such a one
    is left out, the worst first, and the rest is fitted anew.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    absent = {card.indicator: card.absent for card in like.cards}
    evidence = {
        one.indicator: [one.of(absent[one.indicator] if value is None else value) for value in columns[one.indicator]]
        for one in bands
    }
    names = [one.indicator for one in bands]
    while names:
        matrix = np.array([evidence[name] for name in names]).T
        regression = LogisticRegression(max_iter=1000).fit(matrix, np.array(is_bad, dtype=int))
        found = {name: float(weight) for name, weight in zip(names, regression.coef_[0], strict=True)}
        worst = min(found, key=lambda name: (found[name], name))
        if found[worst] > 0:
            return found
        names.remove(worst)
    return {}
