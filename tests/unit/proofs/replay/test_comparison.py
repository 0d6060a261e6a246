"""Whatever differs between what is held and what is computed is named, with both values; what is equal is not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalogue.envelope import ItemId, RecordKey
from proofs.replay.comparison import (
    StateDifference,
    compare_day,
    compare_name,
    compare_records,
    compare_state,
    has_state,
    shown,
)
from proofs.replay.fold import fold
from rules.merge import Record
from rules.state import ComputedState
from tests.unit.proofs.replay.test_fold import DAY, decode, event

KEY = (ItemId("tax.payment"), RecordKey("k"))
WANTED = ComputedState("hash", "digest", {"tax.payment": 1}, {"sum": Decimal("1.000000"), "mean": None}, "told")
HELD: dict[str, Any] = {
    "hash": "hash", "records_digest": "digest", "indicators_digest": "told", "counts": {"tax.payment": 1},
    "indicators": {"sum": Decimal("1.000000"), "mean": None},
}  # fmt: skip


def records(held: Record) -> list[StateDifference]:
    return list(compare_records("S", fold([event()]), {KEY: held}, decode))


def test_equal_ones_do_not_differ() -> None:
    assert records(event()) == []
    assert list(compare_state("S", HELD, WANTED)) == []
    assert list(compare_day("S", HELD, WANTED, DAY.date())) == []


@pytest.mark.parametrize(
    ("changed", "field", "held", "computed"),
    [
        ({"op": "WITHDRAW"}, "op", "WITHDRAW", "REPORT"),
        ({"revision": 3}, "revision", "3", "0"),
        ({"source_time": DAY + timedelta(days=1)}, "source_time", "2026-07-01T00:00:00+00:00", DAY.isoformat()),
        ({"subject_name": None}, "subject_name", "none", "样例企业"),
        ({"event_id": "t:2"}, "event_id", "t:2", "s:1"),
    ],
)
def test_a_field_of_a_record_is_named(changed: Mapping[str, Any], field: str, held: str, computed: str) -> None:
    tampered = event()._replace(envelope=event().envelope._replace(**changed))
    assert records(tampered) == [StateDifference("S", f"record tax.payment k/{field}", held, computed)]


def test_a_value_of_a_payload_is_named() -> None:
    assert records(event()._replace(payload=b"7")) == [StateDifference("S", "record tax.payment k/amount", "7", "1")]
    # The same value in other bytes is another record, too.
    assert [one.field for one in records(event()._replace(payload=b"01"))] == ["record tax.payment k/payload"]


def test_a_lost_record_and_one_of_no_event_are_named() -> None:
    assert list(compare_records("S", fold([event()]), {}, decode)) == [
        StateDifference("S", "record tax.payment k", "none", "a record")
    ]
    assert list(compare_records("S", fold([]), {KEY: event()}, decode)) == [
        StateDifference("S", "record tax.payment k", "a record", "none: no event tells of it")
    ]


@pytest.mark.parametrize(
    ("changed", "field", "held", "computed"),
    [
        ({"indicators": {"sum": Decimal("2.000000"), "mean": None}}, "indicator sum", "2.000000", "1.000000"),
        ({"indicators": {"sum": Decimal("1.000000"), "mean": Decimal(0)}}, "indicator mean", "0", "none"),
        ({"indicators": {"sum": Decimal("1.000000")}}, "indicator mean", "absent", "none"),
        ({"counts": {}}, "count tax.payment", "absent", "1"),
        ({"hash": "x"}, "hash", "x", "hash"),
        ({"records_digest": "x"}, "records_digest", "x", "digest"),
    ],
)
def test_a_field_of_a_state_is_named(changed: Mapping[str, Any], field: str, held: str, computed: str) -> None:
    assert list(compare_state("S", {**HELD, **changed}, WANTED)) == [StateDifference("S", field, held, computed)]


def test_an_indicator_that_did_not_move_with_the_calendar_is_named_with_the_day() -> None:
    moved = replace(WANTED, indicators={**WANTED.indicators, "sum": None})
    assert list(compare_day("S", HELD, moved, date(2026, 7, 1))) == [
        StateDifference("S", "indicator sum on 2026-07-01", "1.000000", "none")
    ]


def test_a_record_that_the_law_ended_meanwhile_is_named_with_the_day() -> None:
    assert list(compare_day("S", HELD, replace(WANTED, counts={}), date(2026, 7, 1))) == [
        StateDifference("S", "count tax.payment on 2026-07-01", "1", "absent")
    ]


def test_a_name_is_the_registrations_else_the_newest() -> None:
    plain, registered = fold([event()]), fold([event(item="market.registration"), event(day=2)])
    assert list(compare_name("S", "样例企业", plain)) == []
    assert list(compare_name("S", "样例企业", registered)) == []
    assert [one.held for one in compare_name("S", "旧名", registered)] == ["旧名"]
    assert [one.held for one in compare_name("S", None, plain)] == ["none"]
    assert [one.computed for one in compare_name("S", "谁", fold([]))] == ["none"]


def test_an_encrypted_value_is_not_printed() -> None:
    assert "secret" not in shown({"legal_representative": [b"secret"]})
    assert shown(b"secret") != shown(b"other!")


def test_persons_and_units_have_no_state() -> None:
    assert has_state("916301020000000000")
    assert not has_state("person:00")
    assert not has_state("unit:ecology:630100")
