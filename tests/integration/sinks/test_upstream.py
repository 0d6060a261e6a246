"""Every change goes up once and has one receipt, whatever happens to the node or the sink."""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from prometheus_client import REGISTRY
from stdnum.cn import uscc

from bus import change_feed, topics
from bus.config import BusConfig
from bus.partitions import partition_of
from catalogue.errors import IntegrityError, Unavailable
from connectors.http_out import Backoff
from rules.release.labels import current_labels, labels_of
from sinks.upstream import sink
from sinks.upstream.profile import load_profile
from sinks.upstream.sink import Target
from tests import released
from tests.builders.changes import CATALOGUE, Streams
from tests.integration.sinks.positions import failing_commit, forget, move_beyond, noted_commits
from tests.integration.sinks.upstream_node import Node
from tests.kafka import own_topics, values
from tests.running import Running
from tests.services import Services
from tests.waiting import until

# Fictitious, with true check digits: the node computes them.
A, B = (stem + uscc.calc_check_digit(stem) for stem in ("91630100MA7540001", "91630100MA7540002"))
ITEM, REPORT = "administration.penalty", "market.annual_report_basic"

# A sink that stands still where a kill hurts most: all is sent and produced, nothing committed.
_DRIVER = """
import os, sys, threading
from bus.config import BusConfig
from rules.release.labels import current_labels, labels_of
from bus import change_feed
from sinks.upstream import sink
from sinks.upstream.profile import load_profile
bootstrap, registry, prefix, url, client_file = sys.argv[1:]
token = os.environ["CREDITHUB_UPSTREAM_TOKEN"]
change_feed.commit_with = lambda *_: threading.Event().wait()
config = BusConfig(bootstrap, registry, prefix, partitions=2, client_file=client_file)
sink.run(config, sink.Target(url, load_profile("provincial"), "630100", token), threading.Event())
"""


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    config = stack.bus(topic_prefix, partitions=2)
    with own_topics(config, [topics.CHANGE, topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT, *released.TOPICS]):
        released.release(config, "upstream")
        yield config


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    node.start()
    try:
        yield node
    finally:
        node.kill()


def target_of(node: Node, *, batch_records: int = 1000, patience_s: float = 5.0) -> Target:
    backoff = Backoff(0.05, 0.5, patience_s)
    impatient = replace(load_profile("provincial"), backoff=backoff, batch_records=batch_records)
    return Target(node.url, impatient, "630100", node.token)


def _penalty(number: int, **more: Any) -> dict[str, Any]:
    return {
        "subject_name": "青海虚构样例有限公司",
        "penalty_decision_number": f"虚构罚字{number}号",
        "authority_name": "虚构机关",
        "decision_date": date(2025, 5, 30),
        "fine_amount": Decimal("20000.5000"),
        **more,
    }


def _publish(config: BusConfig, numbers: range, **more: Any) -> None:
    """Publish one change per number, with one record of A and one of B."""
    streams = Streams(config)
    for number in numbers:
        for subject in (A, B):
            record = streams.record_change(subject, ITEM, str(number), None, _penalty(number, **more))
            streams.change(subject, number + 1, [record])
    streams.flush()


def _await_receipts(config: BusConfig, count: int) -> list[dict[str, Any]]:
    receipts: list[dict[str, Any]] = []

    def came() -> bool:
        with contextlib.suppress(Unavailable):
            receipts[:] = values(config, topics.UPSTREAM_RECEIPT)
        return len(receipts) >= count

    until(came, lambda: f"{len(receipts)} of {count} receipts came")
    return receipts


def _agree(config: BusConfig, node: Node, receipts: list[dict[str, Any]]) -> None:
    """One message up and one receipt per key, and the node says the same of each."""
    sent = Counter(up["key"] for up in values(config, topics.UPSTREAM_UP))
    assert sent == Counter(receipt["key"] for receipt in receipts)
    assert set(sent.values()) == {1}
    held = {key: (batch, status) for key, batch, status in node.rows("select key, batch_id, status from receipt")}
    assert {r["key"]: (r["batch_id"], r["status"]) for r in receipts} == held


def _retried() -> float:
    return REGISTRY.get_sample_value("credithub_deliveries_total", {"stage": sink.GROUP, "outcome": "retried"}) or 0.0


