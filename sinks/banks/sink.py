"""One bank's topic: of every change, what that bank may see, in a gapless sequence per subject.

The messages, the sequences and the consumer's offsets of a batch are one Kafka transaction under one
``transactional.id`` per bank, so a bank that reads ``read_committed`` sees 1…n whatever is killed (law 6).
"""

import logging
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
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
from catalogue.avro import Schema, bank_schema
from catalogue.errors import IntegrityError, PoisonMessage, Unavailable
from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Item
from monitoring.metrics import BATCH, BATCH_EVENTS, DELIVERIES, EVENTS, LAG
from rules.release.visible import moved_indicators, visible
from sinks import dead_letters

log = logging.getLogger(__name__)

BATCH_SIZE = 2000
# A batch waits this long to fill: the price of few transactions is latency.
_POLL_S = 0.05


def run(
    config: BusConfig,
    bank_id: str,
    stop: threading.Event,
    *,
    public_indicators: Collection[str] = frozenset(),
    catalogue: Catalogue | None = None,
) -> None:
    """Serve one bank until ``stop``; ``public_indicators`` are the ids that rest on public data alone.

    Raises KafkaException when a transaction failed or another process took over the bank: the supervisor starts anew,
    and the next process begins where the last committed transaction ended.
    """
    sink = _BankSink(config, bank_id, frozenset(public_indicators), catalogue or load_catalogue())
    with closing(sink):
        sink.open()
        while not stop.is_set():
            sink.step(stop)


