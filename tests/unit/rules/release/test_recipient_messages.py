"""Messages of ``recipient.v1`` are read as they were said, or not at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.avro.registry import full_name
from catalogue import wire
from catalogue.errors import PoisonMessage
from rules.release.recipient_messages import PortfolioEntry, RecipientVersion, TopicLoss, recipient_message
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind, digest_of
from tests.unit.rules.release.recipients_drawn import definitions

RECIPIENT, ENTRY, LOSS = map(full_name, (wire.RECIPIENT, wire.PORTFOLIO_ENTRY, wire.TOPIC_LOSS))
YINHE = RecipientDefinition("yinhe", "银河样例银行", RecipientKind.BANK, Portfolio(is_all=True))


def _said(definition: RecipientDefinition = YINHE) -> dict[str, Any]:
    text = definition.text()
    return {
        "recipient": definition.id, "version": 3, "definition": text, "digest": digest_of(text),
        "handle_key": bytes(32), "is_removed": False, "published_at": datetime(2026, 11, 30, tzinfo=UTC),
    }  # fmt: skip


@given(definitions(), st.booleans())
def test_a_definition_is_read_as_it_was_said(definition: RecipientDefinition, is_removed: bool) -> None:
    found = recipient_message(RECIPIENT, _said(definition) | {"is_removed": is_removed})
    assert found == RecipientVersion(3, definition, bytes(32), is_removed)
    assert isinstance(found, RecipientVersion)
    assert found.recipient == definition.id


def test_an_entry_is_read_as_it_was_said() -> None:
    said = {"recipient": "yinhe", "subject": "9163", "version": 1, "is_in": True, "is_resend": False}
    assert recipient_message(ENTRY, said | {"said_at": None}) == PortfolioEntry("yinhe", "9163", 1, True, False)


def test_a_loss_is_read_as_it_was_declared() -> None:
    loss = TopicLoss("yinhe", 2, {"0": 12, "1": 0}, {"0": 3, "1": 0}, "磁盘损坏", datetime(2026, 12, 1, tzinfo=UTC))
    assert recipient_message(LOSS, loss._asdict()) == loss


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (RECIPIENT, _said() | {"recipient": "qinghe"}),
        (RECIPIENT, _said() | {"digest": digest_of("{}")}),
        (RECIPIENT, _said() | {"definition": "{}", "digest": digest_of("{}")}),
        (RECIPIENT, _said() | {"handle_key": b"short"}),
        (RECIPIENT, {"recipient": "yinhe"}),
        (ENTRY, {"recipient": "yinhe"}),
        (LOSS, {"recipient": "yinhe"}),
        (full_name(wire.POSITION), _said()),
    ],
)
def test_what_says_neither_is_refused(name: str, value: dict[str, Any]) -> None:
    with pytest.raises(PoisonMessage):
        recipient_message(name, value)
