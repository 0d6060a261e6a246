"""A recipient's own topic, read for it in parts of bounded size; what is no longer in force is told as such.

Of a message whose consents have ended since it was written, the place in the sequence is told and why nothing else is.
Messages of before today's labels are told as they were written: what other labels take back comes behind them.
"""

import threading
from collections.abc import Mapping
from typing import NamedTuple

from bus import clients
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks, watermarks
from bus.reading.scan import scan_partitions
from bus.topics import bank_topic
from catalogue.errors import HubError, PoisonMessage, Unavailable
from portal.recipients.cursors import CursorRefused, Cursors
from rules.release.released import DisclosedMessage, Lost, released

MOST_MESSAGES, MOST_BYTES = 500, 1024 * 1024
"""Of one answer; the last message may go beyond the bytes."""
# Each holds a client of Kafka, and what it fetches ahead.
_AT_ONCE, _WAIT_S = 6, 10.0
_ABOUT = "changes"


class CursorExpired(HubError):
    """What a cursor would read on from is not kept any more."""


class ChangePart(NamedTuple):
    """What was read, and by what it goes on; ``is_end``: there is nothing behind it yet."""

    messages: tuple[DisclosedMessage, ...]
    cursor: str
    is_end: bool


class ChangeReader:
    """Reads topics of recipients. Safe to use from several threads."""

    def __init__(self, config: BusConfig, decode: Decoder, cursors: Cursors) -> None:
        self._config, self._decode, self._cursors = config, decode, cursors
        self._admin = clients.admin(config)
        self._free = threading.Semaphore(_AT_ONCE)

    def read(self, recipient: str, cursor: str | None, limit: int, lost: Lost) -> ChangePart:
        """Return what follows a cursor; None: from the oldest that is kept. At most about ``limit`` messages.

        Raises CursorRefused, CursorExpired, and Unavailable while Kafka or the registry is away, or too many read.
        """
        if not self._free.acquire(timeout=_WAIT_S):
            raise Unavailable("More recipients read at once than the portal serves.", remedy="Try again in a moment.")
        try:
            return self._read(recipient, cursor, limit, lost)
        finally:
            self._free.release()

    def _read(self, recipient: str, cursor: str | None, limit: int, lost: Lost) -> ChangePart:
        topic = bank_topic(recipient)
        kept = watermarks(
            self._config,
            [TopicPartition(topic, one) for one in range(self._config.partitions)],
            admin=self._admin,
            stable=True,
        )
        starts = self._starts(recipient, cursor, kept)
        waiting = [key for key, at in starts.items() if at < kept[key].high]
        share = max(1, limit // max(1, len(waiting)))
        until = {key: min(kept[key].high, at + (share if key in waiting else 0)) for key, at in starts.items()}
        reached, messages, size = dict(starts), list[DisclosedMessage](), 0
        ends = {key: Watermarks(kept[key].low, at) for key, at in until.items()}
        for _, message in scan_partitions(self._config, starts, ends):
            key = TopicPartition(topic, message.partition())
            # Somebody goes on writing: what comes behind is the next part's.
            if message.offset() >= until[key]:
                continue
            raw = message.value() or b""
            size += len(raw)
            messages.append(self._released(raw, lost))
            reached[key] = message.offset() + 1
            if size > MOST_BYTES:
                break
        else:
            # Also over the ends of transactions, which are no messages.
            reached = until
        place = [reached[key] for key in sorted(reached)]
        is_end = all(at >= kept[key].high for key, at in reached.items())
        return ChangePart(tuple(messages), self._cursors.seal(place, recipient, _ABOUT), is_end)

    def _starts(
        self, recipient: str, cursor: str | None, kept: Mapping[TopicPartition, Watermarks]
    ) -> dict[TopicPartition, int]:
        if cursor is None:
            return {key: end.low for key, end in kept.items()}
        place = self._cursors.open(cursor, recipient, _ABOUT)
        starts = {key: int(str(at)) for key, at in zip(sorted(kept), place, strict=False)}
        if len(place) != len(kept) or any(at > kept[key].high for key, at in starts.items()):
            raise CursorRefused("游标超出了已发布的内容", remedy="平台曾重新建立，请不带游标从头读取。")
        if any(at < kept[key].low for key, at in starts.items()):
            raise CursorExpired(
                "游标所指的内容已过保留期（30天）", remedy="请不带游标从头读取，并联系平台重新发送快照。"
            )
        return starts

    def _released(self, raw: bytes, lost: Lost) -> DisclosedMessage:
        try:
            name, value = self._decode.name(raw), self._decode(raw)
        except PoisonMessage as exc:
            raise HubError(f"A message of a recipient's topic cannot be read: {exc}") from exc
        return released(name, value, lost)
