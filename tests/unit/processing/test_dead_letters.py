"""Dead letters are kept one by one, and a batch of them is one line of the log."""

from datetime import UTC, datetime

import pytest

from bus.avro.registry import OfflineRegistry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from processing.dead_letters import DeadLetters
from processing.output import DeadLetter, InputMessage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RING = KeyRing(bytes(32), {1: bytes(32)})
LETTERS = [DeadLetter("catalogue.market.v1", InputMessage(61 + n, b"raw"), "The message is torn.") for n in range(3)]


def test_a_batch_of_dead_letters_is_one_line_that_names_the_first(caplog: pytest.LogCaptureFixture) -> None:
    encoded = DeadLetters(OfflineRegistry(BusConfig("", "")), Cipher(RING)).encode(LETTERS, 3, NOW)
    assert len(encoded) == 3
    (line,) = caplog.messages
    assert line.startswith("catalogue.market.v1/3@61 cannot be read and is set aside: The message is torn. (")
    assert "messages of this batch: 3" in line


def test_nothing_is_logged_where_all_could_be_read(caplog: pytest.LogCaptureFixture) -> None:
    assert DeadLetters(OfflineRegistry(BusConfig("", "")), Cipher(RING)).encode([], 3, NOW) == []
    assert not caplog.messages
