"""How the delivery of one partition to one recipient stands; it is committed in one with the position, as its metadata.

Pure: the moment is given, in seconds since the epoch.
"""

from enum import StrEnum
from typing import NamedTuple

import orjson

from connectors.https_post import PostAnswer
from rules.release.webhooks import wait_s

_GONE = 410
_AT_ONCE = 0.0


class Suspension(StrEnum):
    """Why nothing is sent any more until an operator resumes it."""

    EXHAUSTED = "EXHAUSTED"
    """A message failed at every try, over 75 hours."""
    GONE = "GONE"
    """The receiver answered 410."""
    FORGOTTEN = "FORGOTTEN"
    """What comes next is not kept any more: it was suspended for longer than messages are kept."""


class DeliveryState(NamedTuple):
    """``failures`` in a row since ``failing_since``; not before ``retry_at`` is it tried again.

    ``order``: the number of the last order that was carried out.
    """

    failures: int = 0
    failing_since: float | None = None
    retry_at: float = _AT_ONCE
    suspended: Suspension | None = None
    order: int = 0

    def text(self) -> str:
        """Return it as the metadata of a position."""
        return orjson.dumps(self._asdict()).decode()

    def cleared(self) -> "DeliveryState":
        """Return it without any failure."""
        return DeliveryState(order=self.order)

    def encouraged(self) -> "DeliveryState":
        """Return it without the wait: another partition's message was taken after it had failed. This try is free."""
        return self._replace(retry_at=_AT_ONCE) if self.failures else self


def read_state(text: str | None) -> DeliveryState:
    """Return what ``DeliveryState.text`` wrote; of a position without metadata, one of which nothing is known."""
    if not text:
        return DeliveryState()
    said = orjson.loads(text)
    suspended = said["suspended"] and Suspension(said["suspended"])
    return DeliveryState(**{**said, "suspended": suspended})


def is_taken(answer: PostAnswer) -> bool:
    """Whether the receiver took a message: any 2xx. A redirection (3xx) is none, for nothing is followed."""
    return answer.status is not None and 200 <= answer.status < 300


def after_failure(state: DeliveryState, answer: PostAnswer, now: float) -> DeliveryState:
    """Return how it stands after a message was not taken."""
    is_free = state.failures > 0 and state.retry_at == _AT_ONCE
    failures, since = state.failures + (not is_free), state.failing_since or now
    failed = state._replace(failures=failures, failing_since=since)
    if answer.status == _GONE:
        return failed._replace(suspended=Suspension.GONE)
    seconds = wait_s(failures, answer.retry_after_s)
    if seconds is None:
        return failed._replace(suspended=Suspension.EXHAUSTED)
    return failed._replace(retry_at=now + seconds)
