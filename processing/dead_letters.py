"""Messages that cannot be read go to ``rejected.v1`` with their reason, their bytes sealed."""

from datetime import datetime

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from catalogue import wire
from processing.output import DeadLetter

# What the cipher binds the sealed bytes to; whoever opens them names it, too.
POISON_CONTEXT = "poison.raw"


class DeadLetters:
    """Encodes dead letters. Raises Unavailable when the registry is away."""

    def __init__(self, registry: Registry, cipher: Cipher) -> None:
        self._encode = Encoder(registry, topics.REJECTED, wire.REJECTED)
        self._cipher = cipher

    def encode(self, letter: DeadLetter, partition: int, rejected_at: datetime) -> bytes:
        """Return the message of a dead letter that came from this partition of its topic."""
        reason = {
            "field": "",
            "column": "",
            "code": "UNREADABLE",
            "message": f"消息无法解析:{letter.problem}",
            "remedy": "请核对发送程序使用的模式(schema)后重新报送",
        }
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
                "sealed": self._cipher.close(letter.message.value or b"", POISON_CONTEXT),
                "source_topic": letter.topic,
                "source_partition": partition,
                "source_offset": letter.message.offset,
                "replay_count": 0,
                "rejected_at": rejected_at,
            }
        )
