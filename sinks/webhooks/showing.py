"""What is shown of the webhooks: how long something fails, what is suspended; from the first scrape on."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from monitoring.metrics import (
    LAG_MESSAGES,
    LAG_SECONDS,
    OUTCOMES,
    RECEIVED,
    WEBHOOK_FAILING,
    WEBHOOK_REQUESTS,
    WEBHOOK_SUSPENDED,
)
from sinks.dead_letters import POISON
from sinks.webhooks import courier
from sinks.webhooks.lane import Lane


def begin(recipient: str, topic: str) -> None:
    """Let the counts of a recipient begin at 0."""
    RECEIVED.labels(courier.STAGE, topic)
    OUTCOMES.labels(courier.STAGE, topic, POISON)
    WEBHOOK_FAILING.labels(recipient)
    WEBHOOK_SUSPENDED.labels(recipient)
    for outcome in courier.OUTCOMES:
        WEBHOOK_REQUESTS.labels(recipient, outcome)


def end(recipient: str) -> None:
    """Say nothing more of a recipient that has no webhook any more."""
    for gauge in (WEBHOOK_FAILING, WEBHOOK_SUSPENDED):
        with suppress(KeyError):
            gauge.remove(recipient)


def show(lanes: Iterable[Lane], now: float) -> None:
    """Show how the lanes stand."""
    failing: dict[str, float] = defaultdict(float)
    suspended: dict[str, int] = defaultdict(int)
    for lane in lanes:
        since = lane.state.failing_since
        failing[lane.recipient] = max(failing[lane.recipient], now - since if since is not None else 0.0)
        suspended[lane.recipient] += lane.state.suspended is not None
        if lane.is_held:
            # It waits for its receiver, not for the hub: the hub's own alerts of what waits are not about it.
            for gauge in (LAG_MESSAGES, LAG_SECONDS):
                gauge.labels(courier.STAGE, lane.key.topic, str(lane.partition)).set(0)
    for recipient, seconds in failing.items():
        WEBHOOK_FAILING.labels(recipient).set(seconds)
        WEBHOOK_SUSPENDED.labels(recipient).set(suspended[recipient])
