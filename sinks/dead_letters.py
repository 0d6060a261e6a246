"""What a sink passes over because it can never be read: named in the log and counted, the same for every sink."""

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Message

from catalogue.errors import PoisonMessage
from monitoring.metrics import EVENTS

log = logging.getLogger(__name__)

_OUTCOME = "poison"


def expect(label: str) -> None:
    """Let the count begin at 0: Prometheus sees no increase in a series that begins with one."""
    EVENTS.labels(label, _OUTCOME)


def set_aside(label: str, message: Message, problem: PoisonMessage, record: Mapping[str, Any] | None = None) -> None:
    """Note a message, or one record of its change, that cannot be read; ``label`` is the sink's in the metrics."""
    what = "it" if record is None else f"{record['item']} of the event {record['event_id']}"
    log.error("%s/%d@%d: %s is set aside: %s", message.topic(), message.partition(), message.offset(), what, problem)
    EVENTS.labels(label, _OUTCOME).inc()
