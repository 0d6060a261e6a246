"""``/readyz`` of a sink: 503 with the reason before it opened and while its receiver is away, 200 afterwards."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bus import topics
from bus.config import BusConfig
from monitoring.serving import serve
from sinks.readiness import SinkReadiness
from sinks.upstream import sink
from tests import released
from tests.builders.changes import Streams
from tests.integration.sinks.test_upstream import target_of
from tests.integration.sinks.upstream_node import Node
from tests.kafka import own_topics
from tests.ports import free_port
from tests.running import Running
from tests.services import Services
from tests.waiting import until

SUBJECT = "91630100MA7540001X"
ITEM = "administration.penalty"


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    config = stack.bus(topic_prefix, partitions=2)
    with own_topics(config, [topics.CHANGE, topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT, *released.TOPICS]):
        released.release(config, "upstream")
        yield config


class Probe:
    """Asks ``/readyz`` of a sink in this process."""

    def __init__(self, readiness: SinkReadiness) -> None:
        self._port = free_port()
        serve(self._port, health=readiness)

    def ask(self) -> tuple[int, str]:
        """Return the status and the reason."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=10) as answer:
                return answer.status, json.load(answer)["reason"]
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)["reason"]

    def expect(self, status: int, reason: str) -> None:
        """Wait until it answers so."""
        until(lambda: (answer := self.ask())[0] == status and reason in answer[1], self.ask)


def _publish(config: BusConfig, number: int) -> None:
    streams = Streams(config)
    penalty = {
        "subject_name": "青海虚构样例有限公司",
        "penalty_decision_number": f"虚构罚字{number}号",
        "authority_name": "虚构机关",
        "decision_date": date(2025, 5, 30),
        "fine_amount": Decimal("20000.5000"),
    }
    streams.change(SUBJECT, number, [streams.record_change(SUBJECT, ITEM, str(number), None, penalty)])
    streams.flush()


def test_a_sink_says_when_it_may_not_be_relied_upon(config: BusConfig, tmp_path: Path) -> None:
    node, readiness = Node(tmp_path), SinkReadiness()
    probe = Probe(readiness)
    assert probe.ask() == (503, "opening: it has not opened yet")
    node.start()
    running = Running(sink.run, config, target_of(node), readiness=readiness)
    try:
        probe.expect(200, "everything that was received is delivered")
        node.kill()
        _publish(config, 1)
        probe.expect(503, "does not answer")
        assert probe.ask()[1].startswith("holding: ")
        node.start()
        probe.expect(200, "everything that was received is delivered")
    finally:
        node.kill()
        running.stop()


def test_a_sink_that_is_behind_says_by_how_much(config: BusConfig, tmp_path: Path) -> None:
    node, readiness = Node(tmp_path), SinkReadiness(behind_s=1)
    probe = Probe(readiness)
    node.start()
    running = Running(sink.run, config, target_of(node), readiness=readiness)
    try:
        probe.expect(200, "everything that was received is delivered")
        # For some seconds the sender tries again before it gives the batch up and the sink holds.
        node.kill()
        _publish(config, 1)
        probe.expect(503, "the oldest message being delivered is ")
        node.start()
        probe.expect(200, "everything that was received is delivered")
    finally:
        node.kill()
        running.stop()
