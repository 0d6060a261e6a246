"""Measures a stage's lag and progress on a thread of its own, so that a stage that hangs is still told."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from bus.avro.registry import unanswered
from bus.config import BusConfig
from bus.reading.lag import LagReader, Waiting
from bus.reading.offsets import TopicPartition
from catalogue.errors import HubError
from monitoring.metrics import BROKER_ANSWERED, LAG_MESSAGES, LAG_SECONDS, STALLED
from monitoring.progress import Progress

log = logging.getLogger(__name__)

_EVERY_S = 5.0
_OBSERVE_EVERY_S = 60.0
# What stands still for so long is asked for its cause, which is then known when it counts as stalled.
_ASK_CAUSE_AFTER_S = 8.0


class LagWatch:
    """Watches what waits for one stage; ``reached`` and ``cause`` are called from its thread.

    ``reached``: the next offset of each partition that this process owns, as it last committed. ``cause``: for what the
    stage waits, empty when it does not know; it may block for some seconds. ``observe`` is called about once a minute.
    """

    def __init__(
        self,
        config: BusConfig,
        stage: str,
        reached: Callable[[], Mapping[TopicPartition, int]],
        progress: Progress,
        cause: Callable[[], str] = lambda: "",
        observe: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._stage, self._reached, self._progress, self._cause = stage, reached, progress, cause
        self._observe, self._observe_at = observe, 0.0
        self._reader = LagReader(config)
        self._stop = threading.Event()
        self._waiting: dict[TopicPartition, Waiting | None] = {}
        self._is_blind = False
        self._thread = threading.Thread(target=self._run, name=f"lag-{stage}", daemon=True)
        STALLED.labels(stage).set_function(progress.stalled_s)
        # Before the first answer: since when it asks. So a new process says nothing against the broker.
        BROKER_ANSWERED.labels(stage).set_to_current_time()

    def start(self) -> None:
        """Measure every few seconds from now on."""
        self._thread.start()

    def close(self) -> None:
        """Measure no more; the thread ends soon, and nobody waits for it."""
        self._stop.set()

    def measure(self) -> None:
        """Measure once."""
        reached = dict(self._reached())
        self._waiting = {key: self._waiting.get(key) for key in reached} | self._reader.waiting(reached)
        BROKER_ANSWERED.labels(self._stage).set_to_current_time()
        for key, waiting in self._waiting.items():
            LAG_MESSAGES.labels(self._stage, *map(str, key)).set(waiting.messages if waiting else 0)
        self._progress.measured(reached, sum(w.messages for w in self._waiting.values() if w is not None))

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                self.measure()
                self._sees_again()
            except HubError as problem:
                self._progress.unmeasured(problem.message)
                if not self._is_blind:
                    self._is_blind = True
                    log.warning("%s: what waits cannot be measured: %s", self._stage, problem.message)
            except Exception as problem:
                # Whatever it is: a watch that ended in silence would say for ever that all is well.
                log.exception("%s: what waits cannot be measured", self._stage)
                self._progress.unmeasured(f"{type(problem).__name__}: {problem}")
            self._show_ages()
            if self._progress.stalled_s() > _ASK_CAUSE_AFTER_S:
                cause = self._cause() or unanswered(self._config)
                self._progress.waits_for = cause or self._progress.waits_for
            self._observe_seldom()
        self._reader.close()

    def _sees_again(self) -> None:
        if self._is_blind:
            self._is_blind = False
            log.warning("%s: what waits is measured again", self._stage)

    def _observe_seldom(self) -> None:
        if time.monotonic() < self._observe_at:
            return
        self._observe_at = time.monotonic() + _OBSERVE_EVERY_S
        try:
            self._observe()
        except HubError as problem:
            log.warning("%s: %s", self._stage, problem)

    def _show_ages(self) -> None:
        # Also when nothing could be measured: what waits grows older all the same.
        now = time.time()
        for key, waiting in self._waiting.items():
            LAG_SECONDS.labels(self._stage, *map(str, key)).set(max(0.0, now - waiting.written_at) if waiting else 0.0)
