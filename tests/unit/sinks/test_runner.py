"""The runner delivers each message once, holds the position while the receiver is away, and says so."""

from threading import Event

import pytest
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import REGISTRY

from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from catalogue.errors import IntegrityError
from monitoring.health import HealthState
from sinks.readiness import SinkReadiness
from sinks.runner import Runner, run
from tests.unit.sinks.log import TOPIC, ListSink, Log, away


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for a receiver that is away."""
    monkeypatch.setattr("sinks.holding._LEAST_WAIT_S", 0.0)


NOWHERE = BusConfig("127.0.0.1:1", "http://127.0.0.1:1")


def _counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def _in() -> float:
    return _counted("credithub_events_received_total", stage="sink.test", topic=TOPIC)


@pytest.mark.parametrize("pipelined", [False, True])
def test_everything_is_delivered_in_order_and_counted_once(pipelined: bool) -> None:
    sink, before = ListSink(Log(5), pipelined=pipelined), _in()
    delivered = _counted("credithub_deliveries_total", stage="sink.test", outcome="delivered")
    runner = Runner(sink, Event(), SinkReadiness())
    for _ in range(5):
        runner.step()
    assert sink.delivered == [0, 1, 2, 3, 4]
    assert _in() - before == 5
    assert _counted("credithub_deliveries_total", stage="sink.test", outcome="delivered") - delivered == 5
    assert sink.reached == {TopicPartition(TOPIC, 0): 5}


def test_a_pipelined_sink_prepares_the_next_batch_while_one_is_sent() -> None:
    sink = ListSink(Log(4), pipelined=True)
    runner = Runner(sink, Event(), SinkReadiness())
    for _ in range(3):
        runner.step()
    assert [call for call, _ in sink.calls] == ["prepare", "start", "prepare", "deliver", "start", "deliver"]


@pytest.mark.parametrize("pipelined", [False, True])
@pytest.mark.parametrize("call", ["prepare", "start", "deliver"])
def test_what_was_not_delivered_is_read_again_from_where_it_began(call: str, pipelined: bool) -> None:
    sink, before = ListSink(Log(6), pipelined=pipelined), _in()
    sink.fail(call, None, away(), away())
    runner = Runner(sink, Event(), SinkReadiness())
    for _ in range(9):
        runner.step()
    assert sink.delivered == [0, 1, 2, 3, 4, 5]
    assert _in() - before == 6


def test_a_batch_that_was_started_and_is_held_is_discarded_with_the_one_behind_it() -> None:
    sink = ListSink(Log(4), pipelined=True)
    sink.fail("deliver", away())
    runner = Runner(sink, Event(), SinkReadiness())
    runner.step()
    runner.step()
    assert sink.calls[-1] == ("discard", [0, 1])
    assert sink.consumer.position == 0


def test_it_is_not_ready_before_it_opened_nor_while_it_holds() -> None:
    sink, readiness = ListSink(Log(2, age_s=30)), SinkReadiness(behind_s=60)
    runner = Runner(sink, Event(), readiness)
    assert readiness().state is HealthState.RECOVERING
    runner.open()
    sink.fail("deliver", away())
    runner.step()
    assert not readiness().ready
    assert readiness().reason == "holding: The receiver is away."
    assert sink.reached == {}
    runner.step()
    assert readiness().ready


def test_what_holds_is_not_ready_again_by_an_empty_read() -> None:
    log = Log(2, age_s=30)
    sink, readiness = ListSink(log), SinkReadiness()
    runner = Runner(sink, Event(), readiness)
    runner.open()
    sink.fail("deliver", away())
    runner.step()
    log.position = 2  # as a client that was rewound, and has fetched nothing yet
    runner.step()
    assert not readiness().ready


def test_without_a_partition_it_is_not_ready() -> None:
    log, readiness = Log(0), SinkReadiness()
    log.assigned = False
    runner = Runner(ListSink(log), Event(), readiness)
    runner.open()
    runner.step()
    assert readiness().reason == "opening: no partition is assigned yet"
    log.assigned = True
    runner.step()
    assert readiness().ready


@pytest.mark.parametrize("call", ["open", "deliver"])
def test_a_failed_transaction_is_aborted_and_ends_the_process(call: str) -> None:
    sink = ListSink(Log(2))
    sink.fail(call, KafkaException(KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS)))
    with pytest.raises(KafkaException):
        run(sink, NOWHERE, Event())
    assert [call for call, _ in sink.calls][-2:] == ["abort", "close"]
    assert sink.delivered == []


def test_opening_is_tried_again_while_something_is_away_and_given_up_when_a_law_is_broken() -> None:
    sink = ListSink(Log(2))
    sink.fail("open", away(), away(), IntegrityError("lost"))
    with pytest.raises(IntegrityError):
        run(sink, NOWHERE, Event())
    assert [call for call, _ in sink.calls] == ["open", "open", "open", "close"]
