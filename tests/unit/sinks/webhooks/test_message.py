"""What is sent can be verified by anybody's library of Standard Webhooks, and by nobody else's secret."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from rules.release.answering import AnswerRefusal
from rules.release.released import DisclosedMessage
from sinks.webhooks.message import OffsetRange, body, headers

# The example of the specification, and another one.
SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 32
CUT = OffsetRange("yinhe", 3, 10, 11)
TOLD = [
    DisclosedMessage("credithub.bank.TaxPayment", {"subject": "S", "sequence": 1}, {"data": {"name": "虚构"}}, None),
    DisclosedMessage("credithub.bank.TaxPayment", {"subject": "S", "sequence": 2}, None, AnswerRefusal.CONSENT_REVOKED),
]


def signed(now: datetime, *secrets: str) -> tuple[bytes, dict[str, str]]:
    content = body(CUT, TOLD, now)
    return content, dict(headers(CUT, content, secrets, now))


def test_the_library_verifies_what_is_sent() -> None:
    content, head = signed(datetime.now(UTC), SECRET)
    said = Webhook(SECRET).verify(content, head)
    assert said == orjson.loads(content)
    assert said["data"]["partition"] == 3
    assert [one["redacted"] for one in said["data"]["messages"]] == [None, "CONSENT_REVOKED"]
    assert said["data"]["messages"][1]["content"] is None
    assert head["webhook-id"] == "yinhe.3.10.11"


def test_a_signature_is_that_of_the_specification() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: id, time and body of its libraries' tests.
    now = datetime.fromtimestamp(1614265330, UTC)
    signature = Webhook(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", now, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_sign_while_one_is_exchanged() -> None:
    content, head = signed(datetime.now(UTC), SECRET, OTHER)
    for secret in (SECRET, OTHER):
        Webhook(secret).verify(content, head)


@pytest.mark.attack(
    by="a stranger", wants="a bank to take what it forged or altered for the hub's, or for another message"
)
def test_what_is_altered_or_signed_by_another_is_refused() -> None:
    content, head = signed(datetime.now(UTC), SECRET)
    forged = [
        (content.replace("虚构".encode(), "伪造".encode()), head),
        (content, head | {"webhook-id": "yinhe.3.10.12"}),
        (content, head | {"webhook-timestamp": str(int(head["webhook-timestamp"]) + 1)}),
        (content, head | {"webhook-signature": "v1,AAAA"}),
        signed(datetime.now(UTC), OTHER),
    ]
    for altered, under in forged:
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(altered, under)


@pytest.mark.attack(by="a stranger who recorded a delivery", wants="a bank to take it again, later")
def test_a_delivery_of_before_is_refused() -> None:
    content, head = signed(datetime.now(UTC) - timedelta(minutes=6), SECRET)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(content, head)
