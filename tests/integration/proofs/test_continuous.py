"""The proof without end finds what the full one finds, pass by pass, over restarts, and names what it waits for."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bus import clients, topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from connectors import postgres
from monitoring.health import HealthState
from processing.output import InputMessage
from proofs.continuous.journal import announce_full_pass
from proofs.continuous.moment import KeptDifference
from proofs.continuous.passing import PassResult
from proofs.continuous.running import ProofReadiness, RunningProof, run
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.proof import ProofScope
from tests.databases import execute
from tests.forwarder import through
from tests.integration.proofs.small_hub import (
    BANKS,
    DOUBLE,
    DROP,
    ELDER,
    FIRST,
    LAST,
    MARKET,
    Hub,
    fresh,
    merge,
    rewritten,
    stray_of,
    tampered,
    without_sinks,
)
from tests.integration.proofs.tampered import View
from tests.kafka import send
from tests.running import Running
from tests.waiting import until

ALTERED = "altered"


def unproven(hub: Hub, replaced: Mapping[str, str]) -> View:
    """Return a view of the hub in which nothing is proven yet."""
    return hub.forge.view({**replaced, **hub.forge.empty(topics.PROOF)})


@contextmanager
def begun(config: BusConfig, scope: ProofScope) -> Iterator[RunningProof]:
    """Begin the proof, as a process does that was just started."""
    with closing(Registry(config)) as registry:
        yield RunningProof(config, scope, registry)


def looked(config: BusConfig, scope: ProofScope, times: int = 2) -> tuple[Sequence[KeptDifference], PassResult]:
    """Look so many times, each in another life of the process; return what is told at the end."""
    for _ in range(times):
        with begun(config, scope) as proof:
            result = proof.look()
            kept = list(proof.moment.differences.values())
    return kept, result


def test_what_is_whole_is_proven_and_read_once(hub: Hub) -> None:
    view = unproven(hub, {})
    kept, result = looked(view, hub.scope, times=1)
    assert kept == []
    assert result.read > 0
    assert set(result.pending.values()) == {0}
    assert {"file>catalogue", "catalogue>record", "record>change", "release", "postgres", "upstream"} < set(
        result.pending
    )
    with begun(view, hub.scope) as proof:
        assert proof.moment.is_settled
        again = proof.look()
        assert (again.read, again.waits_for, proof.moment.differences) == (0, "", {})
        ahead = {arrow: balance.ahead for arrow, balance in proof.moment.balances.items()}
        assert not any(ahead.values())
        assert all(balance.due == balance.seen for balance in proof.moment.balances.values())


FAULTS = [
    (MARKET, DROP, FIRST, "file>catalogue"),
    (MARKET, DOUBLE, FIRST, "file>catalogue"),
    (topics.REJECTED, DROP, FIRST, "file>catalogue"),
    (topics.REJECTED, DOUBLE, FIRST, "file>catalogue"),
    (topics.UNRESOLVED, DROP, FIRST, "file>catalogue"),
    (topics.REJECTED, DROP, LAST, "catalogue>record"),
    (topics.REJECTED, DOUBLE, LAST, "catalogue>record"),
    (topics.RECORD, DROP, LAST, "catalogue>record"),
    (topics.RECORD, DOUBLE, LAST, "catalogue>record"),
    (topics.RECORD, ALTERED, LAST, "catalogue>record"),
    (topics.PERSON_RECORD, DROP, LAST, "catalogue>record"),
    (topics.STATE, DROP, LAST, "record>change"),
    (topics.STATE, DOUBLE, LAST, "record>change"),
    (topics.CHANGE, DROP, ELDER, "record>change"),
    (topics.CHANGE, DOUBLE, ELDER, "record>change"),
    (topics.CHANGE, ALTERED, LAST, "record>change"),
    (topics.UPSTREAM_UP, DROP, FIRST, "upstream"),
    (topics.UPSTREAM_RECEIPT, DOUBLE, FIRST, "upstream"),
    (topics.RELEASE, DROP, FIRST, "release"),
    (topics.RELEASE, DOUBLE, FIRST, "release"),
    (topics.RELEASE, ALTERED, LAST, "release"),
    ("bank", DROP, LAST, "bank"),
    ("bank", DOUBLE, FIRST, "bank"),
    ("bank", ALTERED, FIRST, "bank"),
]
_EARLY = (MARKET, topics.REJECTED, topics.UNRESOLVED)
_OF_SINKS = (topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT, topics.RELEASE, "bank")


@pytest.mark.parametrize(("topic", "way", "which", "arrow"), FAULTS)
def test_a_message_lost_doubled_or_altered_is_found(hub: Hub, topic: str, way: str, which: str, arrow: str) -> None:
    bank = BANKS[0]
    if topic == "bank":
        topic, arrow = topics.bank_topic(bank), f"bank.{bank}"
    scope = hub.scope if topic in (*_OF_SINKS, topics.bank_topic(bank)) else without_sinks(hub.scope)
    if way == ALTERED:
        replaced = altered(hub, topic, which)
    elif topic in _EARLY and arrow == "file>catalogue":
        own = {stray_of(hub)} if topic == topics.REJECTED else ()
        replaced = {**fresh(hub), **tampered(hub, topic, way, which, without=own)}
    else:
        replaced = tampered(hub, topic, way, which)
    kept, _ = looked(unproven(hub, replaced), scope)
    off = {one.arrow for one in kept}
    if arrow == "release":
        # What no entry says, or says otherwise, is missed on the arrow of the bank that has it, too.
        assert arrow in off <= {arrow, *(f"bank.{one}" for one in BANKS)}, kept
    else:
        assert off == {arrow}, kept


def altered(hub: Hub, topic: str, which: str) -> dict[str, str]:
    """Return a topic with a copy in which one message says something else."""
    with closing(Registry(hub.config)) as registry:
        plain = PlainDecoder(registry)
        told = [(message, plain(message.value)) for message in hub.forge.messages(topic)]
        told = [(message, value) for message, value in told if value.get("records") != []]
        message, value = told[-1 if which == LAST else 0]
        return hub.forge.copy(topic, instead={message.spot: rewritten(registry, message.value, _otherwise(value))})


def _otherwise(value: dict[str, Any]) -> dict[str, Any]:
    if "records" in value:
        first, *rest = value["records"]
        return {**value, "records": [{**first, "content_hash": "f" * 32}, *rest]}
    if "moment" in value:
        return {**value, "moment": value["moment"] + 1}
    if "content_hash" in value:
        return {**value, "content_hash": "0" * 32}
    return {**value, "subject_name": "西宁样例另一家有限公司"}


FEEDS: dict[str, Callable[[list[InputMessage]], list[InputMessage]]] = {
    "all": list,
    DROP: lambda news: news[1:],
    DOUBLE: lambda news: [*news[:1], *news],
}


@pytest.mark.parametrize("way", FEEDS)
def test_what_the_merge_does_after_the_proven_moment(hub: Hub, tmp_path: Path, way: str) -> None:
    view, scope = unproven(hub, fresh(hub)), without_sinks(hub.scope)
    kept, result = looked(view, scope, times=1)
    assert kept == []
    assert result.pending["catalogue>record"] > 0
    assert time.time() - result.oldest_pending_at_s["catalogue>record"] > 0
    merge(view, hub.settings, tmp_path, FEEDS[way])
    kept, result = looked(view, scope)
    assert result.pending["catalogue>record"] == 0
    assert {one.arrow for one in kept} == (set() if way == "all" else {"catalogue>record"}), kept


def test_a_double_behind_the_proven_moment_stays_told_until_a_full_pass(hub: Hub) -> None:
    bank = BANKS[0]
    topic = topics.bank_topic(bank)
    view = unproven(hub, hub.forge.copy(topic))
    assert looked(view, hub.scope, times=1)[0] == []
    last = hub.forge.messages(topic)[-1]
    producer = clients.producer(view)
    producer.produce(view.topic(topic), last.value, last.key, last.spot.partition, headers=[*last.headers])
    assert producer.flush(30) == 0
    kept, _ = looked(view, hub.scope, times=3)
    assert [(one.arrow, one.count) for one in kept] == [(f"bank.{bank}", 1)]
    with closing(Registry(view)) as registry:
        # One that began before it was found says nothing of it.
        announce_full_pass(view, registry, kept[0].found_at_s - 1)
        assert looked(view, hub.scope)[0] == kept
        announce_full_pass(view, registry, time.time())
    assert looked(view, hub.scope, times=1)[0] == []
    assert looked(view, hub.scope, times=1)[0] == []


def test_a_topic_that_lost_its_tail_behind_the_proven_moment(hub: Hub) -> None:
    bank = BANKS[0]
    topic = topics.bank_topic(bank)
    proven = unproven(hub, {})
    assert looked(proven, hub.scope, times=1)[0] == []
    last = hub.forge.messages(topic)[-1]
    cut = replace(proven, replaced={**proven.replaced, **hub.forge.copy(topic, without={last.spot})})
    kept, _ = looked(cut, hub.scope)
    assert {(one.arrow, one.place) for one in kept} == {(f"bank.{bank}", f"{topic}/{last.spot.partition}")}
    assert "was proven up to" in kept[0].what


ROWS = {
    "credit_record": ("delete from {one}", "update {one} set content_hash = 'f'"),
    "credit_state": ("delete from {one}", "update {one} set hash = 'f'"),
    "credit_indicator": ("delete from {one}", "update {one} set hash = 'f'"),
    "credit_rating": ("delete from {one}", "update {one} set hash = 'f'"),
    "credit_list": ("delete from {one}", "update {one} set hash = 'f'"),
    "credit_change": ("delete from {one}", "update {one} set sequence = sequence + 900"),
    "submission": ("delete from {one}", "update {one} set accepted = accepted + 1"),
    "rejected": ("delete from {one}",),
    "unresolved": ("delete from {one}", "update {one} set state = 'f'"),
    "release_log": ("delete from {one}",),
    "audit": ("delete from {one}", "update {one} set position = position + 900"),
}


@pytest.mark.parametrize(("table", "statement"), [(table, one) for table, ways in ROWS.items() for one in ways])
def test_a_row_of_postgresql(hub: Hub, table: str, statement: str) -> None:
    dsn = hub.settings.postgres.dsn or ""
    where = f"where ctid = (select min(ctid) from {table})"
    verb, _, rest = statement.format(one=table).partition(f" {table}")
    execute(dsn, f"create table untampered as select * from {table}", f"{verb} {table}{rest} {where}")
    try:
        kept, _ = looked(unproven(hub, {}), replace(hub.scope, release=False, upstream=None), times=1)
    finally:
        execute(dsn, f"truncate {table}", f"insert into {table} select * from untampered", "drop table untampered")
    assert {(one.arrow, one.place) for one in kept} == {("postgres", table)}, kept


def test_a_table_that_somebody_locked_is_named_and_keeps_no_other_arrow_waiting(hub: Hub) -> None:
    dsn, view = hub.settings.postgres.dsn or "", unproven(hub, {})
    with begun(view, hub.scope) as proof:
        with postgres.connection(dsn) as holder, holder.cursor() as cursor:
            cursor.execute("set application_name = 'a clerk'; lock table credit_record in access exclusive mode")
            locked = proof.look()
        assert "the table credit_record is locked by process" in locked.waits_for
        assert "a clerk" in locked.waits_for
        assert locked.pending["catalogue>record"] == 0
        assert locked.pending["postgres"] > 0
        freed = proof.look()
        assert (freed.waits_for, freed.pending["postgres"], proof.moment.differences) == ("", 0, {})


def test_a_service_that_is_away_is_named_and_waited_for(hub: Hub) -> None:
    view, readiness = unproven(hub, hub.forge.copy(topics.SUBMISSION)), ProofReadiness()

    def says(state: HealthState, reason: str) -> None:
        until(lambda: readiness().state is state and reason in readiness().reason, lambda: readiness())

    with through(view.registry_url) as (registry, url), through(hub.settings.postgres.dsn or "") as (database, dsn):
        scope, own = replace(hub.scope, dsn=dsn), replace(view, registry_url=url)
        proof = Running(run, own, scope, readiness=readiness, every_s=0.1)
        says(HealthState.STALE, "The registry does not answer")
        registry.open()
        says(HealthState.STALE, "PostgreSQL does not answer")
        database.open()
        says(HealthState.CURRENT, "")
        database.shut()
        registry.shut()
        # While nothing comes nobody is asked.
        said = hub.forge.messages(topics.SUBMISSION)[-1]
        send(view, topics.SUBMISSION, [(said.key, said.value)])
        says(HealthState.STALE, "PostgreSQL does not answer")
        database.open()
        says(HealthState.CURRENT, "")
        proof.stop()