class _BankSink:
    def __init__(self, config: BusConfig, bank: str, public: frozenset[str], catalogue: Catalogue) -> None:
        self._config, self._bank, self._public = config, bank, public
        self._topic, self._memory = topics.bank_topic(bank), topics.sequence_topic(bank)
        self._group = f"sink.bank.{bank}"
        self._items = {item.id: item for item in catalogue.items}
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._encoders: dict[str, Encoder] = {}
        self._by_item: dict[str, Encoder | None] = {}
        self._sequences: dict[str, int] = {}
        self._holds = False
        dead_letters.expect(self._group)
        # By partition, from where the next transaction reads on.
        self._reached: dict[int, int] = {}
        self._consumer = clients.consumer(config, self._group)
        self._producer = clients.producer(
            config, **{"transactional.id": config.topic(self._group), "compression.type": "gzip"}
        )

    def open(self) -> None:
        """Fence a former owner, restore the sequences, take the position of the last transaction."""
        self._producer.init_transactions(TRANSACTION_S)
        # Only now is everything of a former owner committed or aborted.
        for message in scan(self._config, self._memory):
            held = self._decode(message.value())
            self._sequences[held["subject"]] = held["sequence"]
        source = self._config.topic(topics.CHANGE)
        places = [TopicPartition(source, p) for p in partitions(self._config, topics.CHANGE)]
        starts = self._consumer.committed(places, timeout=TRANSACTION_S)
        if self._sequences and all(place.offset < 0 for place in starts):
            raise IntegrityError(
                f"The bank {self._bank} was given events, but Kafka has forgotten up to where: all would go out again.",
                remedy=f"Set the offsets of the group {self._config.topic(self._group)}, and the broker's"
                " offsets.retention.minutes to years.",
            )
        moved = any(place.offset > 0 for place in starts)
        if moved and not self._sequences and next(scan(self._config, self._topic), None) is not None:
            raise IntegrityError(
                f"The bank {self._bank} was given events, but {self._config.topic(self._memory)}, which says how many"
                " of each subject, is empty: all would be counted from 1 again.",
                remedy="Restore that topic from a backup, or make it anew from the bank's own topic.",
            )
        self._reached = {place.partition: place.offset for place in starts if place.offset >= 0}
        refuse_beyond(
            self._config,
            {(topics.CHANGE, p): at for p, at in self._reached.items()},
            f"The sink of the bank {self._bank}",
        )
        # Assigned, not subscribed: one process owns a bank, and need not wait for a dead one's session to end.
        self._consumer.assign(starts)

    def close(self) -> None:
        self._consumer.close()
        self._registry.close()

    def step(self, stop: threading.Event) -> None:
        """Take one batch over, or hold its position when it could not be."""
        messages = receive(self._consumer, BATCH_SIZE, _POLL_S)
        if not messages:
            if not self._holds:
                LAG.labels(self._group, topics.CHANGE).set(0)
            return
        begun = time.monotonic()
        try:
            emitted, seen = self._publish(messages)
        except Unavailable as exc:
            log.warning("bank %s holds its position: %s", self._bank, exc)
            LAG.labels(self._group, topics.CHANGE).set(max(map(age_s, messages)))
            self._holds = True
            self._rewind(messages)
            stop.wait(exc.retry_after_s)
            return
        except KafkaException as exc:
            log.warning("bank %s: transaction aborted, this process ends: %s", self._bank, exc)
            abort(self._producer)
            raise
        self._sequences.update(seen)
        self._holds = False
        self._count(messages, emitted, begun)

    def _publish(self, messages: list[Message]) -> tuple[int, dict[str, int]]:
        # Encoded before the transaction begins: a registry that is away then leaves nothing to abort.
        seen: dict[str, int] = {}
        out = [(m.partition(), *made) for m in messages for made in self._encode(m, seen)]
        mark = self._encoder(self._memory, wire.BANK_SEQUENCE)
        self._producer.begin_transaction()
        for number, subject, value in out:
            produce(self._producer, self._config.topic(self._topic), value, subject.encode(), number)
        for subject, sequence in seen.items():
            value = mark({"bank": self._bank, "subject": subject, "sequence": sequence})
            produce(self._producer, self._config.topic(self._memory), value, subject.encode(), 0)
        # All of them each time, for a broker forgets each partition's offset by its own age: one that is forgotten
        # beside others would be told all over, with new sequences.
        reached = self._reached | {m.partition(): m.offset() + 1 for m in messages}
        commit_with(self._producer, self._consumer, self._config.topic(topics.CHANGE), reached)
        self._reached = reached
        return len(out), seen

    def _encode(self, message: Message, seen: dict[str, int]) -> Iterator[tuple[str, bytes]]:
        try:
            change = self._decode(message.value() or b"")
        except PoisonMessage as exc:
            dead_letters.set_aside(self._group, message, exc)
            return
        subject = change["subject"]
        for encode, value in self._told(message, change):
            seen[subject] = seen.get(subject, self._sequences.get(subject, 0)) + 1
            yield subject, encode({**value, "sequence": seen[subject]})

    def _told(self, message: Message, change: Mapping[str, Any]) -> Iterator[tuple[Encoder, dict[str, Any]]]:
        """Yield what of a change this bank may see, without the sequence."""

        def passed_over(record: Mapping[str, Any], problem: PoisonMessage) -> None:
            dead_letters.set_aside(self._group, message, problem, record)

        head = {
            "subject": change["subject"],
            "subject_name": change["subject_name"],
            "emitted_at": datetime.now(UTC),
        }
        for turned in visible(change, self._items, self._decode.payload, "bank", passed_over):
            encoder = self._record_encoder(turned.item)
            if encoder is None:
                continue
            record, after = turned.record, turned.after
            yield (
                encoder,
                {
                    **head,
                    **{name: record[name] for name in ("item", "record_key", "source_time", "unit")},
                    "op": turned.op,
                    "withheld": [{"field": f, "reason": r} for f, r in after.withheld] if after else [],
                    "data": after.visible if after else None,
                },
            )
        values = moved_indicators(change, self._public)
        if values:
            yield (
                self._encoder(self._topic, wire.BANK_INDICATORS),
                {**head, "as_of": change["as_of"], "indicators": values},
            )

    def _record_encoder(self, item: Item) -> Encoder | None:
        if item.id not in self._by_item:
            schema = bank_schema(item)
            self._by_item[item.id] = None if schema is None else self._encoder(self._topic, schema)
        return self._by_item[item.id]

    def _encoder(self, topic: str, schema: Schema) -> Encoder:
        name = f"{schema['namespace']}.{schema['name']}"
        if name not in self._encoders:
            self._encoders[name] = Encoder(self._registry, topic, schema)
        return self._encoders[name]

    def _rewind(self, messages: list[Message]) -> None:
        starts: dict[int, int] = {}
        for m in messages:
            starts.setdefault(m.partition(), m.offset())
        for number, offset in starts.items():
            self._consumer.seek(TopicPartition(self._config.topic(topics.CHANGE), number, offset))

    def _count(self, messages: list[Message], emitted: int, begun: float) -> None:
        EVENTS.labels(self._group, "in").inc(len(messages))
        DELIVERIES.labels(self._group, "delivered").inc(emitted)
        BATCH.labels(self._group).observe(time.monotonic() - begun)
        BATCH_EVENTS.labels(self._group).observe(len(messages))
        LAG.labels(self._group, topics.CHANGE).set(age_s(messages[-1]))
