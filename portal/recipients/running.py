"""The thread that keeps recipients current: it reads who may ask, and follows that without end."""

from collections.abc import Callable

from bus.reading.followed_topics import FollowedTopics
from bus.reading.follower import Follower
from catalogue.errors import Unavailable
from monitoring.health import HealthState, ProcessHealth
from portal.recipients.directory import RecipientDirectory


class RecipientsRun:
    """Follows the topics. To call it is a ``monitoring.health.HealthCheck``."""

    def __init__(
        self,
        directory: RecipientDirectory,
        feed: FollowedTopics,
        count_asked: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        """``count_asked`` counts what was asked today; ``on_end`` is called when it can never go on."""
        self._directory = directory
        self._follower = Follower(feed, directory.opened, on_end, count_asked)

    @property
    def failure(self) -> Exception | None:
        """Why the process has to end; None: it need not."""
        return self._follower.failure

    def start(self) -> None:
        """Begin."""
        self._follower.start()

    def stop(self) -> None:
        """End."""
        self._follower.stop()

    def __call__(self) -> ProcessHealth:
        """Return whether recipients are answered by what counts now."""
        if not self._follower.is_open:
            return ProcessHealth(HealthState.RECOVERING, f"opening: {self._follower.problem}")
        try:
            problem = self._follower.problem or (self._directory.labels and "")
        except Unavailable as other:
            problem = other.message
        if problem:
            return ProcessHealth(HealthState.STALE, problem)
        return ProcessHealth(HealthState.CURRENT, "who may ask is followed")
