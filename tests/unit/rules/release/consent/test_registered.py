"""What the register says pauses what was granted: only what changes, and only what somebody else signed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from catalogue.errors import PoisonMessage
from rules.release.consent.lifecycle import Act, ActReason, State
from rules.release.consent.registered import Registered, normalised_name, registered, why_paused
from tests.builders.changes import change_value, record_change
from tests.builders.consents import MOMENT, REPRESENTATIVE, lived, terms

ACTIVE = lived(terms(), Act.REQUEST, Act.GRANT)


def _payload(_: int, encoded: Any) -> Any:
    if encoded == "unreadable":
        raise PoisonMessage("x")
    return encoded


def _said(item: str, before: Any, after: Any, **more: Any) -> list[Registered]:
    change = change_value([record_change(before, after, item=item, **more)])
    return [*registered(change, _payload)]


@pytest.mark.parametrize("item", ["market.registration", "market.legal_person"])
def test_another_name_is_said_and_the_same_or_the_first_is_not(item: str) -> None:
    a, b = {"legal_rep_name": "虚构甲"}, {"legal_rep_name": "虚构乙"}
    assert _said(item, a, b) == [Registered("虚构乙")]
    for before, after in ((a, a), (a, {"legal_rep_name": "虚 构甲 "}), (None, a), ({}, a), (a, {}), (a, None)):
        assert _said(item, before, after) == []
    assert _said(item, "unreadable", b) == []
    assert _said(item, a, "unreadable") == []
    assert _said("market.shareholder", a, b) == []


def test_a_change_of_the_representative_is_said_with_its_day() -> None:
    change = {"change_matter": "法定代表人变更", "content_after": "法定代表人：虚构乙", "change_date": date(2026, 3, 1)}
    assert _said("market.change", None, change) == [Registered("虚构乙", date(2026, 3, 1))]
    assert _said("market.change", change, change) == []
    for without in ({"change_matter": "经营范围变更"}, {"change_matter": None}, {"content_after": ""}):
        assert _said("market.change", None, {**change, **without}) == []


def test_a_striking_off_is_said() -> None:
    assert _said("market.deregistration", None, {"deregistration_reason": "虚构"}) == [Registered("")]
    assert _said("market.deregistration", {"deregistration_reason": "虚构"}, None) == []


def _hash_of(name: str) -> str:
    return {"虚构甲": REPRESENTATIVE.representative}.get(name, f"hash-of-{name}")


def _why(said: Registered, **changes: Any) -> ActReason | None:
    return why_paused(replace(ACTIVE, **changes), said, _hash_of)


def test_who_signed_is_not_replaced_by_himself() -> None:
    assert _why(Registered("虚构甲")) is None
    assert _why(Registered(" 虚构 甲")) is None
    assert _why(Registered("虚构乙")) is ActReason.REPRESENTATIVE_CHANGED
    assert _why(Registered("")) is ActReason.STRUCK_OFF


def test_what_was_signed_after_the_day_of_a_change_stands() -> None:
    signed_on = date(2026, 3, 2)
    assert ACTIVE.signed_at is not None
    assert _why(Registered("虚构乙", signed_on - timedelta(days=1))) is None
    assert _why(Registered("虚构乙", signed_on)) is ActReason.REPRESENTATIVE_CHANGED


def test_what_nobody_signed_or_is_over_is_left_alone() -> None:
    states: Mapping[str, Any] = {"state": State.REVOKED}
    assert _why(Registered("虚构乙"), **states) is None
    assert _why(Registered("虚构乙"), signatory=None) is None
    paused = {"state": State.PAUSED, "reason": ActReason.BY_ENTERPRISE}
    assert _why(Registered("虚构乙"), **paused) is ActReason.REPRESENTATIVE_CHANGED
    paused["reason"] = ActReason.REPRESENTATIVE_CHANGED
    assert _why(Registered("虚构乙"), **paused) is None
    assert _why(Registered(""), **paused) is ActReason.STRUCK_OFF


def test_names_are_compared_as_people_write_them() -> None:
    assert normalised_name("Ａbc　 d") == normalised_name("abCD")
    assert ACTIVE.at > MOMENT
