"""What is sent: a body of messages in order, and the headers of Standard Webhooks (v1: HMAC-SHA256)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from standardwebhooks.webhooks import Webhook

from catalogue.plain_values import moment
from rules.release.released import DisclosedMessage

TYPE = "credithub.changes"


class OffsetRange(NamedTuple):
    """Of which messages of a recipient's topic a body is; both offsets are included."""

    recipient: str
    partition: int
    first: int
    last: int

    @property
    def webhook_id(self) -> str:
        """The same at each try, and another one when it is cut otherwise: so who drops repeated ids loses nothing."""
        return f"{self.recipient}.{self.partition}.{self.first}.{self.last}"


def body(cut: OffsetRange, messages: Sequence[DisclosedMessage], now: datetime) -> bytes:
    """Return the body; each message as `GET /v1/changes` gives it."""
    data = {"recipient": cut.recipient, "partition": cut.partition, "messages": [one.value() for one in messages]}
    return orjson.dumps({"type": TYPE, "timestamp": moment(now), "data": data})


def headers(cut: OffsetRange, content: bytes, signing: Sequence[str], now: datetime) -> Mapping[str, str]:
    """Return the headers; ``now``, which is signed, is aware and of UTC. One signature for each secret."""
    signatures = [Webhook(secret).sign(cut.webhook_id, now, content.decode()) for secret in signing]
    return {
        "content-type": "application/json",
        "user-agent": "credithub-webhooks",
        "webhook-id": cut.webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
