"""Messages, or single records of a change, that no sink can ever read: logged and counted, the same for every sink."""

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Message

from catalogue.errors import PoisonMessage
from monitoring.metrics import OUTCOMES

log = logging.getLogger(__name__)

POISON = "poison"


def pass_over(
    stage: str, topic: str, message: Message, problem: PoisonMessage, record: Mapping[str, Any] | None = None
) -> None:
    """Log and count a message of ``topic`` (without prefix) that cannot be read, or the one ``record`` that cannot."""
    unreadable = "it" if record is None else f"{record['item']} of the event {record['event_id']}"
    log.error(
        "%s/%d@%d: %s is passed over: %s", message.topic(), message.partition(), message.offset(), unreadable, problem
    )
    OUTCOMES.labels(stage, topic, POISON).inc()
