"""The one writer of ``audit.v1``: many requests, one transaction, each waits until its entry is committed.

After any error of Kafka the log is lost, as the office is: what was committed is only known by reading again, so the
process ends, and its successor goes on behind the last entry.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from confluent_kafka import Message

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, watermarks
from bus.reading.tail import last_of
from bus.topics import AUDIT
from bus.transactions import abort, commit, fence, produce
from bus.users import PORTAL
from catalogue.errors import HubError, PoisonMessage
from monitoring.metrics import AUDIT_ENTRIES, AUDIT_WITHHELD
from portal.audit.refusals import RefusalLimit
from rules.audit.entry import AuditEntry, message_of

log = logging.getLogger(__name__)

WRITER = f"{PORTAL}.audit"
"""The transactional id of whoever writes."""
# In one transaction, and as many as wait at most: more would wait longer than anybody waits for an answer.
_AT_ONCE, _MOST_WAITING = 1000, 5000
_WRITTEN, _REFUSED, _SUMMED_UP = "answered", "refused", "summed_up"


class AuditLost(HubError):
    """An entry is not in the audit log, or nobody knows whether it is: nothing may be answered."""

    def __init__(self, why: str) -> None:
        super().__init__(f"审计记录没有写入（{why}）", remedy="请稍后查询办理结果，再决定是否重办。")


class AuditHead(NamedTuple):
    """The last entry of the chain."""

    number: int = 0
    digest: bytes = b""


class _Waiting(NamedTuple):
    entry: AuditEntry
    written: "Future[int | None]"


class AuditLog:
    """Safe to use from several threads, once it has opened."""

    def __init__(
        self,
        config: BusConfig,
        encode: Encoder,
        decode: Decoder,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config, self._encode, self._decode = config, encode, decode
        # Entries wait for one another in a transaction; the client need not wait for more of them.
        self._producer = clients.producer(config, **{"transactional.id": config.topic(WRITER), "linger.ms": 0})
        self._is_fenced = self._is_open = False
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._limit, self._lock = RefusalLimit(now), threading.Lock()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self.head = AuditHead()
        """The last entry that was committed; replaced, never changed."""
        self.lost = ""
        """Why it cannot go on; empty: it does."""
        for outcome in (_WRITTEN, _REFUSED, _SUMMED_UP):
            AUDIT_ENTRIES.labels(outcome)

    def open(self) -> None:
        """Take over from a former writer, behind its last entry; raises Unavailable while Kafka is away: then again."""
        if not self._is_fenced:
            fence(self._producer, WRITER)
            self._is_fenced = True
        self.head = self._last()
        self._is_open = True
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and what was counted of refusals, and end."""
        if self._is_open:
            self._sum_up(at_once=True)
            self._queue.put(None)
            self._thread.join()

    def record(self, entry: AuditEntry) -> "Future[int | None]":
        """Return what becomes the entry's number once it is committed; it raises AuditLost when it is not.

        None: one of too many refusals. It is counted, and the number of them is written within a minute.
        """
        written: Future[int | None] = Future()
        # Who waits no longer takes nothing back: the entry is written all the same.
        written.set_running_or_notify_cancel()
        if not self._is_open or self.lost or self._queue.qsize() >= _MOST_WAITING:
            AUDIT_WITHHELD.inc()
            why = "暂时无法写入" if self._is_open else "审计服务正在启动"
            written.set_exception(AuditLost(why))
            return written
        if entry.is_refusal:
            with self._lock:
                if not self._limit.lets_through(entry):
                    written.set_result(None)
                    return written
        self._queue.put(_Waiting(entry, written))
        return written

    def sum_up(self) -> None:
        """Write how many refusals were counted, once a minute; to be called now and then."""
        self._sum_up(at_once=False)

    def _sum_up(self, *, at_once: bool) -> None:
        with self._lock:
            sums = list(self._limit.sums(at_once=at_once))
        for entry in sums:
            self._queue.put(_Waiting(entry, Future[int | None]()))

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            waiting = [first]
            ends = False
            while len(waiting) < _AT_ONCE and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    ends = True
                    break
                waiting.append(more)
            self._write(waiting)
            if ends:
                return

    def _write(self, waiting: Sequence[_Waiting]) -> None:
        """Commit entries in one transaction, and tell who waits for each."""
        try:
            if self.lost:
                raise AuditLost("暂时无法写入")
            numbers = self._commit([one.entry for one in waiting])
        except Exception as exc:
            # Whatever it was: who waits must hear, and nothing may be written behind what nobody knows.
            if not self.lost:
                self.lost = f"the audit log was not written: {exc}"
                log.error("the portal ends: %s", self.lost)
                abort(self._producer)
            AUDIT_WITHHELD.inc(len(waiting))
            for one in waiting:
                one.written.set_exception(AuditLost("暂时无法写入"))
            return
        for one, number in zip(waiting, numbers, strict=True):
            summed = _SUMMED_UP if one.entry.count > 1 else _REFUSED if one.entry.is_refusal else _WRITTEN
            AUDIT_ENTRIES.labels(summed).inc(one.entry.count)
            one.written.set_result(number)

    def _commit(self, entries: Sequence[AuditEntry]) -> list[int]:
        topic, head, numbers = self._config.topic(AUDIT), self.head, []
        self._producer.begin_transaction()
        for entry in entries:
            number = head.number + 1
            digest = sha256(self._encode(message_of(entry, number, head.digest, b""))).digest()
            message = self._encode(message_of(entry, number, head.digest, digest))
            produce(self._producer, topic, message, entry.subject.encode() or None, 0)
            head = AuditHead(number, digest)
            numbers.append(number)
        commit(self._producer)
        self.head = head
        return numbers

    def _last(self) -> AuditHead:
        key = TopicPartition(AUDIT, 0)
        ends = watermarks(self._config, [key])
        return last_of(self._config, ends, self._head_of).get(key, AuditHead())

    def _head_of(self, message: Message) -> AuditHead | None:
        try:
            value = self._decode(message.value() or b"")
            return AuditHead(value["number"], value["digest"])
        except (PoisonMessage, KeyError) as problem:
            log.error("%s@%d is no entry of the audit log: %s", AUDIT, message.offset(), problem)
            return None
