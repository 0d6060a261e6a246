"""The records that an indicator counts, and why the others are left out."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from catalogue.envelope import SET_MARK, ItemId
from queries.contributions import (
    BY_FLAG,
    BY_LIST,
    BY_TOTAL,
    LEFT_OUT,
    NIL,
    NO_LONGER,
    NOT_CLOSED,
    NOT_YET,
    contributions,
    definition,
    withdrawn_by,
)
from rules.indicators.definitions import Indicator, load_indicators
from rules.indicators.facts import Fact
from rules.indicators.plain import evaluate
from rules.merge import Record
from rules.release.publication import Publications
from tests.builders.events import envelope, record
from tests.builders.indicators import indicator, series

BY_ID = {indicator.id: indicator for indicator in load_indicators()}
TODAY = date(2026, 6, 30)
NOTHING_ENDS = Publications((), lambda schema_id, payload: None)
Payload = Mapping[str, Any]


def with_payload(key: str, day: date, data: Payload, op: str = "REPORT", **fields: Any) -> tuple[Record, Payload]:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return record(event_id=f"e-{key}", op=op, record_key=key, source_time=at, **fields), data


def penalty(key: str, day: date, fine: str | None, op: str = "REPORT") -> tuple[Record, Payload]:
    return with_payload(key, day, {"decision_date": day, "fine_amount": None if fine is None else Decimal(fine)}, op)


def test_what_counts_comes_first_and_the_rest_says_why() -> None:
    value, found = contributions(
        BY_ID["fines_36m"],
        [
            penalty("left", date(2020, 1, 2), "400"),
            penalty("older", date(2025, 1, 2), "100.5"),
            penalty("gone", date(2026, 2, 1), "7", op="WITHDRAW"),
            penalty("later", date(2026, 7, 1), "9"),
            penalty("newer", date(2026, 6, 30), "200"),
        ],
        {},
        NOTHING_ENDS,
        TODAY,
    )
    assert value == Decimal("300.5")
    assert [one.record.envelope.record_key for one in found[:2]] == ["newer", "older"]
    assert {one.record.envelope.record_key: one.why for one in found} == {
        "newer": "", "older": "", "left": NO_LONGER, "gone": BY_FLAG, "later": NOT_YET,
    }  # fmt: skip
    assert [one.placed for one in found[:2]] == ["2026-06-30", "2025-01-02"]
    spans = {str(one.record.envelope.record_key): (one.since, one.until) for one in found}
    assert spans["left"] == (date(2020, 1, 2), date(2023, 1, 2))
    assert spans["later"] == (date(2026, 7, 1), date(2029, 7, 1))
    assert spans["gone"] == (None, None)


def test_members_that_the_latest_set_left_out_do_not_count() -> None:
    mark = envelope(op="NIL", record_key=SET_MARK, source_time=datetime(2026, 1, 1, tzinfo=UTC))
    rows = [penalty("old", date(2025, 12, 1), "1"), penalty("new", date(2026, 1, 1), "2")]
    value, found = contributions(BY_ID["fines_36m"], rows, {(mark.item, SET_MARK): mark}, NOTHING_ENDS, TODAY)
    assert value == Decimal(2)
    assert [(one.counts, one.why) for one in found] == [(True, ""), (False, LEFT_OUT)]


def test_a_record_that_was_lifted_counts_until_then() -> None:
    def listed(key: str, removed: date | None) -> tuple[Record, Payload]:
        data = {"list_date": date(2025, 1, 2), "removal_date": removed}
        return with_payload(key, date(2025, 1, 2), data, item=ItemId("market.abnormal_list"))

    rows = [listed("on", None), listed("off", date(2026, 6, 30)), listed("soon", date(2026, 7, 1))]
    value, found = contributions(BY_ID["abnormal_current"], rows, {}, NOTHING_ENDS, TODAY)
    assert value == Decimal(2)
    assert {one.record.envelope.record_key for one in found if one.counts} == {"on", "soon"}


@pytest.mark.parametrize("one", load_indicators(), ids=lambda one: one.id)
def test_every_indicator_has_a_definition(one: Indicator) -> None:
    said = definition(one)
    assert all(item in said for item in one.items)
    for own in one.series:
        named = (own.value, own.date_field, own.totals, own.since, *own.until)
        assert all(name in said for name in named if name and name != "day")


def paid(key: str, period: str, amount: str, kind: str | None = None) -> tuple[Record, Payload]:
    at = datetime(2026, 5, 31, tzinfo=UTC)
    item = ItemId("tax.payment")
    one = record(event_id=f"e-{key}", item=item, record_key=key, source_time=at, period=period)
    return one, {"tax_amount": Decimal(amount), "tax_type": kind}


def test_a_month_says_why_it_does_not_count() -> None:
    rows = [
        paid("open", "2026-06", "1"), paid("old", "2025-05", "2"), paid("vat", "2026-05", "30", "增值税"),
        paid("all", "2026-05", "50", "合计"), paid("april", "2026-04", "4", "增值税"),
    ]  # fmt: skip
    value, found = contributions(BY_ID["tax_paid_12m"], rows, {}, NOTHING_ENDS, TODAY)
    assert value == Decimal(54)
    assert {one.record.envelope.record_key: one.why for one in found} == {
        "all": "", "april": "", "vat": BY_TOTAL, "open": NOT_CLOSED, "old": NO_LONGER,
    }  # fmt: skip
    assert [one.placed for one in found if one.counts] == ["2026-05", "2026-04"]
    spans = {str(one.record.envelope.record_key): (one.since, one.until) for one in found}
    assert spans["open"] == (date(2026, 7, 20), date(2027, 7, 20))
    assert spans["old"] == (date(2026, 5, 31), date(2026, 6, 20))


def test_a_total_that_does_not_count_yet_silences_nothing() -> None:
    rows = [paid("vat", "2026-05", "30", "增值税"), paid("all", "2026-05", "50", "合计")]
    told = rows[1][0].envelope._replace(source_time=datetime(2026, 7, 5, tzinfo=UTC))
    late = [rows[0], (rows[1][0]._replace(envelope=told), rows[1][1])]
    value, found = contributions(BY_ID["tax_paid_12m"], late, {}, NOTHING_ENDS, TODAY)
    assert value == Decimal(30)
    assert {str(one.record.envelope.record_key): one.why for one in found} == {"vat": "", "all": NOT_YET}
    value, found = contributions(BY_ID["tax_months_12m"], rows, {}, NOTHING_ENDS, TODAY)
    assert value == Decimal(1)
    assert [one.why for one in found] == ["", ""]


def test_each_record_counts_for_the_item_that_it_is_of() -> None:
    # Both items have a series of the same name.
    own = (series("s", "tax.payment", value="tax_amount"), series("s", "administration.penalty", value="fine_amount"))
    ratio = indicator("x", "sum(administration.penalty.s) / sum(tax.payment.s)", *own)
    rows = [penalty("fine", TODAY, "6"), paid("tax", "2026-05", "4")]
    value, found = contributions(ratio, rows, {}, NOTHING_ENDS, TODAY)
    assert value == Decimal("1.5")
    assert {str(one.record.envelope.record_key): one.number for one in found} == {"fine": 6_000_000, "tax": 4_000_000}


DAYS = st.dates(date(2021, 1, 1), date(2027, 12, 31))
FINES = st.none() | st.decimals(0, 1000, places=2)


@given(st.lists(st.tuples(DAYS, FINES), max_size=8), DAYS)
def test_the_value_is_that_of_what_counts_and_nothing_else(rows: list[tuple[date, Decimal | None]], day: date) -> None:
    for name in ("fines_36m", "penalties_12m"):
        records = [penalty(str(n), at, None if fine is None else str(fine)) for n, (at, fine) in enumerate(rows)]
        value, found = contributions(BY_ID[name], records, {}, NOTHING_ENDS, day)
        payloads = {one.envelope.record_key: data for one, data in records}
        held = [one.record.envelope for one in found if one.counts]
        facts = [Fact(one.source_time, payloads[one.record_key]) for one in held]
        assert value == evaluate(BY_ID[name], {BY_ID[name].group: facts}, day)
        assert len(found) == len(rows)


def test_a_withdrawal_says_by_whom() -> None:
    assert withdrawn_by(envelope(op="REPORT")) == ""
    assert withdrawn_by(envelope(op="WITHDRAW", row=7)) == BY_FLAG
    # What the hub derives from a whole list is no row of it.
    assert withdrawn_by(envelope(op="WITHDRAW", row=0)) == BY_LIST
    assert withdrawn_by(envelope(op="NIL", row=1)) == NIL
