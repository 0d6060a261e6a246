"""Who measures lag, since when it asks the broker, and what it says of one that is away."""

import logging
import socket
import time
from collections.abc import Mapping

import pytest

from bus.config import BusConfig
from bus.reading import lag_watch
from bus.reading.lag import LagReader
from bus.reading.lag_watch import LagWatch
from bus.reading.offsets import TopicPartition
from catalogue.errors import Unavailable
from monitoring.metrics import BROKER_ANSWERED
from monitoring.progress import Progress
from tests.unit.hub.stack.programs import until

NOWHERE = BusConfig("127.0.0.1:9", "http://127.0.0.1:9")


def test_a_broker_that_was_not_asked_yet_is_not_called_silent() -> None:
    before = time.time()
    LagWatch(BusConfig("127.0.0.1:1", registry_url=""), "sink.asks", dict, Progress())
    said = {sample.labels.get("stage"): sample.value for sample in next(iter(BROKER_ANSWERED.collect())).samples}
    assert before <= said["sink.asks"] <= time.time()
    # A process that asks nothing, such as the supervisor, must not look like one whose broker never answered.
    assert None not in said


def test_a_broker_that_is_away_and_comes_back_is_a_line_each(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lag_watch, "_EVERY_S", 0.01)
    caplog.set_level(logging.INFO)
    answers: list[Unavailable | None] = []
    is_away = True

    def reached() -> Mapping[TopicPartition, int]:
        answers.append(Unavailable("Kafka does not answer.") if is_away else None)
        if answers[-1] is not None:
            raise answers[-1]
        return {}

    monkeypatch.setattr(LagReader, "waiting", lambda _reader, _reached: {})
    watch = LagWatch(NOWHERE, "sink.test", reached, Progress())
    watch.start()
    try:
        until(lambda: len(answers) > 5)
        is_away = False
        until(lambda: len(answers) > answers.index(None) + 5 if None in answers else False)
    finally:
        watch.close()
    assert [record.getMessage() for record in caplog.records] == [
        "sink.test: what waits cannot be measured: Kafka does not answer.",
        "sink.test: what waits is measured again",
    ]


def test_who_owns_no_partition_hears_all_the_same_that_the_broker_is_silent() -> None:
    # A sink's session ends when its broker hangs, and with it its assignment: nothing waits then, and nobody answers.
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        config = BusConfig(f"127.0.0.1:{hanging.getsockname()[1]}", "http://127.0.0.1:9")
        progress = Progress()
        with pytest.raises(Unavailable, match="Kafka does not answer"):
            LagWatch(config, "sink.lost", dict, progress).measure()
