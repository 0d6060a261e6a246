"""A thread that keeps what is known of followed topics current, and waits while Kafka or the registry is away."""

import logging
import threading
from collections.abc import Callable

from confluent_kafka import KafkaException

from bus.reading.followed_topics import FollowedTopics
from catalogue.errors import HubError, Unavailable

log = logging.getLogger(__name__)

_RETRY_S = 2.0


class Follower:
    """Reads the topics to their end, calls ``opened``, and follows them until it is stopped."""

    def __init__(
        self, feed: FollowedTopics, opened: Callable[[], None], on_end: Callable[[], None], before: Callable[[], None]
    ) -> None:
        """``before`` is done first, again and again while it raises Unavailable; ``on_end``: it can never go on."""
        self._feed, self._opened, self._on_end, self._before = feed, opened, on_end, before
        self._stop = threading.Event()
        self.problem = "it reads what counts"
        """What it waits for; empty: nothing."""
        self.is_open = False
        self.failure: Exception | None = None
        """Why the process has to end; None: it need not."""
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._retried(self._open)
            while not self._stop.is_set():
                self._retried(self._feed.follow)
        except Exception as exc:
            if not isinstance(exc, HubError | KafkaException):
                log.exception("what counts is not followed any more")
            self.failure = exc
            self._on_end()
        finally:
            self._feed.close()

    def _open(self) -> None:
        self._before()
        self._feed.open()
        self._opened()
        self.is_open = True

    def _retried(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                work()
                self.problem = ""
                return
            except Unavailable as problem:
                if self.problem != problem.message:
                    log.warning("what counts is waited for: %s", problem)
                self.problem = problem.message
                self._stop.wait(_RETRY_S)
