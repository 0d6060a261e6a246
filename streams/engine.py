"""The merge of one partition number: batches in, one Kafka transaction out (design, decision 4).

Records, changes, states and the input positions with their outcome counts are published together or not at all,
under a ``transactional.id`` per partition number. ``fence`` ends a former owner and says where to read on, ``restore``
fills the store from the topics. A batch is ``work``ed on and then ``commit``ted, which waits for the broker alone, so
that its caller may work on another number meanwhile; RocksDB is written behind the transaction.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import KafkaException

from bus import clients, topics
from bus.avro import writer
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.reading.scan import scan
from bus.transactions import abort, produce
from catalogue import wire
from catalogue.envelope import PERSON_PREFIX, UNIT_PREFIX, ItemId
from catalogue.errors import PoisonMessage, Unavailable
from processing.store import Store, stored_offset, stored_position
from rules.indicators.definitions import Indicator
from rules.merge import Record
from streams import restoring
from streams.merge.calendar import EPOCH, Calendar
from streams.merge.keys import record_key, record_prefix, stored_record, stored_state
from streams.merge.rolling import Rolling
from streams.merge.state import encode_changes, encode_head, encode_state, pack, unpack
from streams.merge.subject import Held, SubjectBatch, close

log = logging.getLogger(__name__)
_OUTCOMES = ("merged", "duplicate", "superseded", "rejected")
POISON_CONTEXT = "poison.raw"


class Message(NamedTuple):
    """One committed message of an input topic; a record of the Kafka client is taken as well, which has these, too."""

    offset: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """What one batch came to, with the producer but not yet acknowledged."""

    counts: dict[str, dict[str, int]]
    moved: Mapping[str, dict[str, int]]
    behind: Mapping[bytes, bytes | None]


class Engine:
    """Owns one partition number; the registry is its caller's. Not thread-safe: one batch at a time.

    ``on_progress`` is called with each part of a day, of which a batch may have many.
    """

    def __init__(
        self,
        config: BusConfig,
        number: int,
        folder: Path,
        indicators: Iterable[Indicator],
        registry: Registry,
        cipher: Cipher,
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._on_progress = on_progress
        self._cipher = cipher
        self.number = number
        self._folder = folder / f"partition-{number}"
        self._registry = registry
        self._by_item: dict[str, tuple[Indicator, ...]] = {}
        for indicator in indicators:
            self._by_item[indicator.item] = (*self._by_item.get(indicator.item, ()), indicator)
        rated = (i for one in self._by_item.values() for i in one)
        self._decode = Decoder(self._registry, {name for i in rated for name in i.reads()})
        self._as_of = EPOCH
        self._positions: dict[str, dict[str, int]] = {}
        self._failed: Exception | None = None
        self._ends: dict[str, int] = {}
        self._changelogs = {config.topic(topic): topic for topic in restoring.CHANGELOGS}
        self._store: Store
        self._has_store = self._open = False
        self._names = {topic: config.topic(topic) for topic in (topics.CHANGE, topics.REJECTED, *restoring.CHANGELOGS)}
        self._last: dict[str, tuple[bytes | None, bytes]] = {}
        # Given away: what still runs in other threads shall end.
        self.abandoned = False

    def open(self) -> None:
        """Fence a former owner, then fill the store up to what was committed."""
        self.fence()
        self.restore()

    def fence(self) -> None:
        """End a former owner's transactions and read where they ended; from here on nobody else publishes.

        Raises Unavailable when the broker is away.
        """
        self._producer = clients.producer(
            self._config,
            **{
                "transactional.id": self._config.topic(f"merge.{self.number}"),
                "transaction.timeout.ms": 60_000,
                "linger.ms": 5,
                # Each number has a producer of its own, whose first connection must not be waited for.
                "reconnect.backoff.ms": 5,
                "retry.backoff.ms": 5,
            },
        )
        try:
            self._producer.init_transactions(60)
        except KafkaException as exc:
            raise Unavailable(f"The broker did not let partition {self.number} begin: {exc}.") from exc
        for message in scan(self._config, topics.POSITION, partitions=[self.number]):
            position = self._decode(message.value())
            self._positions[position["topic"]] = {k: position[k] for k in ("next_offset", *_OUTCOMES)}

    def restore(self, on_restored: restoring.OnRestored = lambda topic, count: None) -> None:
        """Fill the store up to what was committed; a store that is not of them is made anew.

        Raises Unavailable when the broker or the registry is away.
        """
        self._store = restoring.open_store(self._config, self.number, self._folder)
        self._has_store = True
        self._record = Encoder(self._registry, topics.RECORD, wire.RECORD)
        self._person = Encoder(self._registry, topics.PERSON_RECORD, wire.RECORD)
        self._change = Encoder(self._registry, topics.CHANGE, wire.CHANGE)
        self._state = Encoder(self._registry, topics.STATE, wire.STATE)
        self._position = Encoder(self._registry, topics.POSITION, wire.POSITION)
        self._rejected = Encoder(self._registry, topics.REJECTED, wire.REJECTED)
        restoring.restore(self._config, self.number, self._store, self._by_item, self._unless_abandoned(on_restored))
        self._rolling = Rolling(self._store, self._by_item, self._decode.payload)
        reached = self._positions.get(topics.CALENDAR, {}).get("next_offset", 0)
        for message in scan(self._config, topics.CALENDAR, partitions=[self.number]):
            # A day that was not merged yet is still to be rolled to; when nothing was, there is nothing to roll.
            if message.offset() < reached or not self._positions:
                self._as_of = max(self._as_of, business_date_of(self._decode, message.value()) or EPOCH)
        self._rolling.begin(self._as_of)

    def positions(self) -> dict[str, int]:
        """Return the next offset to read of every input topic that was ever read."""
        return {topic: p["next_offset"] for topic, p in self._positions.items()}

    def abandon(self) -> None:
        """Have a restoration that runs in another thread end soon; ``close`` it then."""
        self.abandoned = True

    def _unless_abandoned(self, on_restored: restoring.OnRestored) -> restoring.OnRestored:
        def note(topic: str, count: int) -> None:
            if self.abandoned:
                raise Unavailable(f"Partition {self.number} was given away while it was restored.")
            on_restored(topic, count)

        return note

    def close(self) -> None:
        """Release the store, which was never written ahead of a transaction; a transaction left open is aborted."""
        if self._open:
            self._abort()
        if self._has_store:
            self._has_store = False
            self._store.close()

    def process(self, batches: Mapping[str, list[Message]]) -> dict[str, dict[str, int]]:
        """Merge the batches of one partition number in one transaction and return each topic's outcome counts.

        Raises whatever the broker or the registry raised; nothing was published then, and the caller
        has to close this engine and open it again.
        """
        pending = self.work(batches)
        self.commit(pending)
        return pending.counts

    def work(self, batches: Mapping[str, list[Message]]) -> Pending:
        """Merge the batches and hand what comes of them to the producer; ``commit`` it before the next ones.

        Raises as ``process`` does.
        """
        try:
            return self._merge(batches, every_payload=False)
        except PoisonMessage as problem:
            # Payloads are read late, where an indicator needs them. Once more, then, reading all of them first, and
            # with another producer, for this one's transaction was aborted. What cannot be read thereafter is a record
            # of before there was an indicator of its item.
            log.warning("partition %d: an unreadable payload: %s", self.number, problem)
            self.fence()
            self._rolling = Rolling(self._store, self._by_item, self._decode.payload, lenient=True)
            pending = self._merge(batches, every_payload=True)
            self._rolling.lenient = False
            return pending

    def _merge(self, batches: Mapping[str, list[Message]], *, every_payload: bool) -> Pending:
        subjects: dict[str, SubjectBatch] = {}
        counts: dict[str, dict[str, int]] = {}
        poison: list[tuple[str, Message, str]] = []
        days: list[date] = []
        for topic, messages in batches.items():
            tally = counts[topic] = dict.fromkeys(_OUTCOMES, 0)
            for message in messages:
                if topic == topics.CALENDAR:
                    day = business_date_of(self._decode, message.value)
                    if day is None:
                        poison.append((topic, message, "The message tells no day."))
                        tally["rejected"] += 1
                    else:
                        days.append(day)
                        tally["merged"] += 1
                    continue
                try:
                    envelope, head, schema_id, payload = self._decode.envelope(message.value or b"")
                    if every_payload:
                        self._rolling.check(envelope.item, Record(envelope, schema_id, payload, head))
                except PoisonMessage as problem:
                    poison.append((topic, message, problem.message))
                    tally["rejected"] += 1
                    continue
                subject = subjects.get(envelope.subject)
                if subject is None:
                    subject = subjects[envelope.subject] = self._subject(envelope.subject)
                tally[subject.take(Record(envelope, schema_id, payload, head))] += 1
        if days:
            self._roll(max(days))
            # Their states and records may have moved with the calendar.
            for subject in subjects.values():
                subject.held = self._held(subject.subject)
        return self._send_all(subjects, self._as_of, self._moved(counts, batches), poison, counts)

    def _roll(self, upto: date) -> None:
        Calendar(self._rolling, self._subject, self._items, self._publish).roll(self._as_of, upto)
        self._as_of = max(self._as_of, upto)

    def _items(self) -> Iterator[tuple[str, ItemId]]:
        last = (b"", b"")
        for key, _ in self._store.below(b"r"):
            subject, item, _ = key[1:].split(b"\x00", 2)
            if (subject, item) != last:
                last = (subject, item)
                yield subject.decode(), ItemId(item.decode())

    def _subject(self, subject: str) -> SubjectBatch:
        return SubjectBatch(subject, self._held(subject), self._load_record, self._load_item)

    def _held(self, subject: str) -> Held:
        raw = self._store.get(stored_state(subject))
        if raw is None:
            return Held(as_of=self._as_of)
        return unpack(raw, self._decode)

    def _load_record(self, subject: str, item: str, key: str) -> Record | None:
        raw = self._store.get(stored_record(record_key(subject, item, key)))
        return None if raw is None else self._as_record(raw)

    def _load_item(self, subject: str, item: str) -> Iterable[Record]:
        for _, raw in self._store.below(record_prefix(subject, item)):
            yield self._as_record(raw)

    def _as_record(self, raw: bytes) -> Record:
        envelope, head, schema_id, payload = self._decode.record(raw)
        return Record(envelope, schema_id, payload, head)

    def _publish(self, subjects: Mapping[str, SubjectBatch], as_of: date) -> None:
        self.commit(self._send_all(subjects, as_of, {}, [], {}))
        self._on_progress()

    def _send_all(
        self,
        subjects: Mapping[str, SubjectBatch],
        as_of: date,
        moved: Mapping[str, dict[str, int]],
        poison: list[tuple[str, Message, str]],
        counts: dict[str, dict[str, int]],
    ) -> Pending:
        behind: dict[bytes, bytes | None] = {}
        now = datetime.now(UTC)
        changed_at = writer.timestamp(now)
        self._failed, self._open, self._last = None, True, {}
        self._producer.begin_transaction()
        try:
            for subject in subjects.values():
                self._publish_subject(subject, as_of, changed_at, behind)
            for topic, message, problem in poison:
                value = self._poison(topic, message, problem, now)
                self._produce(topics.REJECTED, None, value, 0, on_delivery=self._delivered)
            for topic, position in moved.items():
                value = self._position({"topic": topic, "partition": self.number, **position})
                self._send(topics.POSITION, f"{topic}/{self.number}".encode(), value)
                behind[stored_position(topic)] = value
            self._send_last()
        except Exception:
            self._abort()
            raise
        return Pending(counts, moved, behind)

    def commit(self, pending: Pending) -> None:
        """Wait until the broker has all of it, and only then move the positions and write the store.

        Raises what the broker said; nothing was published then, and this engine is to be thrown away.
        """
        try:
            self._producer.commit_transaction(60)
            if self._failed is not None:
                raise self._failed
        except Exception:
            self._abort()
            raise
        self._open = False
        # Nobody else writes to these partitions, so the store holds all that lies before these offsets.
        reached = {
            stored_offset(topic): b"%d" % (self._ends[name] + 1)
            for name, topic in self._changelogs.items()
            if name in self._ends
        }
        self._store.write({**self._rolling.flush(), **pending.behind, **reached})
        self._positions.update(pending.moved)

    def _abort(self) -> None:
        log.warning("partition %d: transaction aborted", self.number)
        self._open = False
        abort(self._producer)

    def _moved(
        self, counts: Mapping[str, dict[str, int]], batches: Mapping[str, list[Message]]
    ) -> dict[str, dict[str, int]]:
        moved: dict[str, dict[str, int]] = {}
        for topic, messages in batches.items():
            held = self._positions.get(topic, dict.fromkeys(("next_offset", *_OUTCOMES), 0))
            moved[topic] = {
                "next_offset": messages[-1].offset + 1,
                **{name: held[name] + counts[topic][name] for name in _OUTCOMES},
            }
        return moved

    def _publish_subject(
        self, batch: SubjectBatch, as_of: date, changed_at: bytes, behind: dict[bytes, bytes | None]
    ) -> None:
        person = batch.subject.startswith(PERSON_PREFIX)
        encode, topic = (self._person, topics.PERSON_RECORD) if person else (self._record, topics.RECORD)
        for (item, key), record in batch.after.items():
            value = writer.record(encode.magic, record.head, record.schema_id, record.payload)
            message_key = record_key(batch.subject, item, key)
            self._send(topic, message_key, value)
            behind[stored_record(message_key)] = value
        if person or batch.subject.startswith(UNIT_PREFIX):
            # Persons and nil reports enter no enterprise state.
            return
        closed = close(batch, self._rolling, self._by_item, as_of)
        if closed.kept and not closed.changed:
            return
        subject, held = batch.subject.encode(), closed.held
        head = encode_head(batch.subject, held)
        if closed.changed:
            changes = encode_changes(head, batch.subject, closed, changed_at)
            for change in changes:
                self._send(topics.CHANGE, subject, self._change.wrap(change))
            if len(changes) > 1:
                held = held._replace(sequence=held.sequence + len(changes) - 1)
                head = encode_head(batch.subject, held)
        if not closed.kept:
            self._send(topics.STATE, subject, self._state.wrap(encode_state(head, held, changed_at)))
            behind[stored_state(batch.subject)] = pack(held)

    def _poison(self, topic: str, message: Message, problem: str, now: datetime) -> bytes:
        reason = {
            "field": "",
            "column": "",
            "code": "UNREADABLE",
            "message": f"消息无法解析:{problem}",
            "remedy": "请核对发送程序使用的模式(schema)后重新报送",
        }
        return self._rejected(
            {
                "submission_id": "",
                "row": message.offset,
                "unit": "",
                "region": "",
                "item": "",
                "file_name": "",
                "sheet": None,
                "reasons": [reason],
                "masked": {},
                "sealed": self._cipher.close(message.value or b"", POISON_CONTEXT),
                "source_topic": topic,
                "source_partition": self.number,
                "source_offset": message.offset,
                "replay_count": 0,
                "rejected_at": now,
            }
        )

    def _send(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Produce a message to our own partition, but for the last of each topic: ``_send_last`` has them."""
        before = self._last.get(topic)
        self._last[topic] = key, value
        if before is not None:
            produce(self._producer, self._names[topic], before[1], before[0], self.number)

    def _send_last(self) -> None:
        # Only these tell where they came to lie: the broker keeps a partition's order, and a message that is not
        # delivered fails the transaction.
        for topic, message in self._last.items():
            self._produce(topic, *message, on_delivery=self._delivered)

    def _produce(self, topic: str, key: bytes | None, value: bytes, partition: int | None = None, **more: Any) -> None:
        number = self.number if partition is None else partition
        produce(self._producer, self._names[topic], value, key, number, **more)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed = RuntimeError(f"a message was not delivered: {error}")
        else:
            self._ends[message.topic()] = message.offset()
