"""Fitting: the exported card scores as the fitted one does; the hub does without the group ``fit``."""

import random
import sys
from bisect import bisect_right
from datetime import date
from pathlib import Path

import pytest

from catalogue.errors import UsageError
from rules.indicators.definitions import load_indicators
from rules.rating.loading import FirstVersion, load_model, load_models
from rules.rating.measures import discrimination
from rules.rating.schedule import Role
from rules.rating.writing import model_file
from validation.fitting import fit, require_group, scores_of
from validation.observations import Observation

DAY = date(2025, 6, 30)
EXPERT = load_models()["public_v1"].model
MILLION = 1_000_000


def observations(count: int = 3000) -> list[Observation]:
    """Return enterprises whose penalties, arrears and capital tell of what became of them; patents tell nothing."""
    rng = random.Random(7)
    found = []
    for number in range(count):
        trouble = rng.gauss(0, 1)
        capital = round(10 ** (6 - trouble / 2 + rng.gauss(0, 0.5))) * MILLION
        values: dict[str, int | None] = {
            "penalties_36m": max(0, round(trouble + rng.gauss(0, 1))) * MILLION,
            "tax_arrears_unpaid_amount": round(max(0.0, trouble + rng.gauss(0, 1)) * 12345.678 * MILLION),
            "registered_capital": None if rng.random() < 0.1 else capital,
        }
        if rng.random() < 0.5:
            values["patents_in_force"] = rng.choice([0, 0, 0, 1, 6]) * MILLION
        is_bad = rng.random() < 0.04 * 2.2**trouble
        found.append(Observation(f"91630102MA{number:08}", DAY, values, is_bad))
    return found


def test_without_the_group_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optbinning", None)
    with pytest.raises(UsageError, match="make fit"):
        require_group()


@pytest.mark.filterwarnings("ignore")
class TestWithTheGroup:
    """Skipped where it is not installed: `make fit`."""

    @pytest.fixture(autouse=True)
    def _group(self) -> None:
        pytest.importorskip("optbinning", exc_type=ImportError)

    def test_the_exported_card_scores_exactly_as_the_fitted_one(self, tmp_path: Path) -> None:
        seen = observations()
        found = fit(EXPERT, seen, "public_v2", "公共信用评价卡（第2版）")
        path = tmp_path / "public_v2.yaml"
        path.write_text(model_file(found.model, FirstVersion(Role.SHADOW, DAY, ("甲", "乙"))), "utf-8")
        exported = load_model(path, {one.id: one for one in load_indicators()}).model
        assert exported == found.model
        # A second time, from the fitted bands alone: risk is what is lost of a thousand points.
        cards = {card.indicator: card for card in found.model.cards}
        kept = [one for one in found.bands if one.indicator in cards]
        spans = [found.coefficients[one.indicator] * (max(one.evidence) - min(one.evidence)) for one in kept]
        for one, score in zip(seen, scores_of(exported, seen), strict=True):
            exact, by_points = 0.0, 0
            for bands in kept:
                card = cards[bands.indicator]
                value = one.values.get(bands.indicator)
                value = card.absent if value is None else value
                (points,) = {*card.points.values()}
                gained = found.coefficients[bands.indicator] * (max(bands.evidence) - bands.of(value))
                exact += 1000 * gained / sum(spans)
                by_points += card.unknown["new"] if value is None else points[bisect_right(bands.limits, value)]
            assert score == by_points
            # Whole points round each card by one at most.
            assert abs(score - exact) <= len(cards)

    def test_it_finds_what_tells_and_leaves_out_what_does_not(self) -> None:
        seen = observations()
        found = fit(EXPERT, seen, "public_v2", "二")
        kept = {card.indicator for card in found.model.cards}
        assert {"penalties_36m", "tax_arrears_unpaid_amount", "registered_capital"} <= kept
        assert "coercion_36m" in found.left_out
        is_bad = [one.is_bad for one in seen]
        fitted = discrimination([-score for score in scores_of(found.model, seen)], is_bad)
        expert = discrimination([-score for score in scores_of(EXPERT, seen)], is_bad)
        assert fitted.auc.value > expert.auc.value
        assert (found.bad, found.good) == (sum(is_bad), len(is_bad) - sum(is_bad))

    def test_of_too_few_nothing_is_fitted(self) -> None:
        with pytest.raises(UsageError, match="nothing can be fitted"):
            fit(EXPERT, observations(300), "public_v2", "二")
