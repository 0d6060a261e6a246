"""Sends what changed to the platform above and keeps its receipts.

A batch is sent first; then what was sent, the receipts and the consumer's offsets are one Kafka transaction under one
``transactional.id``. Killed between the two, the next owner reads the same changes, sends the same keys, and the
platform answers with the receipts of the first time. While it sends, the next batch is read and encoded already.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException, Message, TopicPartition

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import partitions, refuse_beyond
from bus.reading.receiving import age_s, receive
from bus.reading.scan import scan
from bus.transactions import TRANSACTION_S, abort, commit_with, produce
from catalogue import wire
from catalogue.errors import IntegrityError, PoisonMessage, Unavailable
from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from connectors.http_out import HttpOut
from monitoring.metrics import BATCH, BATCH_EVENTS, DELIVERIES, EVENTS, LAG
from sinks import dead_letters
from sinks.upstream.delivery import ACCEPTED, Delivery, Receipt
from sinks.upstream.profile import Profile
from sinks.upstream.records import Outgoing, chunks, outgoing

log = logging.getLogger(__name__)

GROUP = "sink.upstream"
# Changes in one transaction, and about how many records: a change carries from none to hundreds of them.
BATCH_CHANGES = 2000
_BATCH_RECORDS = 10_000
_POLL_S = 0.4

Sent = list[tuple[Outgoing, Receipt]]


@dataclass(frozen=True, slots=True)
class Target:
    """The platform above as the settings name it; ``sender`` is this node's administrative division."""

    url: str
    profile: Profile
    sender: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was read together, what of it goes up by partition number, and when we began with it."""

    messages: list[Message]
    records: dict[int, list[Outgoing]]
    begun: float


def run(config: BusConfig, target: Target, stop: threading.Event, *, catalogue: Catalogue | None = None) -> None:
    """Send until ``stop``.

    A platform that is away holds the position and delays nothing but this sink. Raises KafkaException when a
    transaction failed or another process took over: the supervisor starts anew.
    """
    sink = _UpstreamSink(config, target, catalogue or load_catalogue(), stop)
    with closing(sink):
        sink.open()
        while not stop.is_set():
            sink.step()


class _UpstreamSink:
    def __init__(self, config: BusConfig, target: Target, catalogue: Catalogue, stop: threading.Event) -> None:
        self._config, self._profile, self._stop = config, target.profile, stop
        self._source = config.topic(topics.CHANGE)
        self._items = {item.id: item for item in catalogue.items if target.profile.takes(item.id)}
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._consumer = clients.consumer(config, GROUP)
        self._producer = clients.producer(config, **{"transactional.id": config.topic(GROUP)})
        self._http = HttpOut(
            target.url,
            headers=target.profile.headers(target.token),
            timeout_s=target.profile.timeout_s,
            backoff=target.profile.backoff,
            stop=stop,
        )
        retried = DELIVERIES.labels(GROUP, "retried")
        self._delivery = Delivery(self._http, target.profile, target.sender, retried.inc)
        self._pool = ThreadPoolExecutor(target.profile.parallel, "upstream")
        self._under_way: tuple[_Batch, list[Future[Sent]]] | None = None
        self._limit = BATCH_CHANGES
        self._holds = False
        self._encoders: tuple[Encoder, Encoder] | None = None
        dead_letters.expect(GROUP)
        # By partition, from where the next transaction reads on.
        self._reached: dict[int, int] = {}

    def open(self) -> None:
        """Fence a former owner and take the position of the last transaction.

        Raises IntegrityError where that position is lost, or lies beyond the end of the changes.
        """
        self._producer.init_transactions(TRANSACTION_S)
        places = [TopicPartition(self._source, p) for p in partitions(self._config, topics.CHANGE)]
        starts = self._consumer.committed(places, timeout=TRANSACTION_S)
        self._reached = {place.partition: place.offset for place in starts if place.offset >= 0}
        if not self._reached and next(scan(self._config, topics.UPSTREAM_UP), None) is not None:
            raise IntegrityError(
                "Records were sent to the platform above, but Kafka has forgotten up to where: all would go up again.",
                remedy=f"Set the offsets of the group {self._config.topic(GROUP)}, and the broker's"
                " offsets.retention.minutes to years.",
            )
        refuse_beyond(self._config, {(topics.CHANGE, p): at for p, at in self._reached.items()}, "The upstream sink")
        # Assigned, not subscribed: one process owns the way up, and need not wait for a dead one's session to end.
        self._consumer.assign(starts)

    def close(self) -> None:
        self._stop.set()
        self._pool.shutdown()
        self._http.close()
        self._consumer.close()
        self._registry.close()

    def step(self) -> None:
        """Read a batch and send it when the one before is done; or hold the position of both."""
        messages = receive(self._consumer, self._limit, _POLL_S)
        if not messages and self._under_way is None:
            if not self._holds:
                LAG.labels(GROUP, topics.CHANGE).set(0)
            return
        former = self._under_way
        try:
            batch = self._read(messages) if messages else None
            if former is not None:
                self._finish(*former)
            self._under_way = None if batch is None else (batch, self._send(batch))
        except Unavailable as exc:
            log.warning("the upstream sink holds its position: %s", exc)
            self._hold(former, messages, exc.retry_after_s)
        except KafkaException as exc:
            log.warning("upstream: transaction aborted, this process ends: %s", exc)
            abort(self._producer)
            raise

    def _read(self, messages: list[Message]) -> _Batch:
        begun = time.monotonic()
        records: dict[int, list[Outgoing]] = {}
        for message in messages:
            found = self._outgoing(message)
            if found:
                records.setdefault(message.partition(), []).extend(found)
        count = max(1, sum(len(found) for found in records.values()))
        self._limit = max(1, min(BATCH_CHANGES, _BATCH_RECORDS * len(messages) // count))
        return _Batch(messages, records, begun)

    def _outgoing(self, message: Message) -> list[Outgoing]:
        def passed_over(record: Mapping[str, Any], problem: PoisonMessage) -> None:
            dead_letters.set_aside(GROUP, message, problem, record)

        try:
            change = self._decode(message.value() or b"")
        except PoisonMessage as exc:
            dead_letters.set_aside(GROUP, message, exc)
            return []
        return outgoing(change, self._items, self._decode.payload, self._profile, passed_over)

    def _send(self, batch: _Batch) -> list[Future[Sent]]:
        # A partition's batches one after the other, so that a record's changes arrive in their order.
        return [self._pool.submit(self._deliver, records) for records in batch.records.values()]

    def _deliver(self, records: Sequence[Outgoing]) -> Sent:
        return [
            pair
            for chunk in chunks(records, self._profile.batch_records)
            for pair in zip(chunk, self._delivery.send(chunk), strict=True)
        ]

    def _finish(self, batch: _Batch, futures: Iterable[Future[Sent]]) -> None:
        """Take the receipts and commit them with what they are for."""
        sent = dict(zip(batch.records, [future.result() for future in futures], strict=True))
        # Encoded before the transaction begins: a registry that is away then leaves nothing to abort.
        out = [(number, *made) for number, pairs in sent.items() for made in self._encode(pairs)]
        self._producer.begin_transaction()
        for number, topic, key, value in out:
            produce(self._producer, self._config.topic(topic), value, key, number)
        # All of them each time, for a broker forgets each partition's offset by its own age, and all would go up again.
        reached = self._reached | {m.partition(): m.offset() + 1 for m in batch.messages}
        commit_with(self._producer, self._consumer, self._source, reached)
        self._reached = reached
        self._holds = False
        self._count(batch, [receipt for pairs in sent.values() for _, receipt in pairs])

    def _encode(self, pairs: Sent) -> Iterable[tuple[str, bytes, bytes]]:
        if self._encoders is None:
            self._encoders = (
                Encoder(self._registry, topics.UPSTREAM_UP, wire.UPSTREAM_UP),
                Encoder(self._registry, topics.UPSTREAM_RECEIPT, wire.UPSTREAM_RECEIPT),
            )
        up, back = self._encoders
        now = datetime.now(UTC)
        for record, receipt in pairs:
            subject = record.subject.encode()
            value = {
                **{name: getattr(record, name) for name in ("key", "subject", "item", "change_sequence", "op")},
                "batch_id": receipt.batch_id,
                "profile": self._profile.id,
                "sent_at": now,
            }
            yield topics.UPSTREAM_UP, subject, up(value)
            answer = {name: getattr(receipt, name) for name in Receipt.__slots__}
            yield topics.UPSTREAM_RECEIPT, subject, back(answer)

    def _hold(
        self, former: tuple[_Batch, list[Future[Sent]]] | None, messages: list[Message], retry_after_s: float
    ) -> None:
        """Forget what is read and not committed, wait, and read it again from where it began."""
        self._under_way = None
        if former is not None:
            for future in former[1]:
                future.cancel()
        starts: dict[int, int] = {}
        held = [*(former[0].messages if former else ()), *messages]
        LAG.labels(GROUP, topics.CHANGE).set(max(map(age_s, held), default=0))
        self._holds = True
        for message in held:
            starts.setdefault(message.partition(), message.offset())
        for number, offset in starts.items():
            self._consumer.seek(TopicPartition(self._source, number, offset))
        self._stop.wait(max(retry_after_s, 0.5))

    def _count(self, batch: _Batch, receipts: Sequence[Receipt]) -> None:
        accepted = sum(receipt.status == ACCEPTED for receipt in receipts)
        EVENTS.labels(GROUP, "in").inc(len(batch.messages))
        DELIVERIES.labels(GROUP, "accepted").inc(accepted)
        DELIVERIES.labels(GROUP, "rejected").inc(len(receipts) - accepted)
        BATCH.labels(GROUP).observe(time.monotonic() - batch.begun)
        BATCH_EVENTS.labels(GROUP).observe(len(batch.messages))
        LAG.labels(GROUP, topics.CHANGE).set(age_s(batch.messages[-1]))