def test_a_producer_whose_transaction_was_aborted_is_not_used_again(
    config: BusConfig, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(config, range(10))
    with monkeypatch.context() as broken:
        broken.setattr(change_feed, "commit_with", failing_commit)
        running = Running(sink.run, config, target_of(node))
        assert running.ended()
    with pytest.raises(KafkaException):
        running.stop()
    assert values(config, topics.UPSTREAM_RECEIPT) == []
    again = Running(sink.run, config, target_of(node))
    receipts = _await_receipts(config, 20)
    again.stop()
    _agree(config, node, receipts)


def test_what_may_be_released_goes_up_and_nothing_else(config: BusConfig, node: Node) -> None:
    streams = Streams(config)
    secret = {"subject_name": "甲", "uscc": A, "report_year": 2024, "employee_count": 77123, "is_published": False}
    gone = _penalty(2)
    streams.change(
        A,
        1,
        [
            streams.record_change(A, ITEM, "1", None, _penalty(1, id_number=b"ciphertext-77123", remark="可公开")),
            streams.record_change(A, ITEM, "2", None, gone),
            streams.record_change(A, REPORT, "2024", None, secret),
            streams.record_change(A, "tax.payment", "2024-01", None, {"tax_amount": Decimal("77123.0000")}),
        ],
    )
    streams.change(A, 2, [streams.record_change(A, ITEM, "2", gone, None)])
    streams.change(A, 3, [streams.record_change(A, REPORT, "2024", secret, {**secret, "employee_count": 77124})])
    for stranger in ("person:00ff", "unit:court:630102"):
        streams.change(stranger, 1, [streams.record_change(stranger, ITEM, "1", None, _penalty(1))])
    streams.flush()
    running = Running(sink.run, config, target_of(node))
    receipts = _await_receipts(config, 4)
    running.stop()
    assert {r["status"] for r in receipts} == {"ACCEPTED"}
    _agree(config, node, receipts)
    ups = values(config, topics.UPSTREAM_UP)
    assert [(u["item"], u["change_sequence"], u["op"]) for u in ups][-1] == (ITEM, 2, "WITHDRAW")
    assert {u["profile"] for u in ups} == {"provincial"}
    held = {row["record_key"]: row for row in node.get("/records", subject=A)}
    assert set(held) == {"1", "2", "2024"}
    assert held["1"]["data"]["fine_amount"] == "20000.5000"
    assert held["1"]["data"]["decision_date"] == "2025-05-30"
    assert held["2"]["live"] is False
    everything = repr([node.rows(f"select * from {table}") for table in ("batch", "receipt", "record")])
    assert "77123" not in everything
    assert "77124" not in everything
    assert "person:" not in everything


def test_what_cannot_be_read_is_passed_over_alone_and_sent_when_it_is_mended(config: BusConfig, node: Node) -> None:
    streams = Streams(config)
    bad = streams.unreadable(A, ITEM, "authority_name")
    streams.change(A, 1, [*bad, streams.record_change(A, ITEM, "sound", None, _penalty(1))])
    streams.tombstone(topics.CHANGE, A)
    streams.change(A, 2, [streams.mended(record, _penalty(2)) for record in bad])
    streams.flush()
    running = Running(sink.run, config, target_of(node))
    receipts = _await_receipts(config, 3)
    running.stop()
    assert {r["key"] for r in receipts} == {f"{A}|{ITEM}|{key}" for key in ("sound|1", "cut|2", "foreign|2")}
    _agree(config, node, receipts)


def test_a_rejected_record_gets_its_reason_and_holds_nobody_up(config: BusConfig, node: Node) -> None:
    _publish(config, range(5))
    _publish(config, range(5, 6), decision_date=date(2999, 1, 1))
    _publish(config, range(6, 10))
    running = Running(sink.run, config, target_of(node))
    receipts = _await_receipts(config, 20)
    running.stop()
    rejected = [r for r in receipts if r["status"] == "REJECTED"]
    assert {r["key"] for r in rejected} == {f"{s}|{ITEM}|5|6" for s in (A, B)}
    assert {r["reason"] for r in rejected} == {"“行政处罚决定日期”晚于今天"}
    _agree(config, node, receipts)
    assert len(node.get("/records", subject=A)) == 9


def test_a_batch_refused_whole_is_halved_until_the_guilty_stands_alone(config: BusConfig, node: Node) -> None:
    streams = Streams(config)
    for number in range(20):
        key = "x" * 950 if number == 13 else str(number)  # longer than the interface allows
        streams.change(A, number + 1, [streams.record_change(A, ITEM, key, None, _penalty(number))])
    streams.flush()
    running = Running(sink.run, config, target_of(node))
    receipts = _await_receipts(config, 20)
    running.stop()
    (guilty,) = [r for r in receipts if r["status"] == "REJECTED"]
    assert "record_key" in guilty["reason"]
    assert node.get("/summary")["accepted"] == 19


def test_a_node_that_dies_and_comes_back_loses_and_doubles_nothing(
    config: BusConfig, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(sink.run, config, target_of(node, batch_records=7, patience_s=1.0))
    _publish(config, range(100))
    node.await_accepted(20)
    node.kill()
    _publish(config, range(100, 200))
    # Its patience ends, and it must begin again.
    until(lambda: "holds its position" in caplog.text)
    node.start()
    receipts = _await_receipts(config, 400)
    running.stop()
    _agree(config, node, receipts)
    assert node.get("/summary")["accepted"] == 400


def test_maintenance_is_waited_for(config: BusConfig, node: Node) -> None:
    node.close_for(2)
    retried = _retried()
    _publish(config, range(10))
    running = Running(sink.run, config, target_of(node))
    until(lambda: _retried() > retried)
    node.open_again()
    begun = time.monotonic()
    receipts = _await_receipts(config, 20)
    running.stop()
    assert time.monotonic() - begun < 45
    assert _retried() > retried
    _agree(config, node, receipts)


def test_a_sink_killed_between_sending_and_committing_sends_nothing_twice(config: BusConfig, node: Node) -> None:
    _publish(config, range(50))
    arguments = (config.bootstrap, config.registry_url, config.topic_prefix, node.url, config.client_file)
    environment = {**os.environ, "CREDITHUB_UPSTREAM_TOKEN": node.token}
    doomed = subprocess.Popen((sys.executable, "-c", _DRIVER, *arguments), env=environment)
    try:
        node.await_accepted(100)
        assert values(config, topics.UPSTREAM_RECEIPT) == []
    finally:
        doomed.kill()
        doomed.wait()
    killed_at = datetime.now(UTC)
    running = Running(sink.run, config, target_of(node))
    receipts = _await_receipts(config, 100)
    _publish(config, range(50, 51))
    receipts = _await_receipts(config, 102)
    running.stop()
    _agree(config, node, receipts)
    assert sum(r["received_at"] < killed_at for r in receipts) == 100
    summary = node.get("/summary")
    assert (summary["accepted"], summary["rejected"]) == (102, 0)


@pytest.mark.parametrize(("lose", "what"), [(forget, "forgotten up to where"), (move_beyond, "it lost its tail")])
def test_a_lost_position_stops_the_sink_before_it_sends_everything_again(
    config: BusConfig, node: Node, lose: Any, what: str
) -> None:
    _publish(config, range(5))
    running = Running(sink.run, config, target_of(node))
    _await_receipts(config, 10)
    running.stop()
    lose(config, sink.GROUP)
    again = Running(sink.run, config, target_of(node))
    assert again.ended()
    with pytest.raises(IntegrityError, match=what):
        again.stop()
    assert len(values(config, topics.UPSTREAM_UP)) == 10


def test_positions_of_all_partitions_are_committed_together_so_that_none_is_forgotten_alone(
    config: BusConfig, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = noted_commits(monkeypatch)
    streams = Streams(config)
    stems = (f"91630100MA754{n:04}" for n in range(100))
    others = (stem + uscc.calc_check_digit(stem) for stem in stems)
    other = next(one for one in others if partition_of(one, 2) != partition_of(A, 2))
    for count, subject in enumerate((A, other), 1):
        streams.change(subject, 1, [streams.record_change(subject, ITEM, "1", None, _penalty(1))])
        streams.flush()
        running = Running(sink.run, config, target_of(node))
        _await_receipts(config, count)
        running.stop()
    assert [len(ends) for ends in committed] == [1, 2]
    assert committed[0].items() <= committed[1].items()


def test_a_former_owner_that_goes_on_is_fenced(config: BusConfig, node: Node) -> None:
    _publish(config, range(10))
    former = Running(sink.run, config, target_of(node))
    _await_receipts(config, 20)
    fresh = Running(sink.run, config, target_of(node))
    time.sleep(2)
    _publish(config, range(10, 20))
    receipts = _await_receipts(config, 40)
    fresh.stop()
    with pytest.raises(KafkaException) as fenced:
        former.stop()
    assert fenced.value.args[0].fatal()
    _agree(config, node, receipts)


def test_what_changed_labels_forbid_is_withdrawn_and_comes_again_when_they_allow_it(
    config: BusConfig, node: Node
) -> None:
    streams = Streams(config)
    streams.change(A, 1, [streams.record_change(A, ITEM, one, None, _penalty(int(one))) for one in "12"])
    streams.change(A, 2, [streams.record_change(A, ITEM, "2", _penalty(2), None)])
    streams.flush()
    without = labels_of((item for item in CATALOGUE.items if item.id != ITEM), ())
    for count, labels in enumerate((current_labels(), without, current_labels()), 3):
        released.release(config, labels=labels)
        running = Running(sink.run, config, target_of(node), labels=labels)
        receipts = _await_receipts(config, count)
        running.stop()
        assert len(receipts) == count
    assert {r["status"] for r in receipts} == {"ACCEPTED"}
    ups = [(u["key"].split("|", 2)[2], u["op"], u["policy"]) for u in values(config, topics.UPSTREAM_UP)]
    assert ups == [("1|1", "REPORT", 1), ("2|1", "REPORT", 1), ("2|2", "WITHDRAW", 1),
                   ("1|1|2", "WITHDRAW", 2), ("1|1|3", "REPORT", 3)]  # fmt: skip
    held = {row["record_key"]: row["live"] for row in node.get("/records", subject=A)}
    assert held == {"1": True, "2": False}
