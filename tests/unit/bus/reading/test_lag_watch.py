"""Who measures lag, and since when it asks the broker."""

import time

from bus.config import BusConfig
from bus.reading.lag_watch import LagWatch
from monitoring.metrics import BROKER_ANSWERED
from monitoring.progress import Progress


def test_a_broker_that_was_not_asked_yet_is_not_called_silent() -> None:
    before = time.time()
    LagWatch(BusConfig("127.0.0.1:1", registry_url=""), "sink.asks", dict, Progress())
    said = {sample.labels.get("stage"): sample.value for sample in next(iter(BROKER_ANSWERED.collect())).samples}
    assert before <= said["sink.asks"] <= time.time()
    # A process that asks nothing, such as the supervisor, must not look like one whose broker never answered.
    assert None not in said
