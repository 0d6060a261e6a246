"""Messages, or single records of a change, that no sink can ever read: logged and counted, the same for every sink."""

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Message

from catalogue.errors import PoisonMessage
from monitoring.metrics import EVENTS

log = logging.getLogger(__name__)

_OUTCOME = "poison"


def expect(arrow: str) -> None:
    """Let an arrow's count begin at 0: Prometheus sees no increase in a series that begins with 1."""
    EVENTS.labels(arrow, _OUTCOME)


def pass_over(arrow: str, message: Message, problem: PoisonMessage, record: Mapping[str, Any] | None = None) -> None:
    """Log and count a message that cannot be read, or the one ``record`` of its change that cannot."""
    unreadable = "it" if record is None else f"{record['item']} of the event {record['event_id']}"
    log.error(
        "%s/%d@%d: %s is passed over: %s", message.topic(), message.partition(), message.offset(), unreadable, problem
    )
    EVENTS.labels(arrow, _OUTCOME).inc()
