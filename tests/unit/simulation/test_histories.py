"""What was known on a past day: nothing that was reported later, and the same records that the files hold."""

from datetime import date, timedelta

import pytest

from catalogue.load import load_catalogue
from rules.indicators.definitions import load_indicators
from rules.indicators.groups import groups_of
from rules.indicators.plain import plain_values
from simulation.enterprises import Enterprise, found_city
from simulation.histories import Histories, histories, known_on
from simulation.records import drawn_records, records

AS_OF, SEED = date(2026, 6, 30), 1
_CATALOGUE = load_catalogue()
_GROUPS = groups_of(load_indicators())
_READS = {name: group.reads for name, group in _GROUPS.by_item.items()}


@pytest.fixture(scope="module")
def city() -> tuple[Enterprise, ...]:
    return found_city(300, SEED, AS_OF)


@pytest.fixture(scope="module")
def told(city: tuple[Enterprise, ...]) -> Histories:
    return histories(_CATALOGUE, _READS, city, SEED, AS_OF)


def test_nothing_is_known_before_it_was_reported(told: Histories) -> None:
    for history in told.values():
        for one in history:
            assert one.known_at <= AS_OF
        day = AS_OF - timedelta(days=400)
        known = [fact for facts in known_on(history, day).values() for fact in facts]
        assert len(known) <= sum(one.known_at <= day for one in history)


def test_a_record_is_reported_after_it_arose_and_late_now_and_then(city: tuple[Enterprise, ...]) -> None:
    item = _CATALOGUE.item("16")
    days = [
        (one.known_at - one.setting.moment.end).days for one in drawn_records(item, city, SEED, AS_OF, with_former=True)
    ]
    assert min(days) >= 1
    # The 10th of the next month is the usual end.
    assert 0.01 <= sum(each > 10 for each in days) / len(days) <= 0.06


def test_the_files_and_the_histories_tell_the_same(city: tuple[Enterprise, ...]) -> None:
    for seq in ("16", "45", "58"):
        item = _CATALOGUE.item(seq)
        written = [row.values for row in records(item, city, SEED, AS_OF)]
        drawn = [tuple(one.values) for one in drawn_records(item, city, SEED, AS_OF, with_former=True)]
        assert written == drawn


def test_a_case_is_open_until_its_end_was_reported(city: tuple[Enterprise, ...], told: Histories) -> None:
    seen = 0
    for one in city:
        for trouble in (each for each in one.troubles if each.item == 45 and each.until and each.until <= AS_OF):
            assert trouble.until is not None
            day = trouble.until - timedelta(days=1)
            filed = [
                fact
                for fact in known_on(told[one.uscc], day).get("judicial.litigation", [])
                if fact.data.get("filing_date") == trouble.day
            ]
            assert all("closing_date" not in fact.data for fact in filed)
            seen += len(filed)
    assert seen > 20


def test_all_indicators_can_be_computed_from_them(told: Histories) -> None:
    subject, history = max(told.items(), key=lambda pair: len(pair[1]))
    values = plain_values(_GROUPS, {**dict.fromkeys(_READS, ()), **known_on(history, AS_OF)}, AS_OF)
    assert subject
    assert sum(value is not None for own in values.values() for value in own.values()) > 200
