"""What is observed of the sample city: loans on past days, with nothing that was reported later."""

from datetime import date

import pytest

from catalogue.model import Catalogue
from rules.rating.loading import load_models
from simulation.enterprises import Enterprise
from simulation.histories import Histories, histories
from validation import sample_city
from validation.sample_city import CityPlan, observe

PLAN = CityPlan(300, 1, date(2026, 6, 30), (12, 24))
INDICATORS = load_models()["public_v1"].model.indicators


def test_each_loan_is_observed_on_each_day_with_its_outcome() -> None:
    found = list(observe(PLAN, INDICATORS, processes=1))
    assert {one.day for one in found} == {date(2025, 6, 30), date(2024, 6, 30)}
    assert len({(one.subject, one.day) for one in found}) == len(found) > 100
    assert 0 < sum(one.is_bad for one in found) < len(found) / 10
    assert all(one.attainable is not None and 0 < one.attainable < 1 for one in found)
    assert all(set(one.values) <= INDICATORS for one in found)
    assert any(one.values.get("penalties_36m") for one in found)


def test_processes_find_the_same() -> None:
    assert list(observe(PLAN, INDICATORS)) == list(observe(PLAN, INDICATORS, processes=1))


def test_a_report_that_came_later_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(observe(PLAN, INDICATORS, processes=1))

    def with_late_reports(
        catalogue: Catalogue, reads: dict[str, frozenset[str]], city: tuple[Enterprise, ...], seed: int, as_of: date
    ) -> Histories:
        found = histories(catalogue, reads, city, seed, as_of)
        for own in found.values():
            late = [one._replace(known_at=date.max, record=-number) for number, one in enumerate(own, 1)]
            own.extend(late)
        return found

    monkeypatch.setattr(sample_city, "histories", with_late_reports)
    assert list(observe(PLAN, INDICATORS, processes=1)) == before
