"""Makes the requests: decodes, leaves out what is no longer in force, signs, sends."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from confluent_kafka import Message

from bus.avro.decoding import Decoder
from bus.config import bank_topic
from catalogue.errors import PoisonMessage
from connectors.https_post import HttpsPost, PostAnswer, PostFailure
from monitoring.metrics import WEBHOOK_REQUESTS
from rules.release.recipient_messages import RecipientVersion
from rules.release.released import DisclosedMessage, Lost, released
from sinks import dead_letters
from sinks.webhooks.message import OffsetRange, body, headers
from sinks.webhooks.registration import WebhookRegistration
from sinks.webhooks.rights import CurrentRights
from sinks.webhooks.state import is_taken

STAGE = "sink.webhooks"
OUTCOMES = ("taken", "redirected", "refused", *PostFailure)
Clock = Callable[[], float]
"""Seconds since the epoch."""


class Parcel(NamedTuple):
    """What is to be sent to whom: messages of one partition, in order, one at least."""

    recipient: RecipientVersion
    registration: WebhookRegistration
    partition: int
    messages: Sequence[Message]


class Sent(NamedTuple):
    """What came of a parcel; how many of its messages were told whole, and how many as redacted."""

    answer: PostAnswer
    whole: int
    redacted: int


class Courier:
    """Sends. Safe to use from several threads."""

    def __init__(self, rights: CurrentRights, decode: Decoder, post: HttpsPost, clock: Clock = time.time) -> None:
        self._rights, self._decode, self._post, self._clock = rights, decode, post, clock

    def send(self, parcel: Parcel) -> Sent:
        """Send what may be told at this moment; raises Unavailable when that cannot be said."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        recipient, messages = parcel.recipient, parcel.messages
        told = self._told(parcel, self._rights.lost(recipient, now))
        redacted = sum(one.redacted is not None for one in told)
        if not told:
            # Nobody can read any of them.
            return Sent(PostAnswer(200), 0, 0)
        cut = OffsetRange(recipient.recipient, parcel.partition, messages[0].offset() or 0, messages[-1].offset() or 0)
        content, webhook = body(cut, told, now), recipient.definition.webhook
        assert webhook is not None
        answer = self._post.post(
            webhook.url, webhook.allowed, content, headers(cut, content, parcel.registration.signing(now), now)
        )
        WEBHOOK_REQUESTS.labels(recipient.recipient, _outcome(answer)).inc()
        return Sent(answer, len(told) - redacted, redacted)

    def _told(self, parcel: Parcel, lost: Lost) -> list[DisclosedMessage]:
        told = []
        for message in parcel.messages:
            raw = message.value() or b""
            try:
                told.append(released(self._decode.name(raw), self._decode(raw), lost))
            except PoisonMessage as problem:
                dead_letters.pass_over(STAGE, bank_topic(parcel.recipient.recipient), message, problem)
        return told


def _outcome(answer: PostAnswer) -> str:
    if answer.failure is not None:
        return answer.failure
    if is_taken(answer):
        return "taken"
    return "redirected" if answer.status is not None and 300 <= answer.status < 400 else "refused"
