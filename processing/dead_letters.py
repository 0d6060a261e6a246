"""Messages that cannot be read go to ``rejected.v1`` with their reason, their bytes sealed."""

import logging
from collections.abc import Sequence
from datetime import datetime

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher, bound
from catalogue import wire
from processing.output import DeadLetter

log = logging.getLogger(__name__)

# What the cipher binds the sealed bytes to; whoever opens them names it, too.
POISON_CONTEXT = "poison.raw"


class DeadLetters:
    """Encodes dead letters. Raises Unavailable when the registry is away."""

    def __init__(self, registry: Registry, cipher: Cipher) -> None:
        self._encode = Encoder(registry, topics.REJECTED, wire.REJECTED)
        self._cipher = cipher

    def encode(self, letters: Sequence[DeadLetter], partition: int, rejected_at: datetime) -> list[bytes]:
        """Return the messages of dead letters that came from this partition of their topics; log where the first is.

        Not each: whoever writes with another schema may write a million.
        """
        if letters:
            first = letters[0]
            log.error(
                "%s/%d@%d cannot be read and is set aside: %s (messages of this batch: %d;"
                " `credithub rejected list --unreadable`)",
                first.topic, partition, first.message.offset, first.problem, len(letters),
            )  # fmt: skip
        return [self._message(letter, partition, rejected_at) for letter in letters]

    def _message(self, letter: DeadLetter, partition: int, rejected_at: datetime) -> bytes:
        # In English, for it is the operator's: no clerk sent it in a file, and no receipt names it.
        reason = {
            "field": "",
            "column": "",
            "code": "UNREADABLE",
            "message": letter.problem,
            "remedy": "find who writes to this topic with another schema; have the records pushed as files",
        }
        record = bound(letter.topic, str(partition), str(letter.message.offset))
        return self._encode(
            {
                "submission_id": "",
                "row": letter.message.offset,
                "unit": "",
                "region": "",
                "item": "",
                "file_name": "",
                "sheet": None,
                "reasons": [reason],
                "masked": {},
                "sealed": self._cipher.close(letter.message.value or b"", POISON_CONTEXT, record),
                "source_topic": letter.topic,
                "source_partition": partition,
                "source_offset": letter.message.offset,
                "replay_count": 0,
                "rejected_at": rejected_at,
            }
        )
