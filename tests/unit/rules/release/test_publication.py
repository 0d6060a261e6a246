"""Until when a record may be used: by what it says itself, by repair, else by the law's longest period."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from rules.merge import is_live
from rules.release.publication import Ending, Publications, Severity, load_periods, publication_rules
from rules.release.reasons import WithdrawalReason
from tests.builders.events import record

CATALOGUE = load_catalogue()
RULES = publication_rules(CATALOGUE.items)
PENALTY, BLACK_LIST, RED_LIST = "administration.penalty", "other.black_list", "other.red_list"
DECIDED, DAY = date(2026, 5, 31), timedelta(days=1)


def ending(item: str = PENALTY, **data: Any) -> Ending | None:
    return RULES[item].ending(data, DECIDED)


def ends(item: str = PENALTY, **data: Any) -> date | None:
    found = ending(item, **data)
    return found and found.day


def test_the_items_that_the_law_ends_are_known() -> None:
    assert sorted(CATALOGUE.item(name).seq for name in RULES) == [14, 53, 54, 56, 57]
    for name, rule in RULES.items():
        assert rule.reads() <= {field.name for field in CATALOGUE.item(name).fields}


def test_the_last_day_that_a_field_names_still_counts_and_the_earliest_one_decides() -> None:
    last = date(2027, 1, 31)
    assert ending(publicity_deadline=last) == Ending(last + DAY, WithdrawalReason.PUBLICATION_ENDED)
    assert ends(RED_LIST, publicity_deadline=last, valid_until=last - DAY) == last
    assert ends(RED_LIST, valid_until=last) == last + DAY
    # What is named is before any period, however long it is.
    assert ends(decision_date=date(2020, 1, 1), publicity_deadline=last) == last + DAY
    assert ends(RED_LIST) is None
    assert ends(publicity_deadline=date.max) == date.max


def test_repair_ends_a_record_on_its_day() -> None:
    repaired = date(2026, 8, 1)
    assert ending(repair_date=repaired) == Ending(repaired, WithdrawalReason.REPAIRED)
    assert ends(repair_date=repaired, publicity_deadline=date(2026, 7, 1)) == date(2026, 7, 2)
    # Of the same day a recipient has to know of the repair.
    both = ending(repair_date=repaired, publicity_deadline=repaired - DAY)
    assert both == Ending(repaired, WithdrawalReason.REPAIRED)
    assert ends("administration.coercion") is None
    assert ends("administration.coercion", repair_date=repaired) == repaired


@pytest.mark.parametrize(
    ("said", "severity", "last"),
    [
        ({"penalty_type": "01"}, Severity.LIGHT, date(2026, 8, 31)),
        ({"penalty_type": "警告；通报批评"}, Severity.LIGHT, date(2026, 8, 31)),
        ({"penalty_type": "警告", "second_penalty_type": "罚款"}, Severity.GENERAL, date(2027, 5, 31)),
        ({"penalty_type": "03;04", "fine_amount": Decimal("999999.99")}, Severity.GENERAL, date(2027, 5, 31)),
        ({"penalty_type": "03", "fine_amount": Decimal(1_000_000)}, Severity.SEVERE, date(2029, 5, 31)),
        ({"penalty_type": "罚款、吊销许可证件"}, Severity.SEVERE, date(2029, 5, 31)),
        ({"penalty_type": "99"}, Severity.SEVERE, date(2029, 5, 31)),
        ({}, Severity.SEVERE, date(2029, 5, 31)),
        ({"penalty_type": "罚款", "penalty_decision_name": "当场行政处罚决定书"}, Severity.LIGHT, date(2026, 8, 31)),
    ],
)
def test_where_no_field_says_it_the_longest_period_of_the_severity_ends_it(
    said: Mapping[str, Any], severity: Severity, last: date
) -> None:
    assert RULES[PENALTY].severity(said) is severity
    derived = Ending(last + DAY, WithdrawalReason.PUBLICATION_ENDED, derived=True)
    assert ending(decision_date=DECIDED, **said) == derived
    # A decision without its date is of the day that its record is of.
    assert ending(**said) == derived


def test_the_periods_end_nothing_before_they_were_in_force() -> None:
    assert ends(decision_date=date(2019, 1, 1), penalty_type="警告") == date(2026, 4, 1)


def test_an_uncorrected_matter_is_ended_by_no_period() -> None:
    assert ends(BLACK_LIST, list_date=DECIDED) == date(2029, 6, 1)
    assert ends(BLACK_LIST, list_date=DECIDED, is_rectified=True) == date(2029, 6, 1)
    assert ends(BLACK_LIST, list_date=DECIDED, is_rectified=False) is None
    assert ends(BLACK_LIST, list_date=DECIDED, is_rectified=False, repair_date=date(2027, 1, 1)) == date(2027, 1, 1)


# Other writers' schemas may have the same names and other types: what is no date ends nothing, and nothing fails.
_VALUES = st.one_of(
    st.none(), st.dates(), st.dates(date(2, 1, 1)).map(lambda day: datetime.combine(day, time(), UTC)),
    st.text(max_size=5), st.integers(), st.booleans(), st.decimals(allow_nan=False), st.binary(max_size=4),
)  # fmt: skip


@given(st.sampled_from(sorted(RULES)), st.data())
def test_whatever_a_record_says_it_has_one_end_or_none(item: str, data: st.DataObject) -> None:
    rule = RULES[item]
    said = {name: data.draw(_VALUES) for name in sorted(rule.reads())}
    found = rule.ending(said, DECIDED)
    if found is not None and found.derived:
        assert found.day >= load_periods().in_force


def test_a_payload_is_read_only_where_the_item_has_a_rule() -> None:
    def decode(schema_id: int, payload: bytes) -> dict[str, Any]:
        if payload == b"?":
            raise PoisonMessage("no record")
        return {"publicity_deadline": date(2026, 6, 30)}

    publications = Publications(CATALOGUE.items, decode)
    assert publications.until(record(b"?", item="tax.payment")) is None
    assert publications.until(record(item=PENALTY)) == date(2026, 7, 1)
    with pytest.raises(PoisonMessage):
        publications.until(record(b"?", item=PENALTY))
    assert Publications(CATALOGUE.items, lambda schema_id, payload: None).until(record(item=PENALTY)) is None


def test_a_record_counts_until_the_day_before() -> None:
    until = date(2026, 7, 1)
    reported = record(item=PENALTY).envelope
    assert [is_live(reported, None, until, day) for day in (until - DAY, until, until + DAY)] == [True, False, False]
    assert is_live(reported, None, None, date.max)
    assert not is_live(record(item=PENALTY, op="WITHDRAW").envelope, None, None, DECIDED)
