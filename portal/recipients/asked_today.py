"""What was asked today before the portal began, as the audit log tells it: a restart brings no new budget."""

import logging
from datetime import UTC, datetime, time, timedelta

from confluent_kafka.admin import OffsetSpec

from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, connected, offsets, watermarks
from bus.reading.scan import scan_partitions
from bus.topics import AUDIT
from catalogue.errors import PoisonMessage
from catalogue.times import SHANGHAI, business_date
from portal.recipients.budget import QuestionBudget
from rules.audit.entry import OK, AuditAct

log = logging.getLogger(__name__)

QUESTIONS = frozenset((AuditAct.QUESTION_ANSWER, AuditAct.SCORE_ANSWER))
# An entry is written a moment after the time that it names.
_EARLIER = timedelta(minutes=1)


def count_asked_today(config: BusConfig, decode: Decoder, budget: QuestionBudget, now: datetime) -> None:
    """Note every question that was answered on the day of ``now``; raises Unavailable while Kafka is away."""
    key, day = TopicPartition(AUDIT, 0), business_date(now)
    midnight = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
    begins_ms = int((midnight - _EARLIER).timestamp() * 1000)
    real, end = key.real(config), watermarks(config, [key])[key]
    found = offsets(config, connected(config, real.topic), [real], OffsetSpec.for_timestamp(begins_ms))[real]
    if found < 0:
        return
    for _, message in scan_partitions(config, {key: found}, {key: end}):
        try:
            said = decode(message.value() or b"")
        except PoisonMessage as problem:
            log.error("%s@%d is no entry of the audit log: %s", AUDIT, message.offset(), problem)
            continue
        if said["act"] in QUESTIONS and said["outcome"] == OK and business_date(said["moment"]) == day:
            budget.note(said["actor"], said["subject"], day)
