"""The plan has a consent of every fate, and the facts by which everything is judged are those of the providers."""

from datetime import date

from tests.canaries.canary import Phase
from tests.canaries.plan import CONSENTING, CONSENTS, RECIPIENTS, VISITED, permitted, world_of

SUBJECTS = [f"S{number}" for number in range(10)]


def test_a_permission_counts_until_its_last_day_for_its_kinds() -> None:
    rows = [
        {"items": ["tax.payment"], "kinds": ["bank"], "expires": date(2026, 6, 30)},
        {"items": ["tax.payment", "tobacco.order"], "kinds": ["insurer"], "expires": date(2027, 1, 1)},
    ]
    assert permitted(rows, date(2026, 6, 30))["tax.payment"] == {"bank", "insurer"}
    assert permitted(rows, date(2026, 7, 1)) == {
        "tax.payment": frozenset({"insurer"}), "tobacco.order": frozenset({"insurer"}),
    }  # fmt: skip


def test_the_plan_has_every_fate() -> None:
    assert {one.mode for one in CONSENTS} == {"QUERY", "VIEW", "STORE", "STREAM"}
    assert {one.how for one in CONSENTS} == {"", "revoke", "pause", "expire", "page", "reject"}
    before = {(one.granted, one.ended) for one in CONSENTS if one.granted is Phase.BEGUN}
    assert {(Phase.BEGUN, Phase.BEGUN), (Phase.BEGUN, Phase.FIRST), (Phase.BEGUN, Phase.CLOSED)} <= before
    assert {one.granted for one in CONSENTS} == {None, Phase.BEGUN, Phase.GRANTED}
    assert len({one.kind for one in RECIPIENTS}) == 4
    assert len(VISITED) == 2
    assert len(CONSENTING) < len(SUBJECTS)


def test_the_facts_are_those_of_the_plan() -> None:
    world = world_of(SUBJECTS, date(2026, 7, 1))
    assert len(world.consents) == sum(one.granted is not None for one in CONSENTS)
    assert world.recipients["huangshui"].listed == {"S0", "S7", "S8"}
    assert world.permitted["tax.payment"] == {"bank", "insurer", "guarantor"}
    assert "tobacco.order" not in world.permitted
    assert "judicial.judgment" not in world.permitted
