"""A bank that begins late, and labels that change: what it was told is proved, at once and pass by pass."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from bus import topics
from bus.avro.registry import Registry
from catalogue.errors import Unavailable
from hub.commands.reconcile import proved
from proofs.continuous.running import RunningProof
from proofs.reconcile.proof import ProofScope
from rules.indicators.definitions import public_indicators
from rules.release.labels import Labels, current_labels, labels_of
from sinks.banks.recording import publish_recipients
from sinks.upstream import sink as upstream
from tests import kafka
from tests.integration.proofs.small_hub import CATALOGUE, DOUBLE, DROP, FIRST, LAST, LATE, Hub, tampered
from tests.integration.sinks.banks.releasing import definition
from tests.integration.sinks.banks.releasing import release as tell_banks
from tests.released import release
from tests.running import Running
from tests.waiting import until

PENALTY = "administration.penalty"
LATER = labels_of((item for item in CATALOGUE.items if item.id != PENALTY), {"fines_36m"})
"""Labels by which one item is told nobody any more, and one indicator alone."""


def _told(hub: Hub, labels: Labels) -> None:
    """Let banks and the platform above be told all that is due by these labels."""
    tell_banks(hub.config, hub.folder / "release", labels)
    running = Running(upstream.run, hub.config, hub.target, labels=labels)
    try:
        until(lambda: proved(hub.config, _scope(hub), 30).pending == 0)
    finally:
        running.stop()


def _scope(hub: Hub) -> ProofScope:
    return replace(hub.scope, dsn=None)


@pytest.fixture(scope="module")
def begun(hub: Hub) -> Iterator[Hub]:
    """Yield the hub with a bank that began when all was over, and whose labels changed since."""
    config = hub.config
    with closing(Registry(config)) as registry:
        # It has begun before the bank has, proves that, and goes on when the labels have changed.
        proof = RunningProof(config, _scope(hub), registry)
        assert f"bank.{LATE}" not in proof.look().pending
        publish_recipients(config, "test", [definition(LATE)])
        _told(hub, current_labels())
        result = proof.look()
        assert f"bank.{LATE}" in result.pending
        assert set(result.pending.values()) == {0}
        assert not proof.moment.differences
        release(config, labels=LATER)
        _told(hub, LATER)
        assert set(proof.look().pending.values()) == {0}
        assert not proof.moment.differences, proof.moment.differences
    hub.forge.forget()
    yield hub
    release(config)
    _told(hub, current_labels())
    hub.forge.forget()


def test_a_bank_that_begins_late_knows_what_counts_and_nothing_of_history(begun: Hub) -> None:
    said = kafka.values(begun.config, topics.bank_topic(LATE))
    first = [one for one in said if one["policy"] == 1]
    records = [one["record_key"] for one in first if "record_key" in one]
    assert {one["op"] for one in first if "item" in one} == {"REPORT"}
    assert len(records) == len(set(records)) > 0
    assert any(one.get("fines_36m") for one in first)
    later = [one for one in said if one["policy"] == 2]
    withdrawn = {one["record_key"] for one in later if one.get("op") == "WITHDRAW" and "record_key" in one}
    assert (
        withdrawn == {one["record_key"] for one in first if one.get("item") == PENALTY and "record_key" in one} != set()
    )
    assert {one["reason"] for one in later if "item" in one} == {"LABEL_CHANGED"}
    # What may not be known any more is told to be no value.
    rows = [one for one in later if "item" in one and "record_key" not in one]
    assert {one["op"] for one in rows} == {"REPORT", "WITHDRAW"}
    seen = {name for one in rows for name, value in one.items() if name in public_indicators() and value is not None}
    assert seen == {"fines_36m"}


def test_what_labels_end_is_withdrawn_as_soon_as_a_sink_has_them(begun: Hub) -> None:
    """``pytest -rP`` shows how soon: from when they are published, to a sink that starts then."""
    published = max(one.timestamp()[1] for one, _ in kafka.messages(begun.config, topics.LABEL_POLICY))
    told = {
        "banks": [m.timestamp()[1] for m, value in kafka.messages(begun.config, topics.bank_topic(LATE))
                  if value.get("reason") == "LABEL_CHANGED"],
        "the platform above": [m.timestamp()[1] for m, value in kafka.messages(begun.config, topics.UPSTREAM_UP)
                               if value["policy"] == 2],
    }  # fmt: skip
    for whom, moments in told.items():
        took_ms = max(moments) - published
        print(f"{whom}: {len(moments)} withdrawals within {took_ms} ms of the labels")
        assert 0 < took_ms < 30_000


def test_all_of_it_is_proved(begun: Hub) -> None:
    found = proved(begun.config, _scope(begun))
    assert (found.difference, found.pending, found.differences) == (0, 0, [])
    assert found.arrows[f"bank.{LATE}"].merged == len(kafka.values(begun.config, topics.bank_topic(LATE)))
    ups = kafka.values(begun.config, topics.UPSTREAM_UP)
    assert {(one["op"], one["item"]) for one in ups if one["policy"] == 2} == {("WITHDRAW", PENALTY)}


@pytest.mark.parametrize("way", [DROP, DOUBLE])
def test_a_message_of_the_beginning_that_is_lost_or_doubled_is_found(begun: Hub, way: str) -> None:
    topic = topics.bank_topic(LATE)
    view = begun.forge.view({**tampered(begun, topic, way, FIRST), **begun.forge.empty(topics.PROOF)})
    assert proved(view, _scope(begun)).difference > 0
    with closing(Registry(begun.config)) as registry:
        proof = RunningProof(view, _scope(begun), registry)
        for _ in range(2):
            proof.look()
        assert {one.arrow for one in proof.moment.differences.values()} == {f"bank.{LATE}"}


@pytest.mark.parametrize("topic", [topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT])
def test_a_withdrawal_that_never_went_up_is_found(begun: Hub, topic: str) -> None:
    view = begun.forge.view({**tampered(begun, topic, DROP, LAST), **begun.forge.empty(topics.PROOF)})
    assert proved(view, _scope(begun)).difference_by_arrow["upstream"] == 1
    with closing(Registry(begun.config)) as registry:
        proof = RunningProof(view, _scope(begun), registry)
        for _ in range(2):
            proof.look()
        assert {one.arrow for one in proof.moment.differences.values()} == {"upstream"}


def test_labels_that_are_not_the_newest_tell_nobody_anything(begun: Hub) -> None:
    before = len(kafka.values(begun.config, topics.bank_topic(LATE)))
    with pytest.raises(Unavailable, match="other labels than version"):
        tell_banks(begun.config, begun.folder / "release", current_labels())
    assert len(kafka.values(begun.config, topics.bank_topic(LATE))) == before
