"""The state of a day follows from the winning records and the day alone, by the plain definitions."""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from catalogue.envelope import SET_MARK, ItemId, Op, RecordKey
from rules.indicators.groups import groups_of
from rules.merge import Record, fingerprint, set_since
from rules.state import ComputedState, Winners, effective, indicators_on, live, set_since_of, state_on
from tests.builders.events import MOMENT, record
from tests.builders.indicators import indicator, series

TAX, MARKET = ItemId("tax.payment"), ItemId("market.shareholder")
DAY = MOMENT.date()
GROUPS = groups_of(indicator(kind, f"{kind}(s)", series(item=TAX)) for kind in ("count", "sum"))


def never(_: Record) -> None:
    """Nothing ends these records."""


def decode(_: int, payload: bytes) -> Mapping[str, Any]:
    return {"amount": Decimal(payload.decode())}


def paid(key: str, amount: int, days: int = 0, **fields: Any) -> Record:
    fields = {"item": TAX, "record_key": RecordKey(key), "source_time": MOMENT + timedelta(days=days), **fields}
    return record(b"%d" % amount, **fields)


def winners(*records: Record) -> Winners:
    return {(one.envelope.item, one.envelope.record_key): one for one in records}


def test_what_was_withdrawn_or_left_out_of_a_later_set_does_not_count() -> None:
    mark = paid(SET_MARK, 0, days=-1, op=Op.NIL)
    found = winners(mark, paid("gone", 1, op=Op.WITHDRAW), paid("left", 2, days=-2), paid("here", 4))
    assert set_since_of(found, paid("here", 4).envelope) == set_since(mark.envelope)
    assert set_since_of(found, record(item=MARKET).envelope) is None
    assert [key for _, key in live(found, never, DAY)] == ["here"]
    assert indicators_on(found, GROUPS, decode, never, DAY) == {"count": Decimal(1), "sum": Decimal(4)}


def test_a_record_is_not_effective_before_its_day() -> None:
    found = winners(paid("now", 1), paid("later", 2, days=1))
    assert [key for _, key in effective(found, never, DAY)] == ["now"]
    assert indicators_on(found, GROUPS, decode, never, DAY)["sum"] == Decimal(1)
    assert indicators_on(found, GROUPS, decode, never, date(9000, 1, 1))["sum"] == Decimal(3)


def test_an_item_keeps_its_indicators_when_nothing_of_it_counts() -> None:
    assert indicators_on(winners(paid("k", 1, op=Op.WITHDRAW)), GROUPS, decode, never, DAY) == {
        "count": 0,
        "sum": None,
    }
    assert indicators_on(winners(record(item=MARKET)), GROUPS, decode, never, DAY) == {}


def test_the_state_has_every_live_record_whatever_its_day() -> None:
    found = winners(paid("now", 1), paid("later", 2, days=1), record(b"0", item=MARKET))
    state = state_on(found, GROUPS, decode, never, DAY)
    digest = f"{sum(fingerprint(one.envelope, True) for one in found.values()) % (1 << 128):032x}"
    told = hashlib.sha256(f"{TAX}\ncount 1000000\nsum 1000000".encode()).hexdigest()[:32]
    whole = hashlib.sha256(f"{digest}\n{told}".encode()).hexdigest()
    values = {"count": Decimal(1), "sum": Decimal(1)}
    assert state == ComputedState(whole, digest, {TAX: 2, MARKET: 1}, values, told)
