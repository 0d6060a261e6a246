"""The merge of one partition number: batches in, one Kafka transaction out (design, decision 4).

Records, changes, states and the input positions with their outcome counts are published together or not at all,
under a ``transactional.id`` per partition number. Opening fences a former owner, fills the store from the topics
and returns the positions to read on from; RocksDB is written behind the transaction.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from bus import topics
from bus.cipher import Cipher
from bus.codec import Decoder, Encoder, Registry, envelope_dict
from bus.config import BusConfig, producer_settings
from bus.scan import scan
from catalogue import wire
from catalogue.envelope import PERSON_PREFIX, UNIT_PREFIX
from catalogue.errors import PoisonMessage
from rules.indicators import Indicator
from rules.merge import Record
from streams.store import (
    Store,
    record_key,
    record_prefix,
    stored_offset,
    stored_position,
    stored_record,
    stored_state,
)
from streams.subject import Closed, Held, SubjectBatch, close, envelope_of

log = logging.getLogger(__name__)
_OUTCOMES = ("merged", "duplicate", "superseded", "rejected")
POISON_CONTEXT = "poison.raw"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Message:
    """One committed message of an input topic."""

    offset: int
    value: bytes


class Engine:
    """Owns one partition number; the registry is its caller's. Not thread-safe: one batch at a time."""

    def __init__(
        self,
        config: BusConfig,
        number: int,
        folder: Path,
        indicators: Iterable[Indicator],
        registry: Registry,
        cipher: Cipher,
    ) -> None:
        self._config = config
        self._cipher = cipher
        self.number = number
        self._folder = folder / f"partition-{number}"
        self._registry = registry
        self._decode = Decoder(self._registry)
        self._by_item: dict[str, tuple[Indicator, ...]] = {}
        for indicator in indicators:
            self._by_item[indicator.item] = (*self._by_item.get(indicator.item, ()), indicator)
        self._as_of = _EPOCH
        self._positions: dict[str, dict[str, int]] = {}
        self._failed: Exception | None = None

    def open(self) -> None:
        """Fence a former owner, then fill the store up to what was committed."""
        self._producer = Producer(
            producer_settings(
                self._config,
                **{
                    "transactional.id": self._config.topic(f"merge.{self.number}"),
                    "transaction.timeout.ms": 60_000,
                    "linger.ms": 5,
                },
            )
        )
        self._producer.init_transactions(60)
        self._store = Store(self._folder)
        self._record = Encoder(self._registry, topics.RECORD, wire.RECORD)
        self._person = Encoder(self._registry, topics.PERSON_RECORD, wire.RECORD)
        self._change = Encoder(self._registry, topics.CHANGE, wire.CHANGE)
        self._state = Encoder(self._registry, topics.STATE, wire.STATE)
        self._position = Encoder(self._registry, topics.POSITION, wire.POSITION)
        self._rejected = Encoder(self._registry, topics.REJECTED, wire.REJECTED)
        for topic in (topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.POSITION):
            self._restore(topic)
        for _, raw in self._store.below(b"p"):
            position = self._decode(raw)
            self._positions[position["topic"]] = {k: position[k] for k in ("next_offset", *_OUTCOMES)}
        for message in scan(self._config, topics.CALENDAR, partitions=[self.number]):
            self._as_of = max(self._as_of, self._decode(message.value())["date"])

    def positions(self) -> dict[str, int]:
        """Return the next offset to read of every input topic that was ever read."""
        return {topic: p["next_offset"] for topic, p in self._positions.items()}

    def close(self) -> None:
        """Release the store; nothing is pending between batches."""
        self._store.close()

    def _restore(self, topic: str) -> None:
        held = self._store.get(stored_offset(topic))
        start = int(held) if held else 0
        values: dict[bytes, bytes] = {}
        reached = start
        for message in scan(self._config, topic, partitions=[self.number], start=start):
            key = message.key()
            if topic in (topics.RECORD, topics.PERSON_RECORD):
                values[stored_record(key)] = message.value()
            elif topic == topics.STATE:
                values[b"s" + key] = message.value()
            else:
                values[stored_position(key.decode().rsplit("/", 1)[0])] = message.value()
            reached = message.offset() + 1
            if len(values) >= 20_000:
                self._store.write({**values, stored_offset(topic): b"%d" % reached})
                values = {}
        if reached != start:
            self._store.write({**values, stored_offset(topic): b"%d" % reached})
            log.info("partition %d: %s restored from offset %d to %d", self.number, topic, start, reached)

    def process(self, batches: Mapping[str, list[Message]]) -> dict[str, dict[str, int]]:
        """Merge the batches of one partition number in one transaction and return each topic's outcome counts.

        Raises whatever the broker or the registry raised; nothing was published then, and the caller
        has to close this engine and open it again.
        """
        self._failed = None
        subjects: dict[str, SubjectBatch] = {}
        counts: dict[str, dict[str, int]] = {}
        poison: list[tuple[str, Message, str]] = []
        as_of = self._as_of
        for topic, messages in batches.items():
            tally = counts[topic] = dict.fromkeys(_OUTCOMES, 0)
            for message in messages:
                try:
                    if topic == topics.CALENDAR:
                        as_of = max(as_of, self._decode(message.value)["date"])
                        tally["merged"] += 1
                        continue
                    envelope, schema_id, payload = self._decode.envelope(message.value)
                except PoisonMessage as problem:
                    poison.append((topic, message, problem.message))
                    tally["rejected"] += 1
                    continue
                subject = subjects.get(envelope.subject)
                if subject is None:
                    subject = subjects[envelope.subject] = self._subject(envelope.subject)
                tally[subject.take(Record(envelope, schema_id, payload))] += 1
        if as_of != self._as_of:
            for key, _ in self._store.below(b"s"):
                subjects.setdefault(key[1:].decode(), self._subject(key[1:].decode()))
        self._publish(subjects, counts, batches, poison, as_of)
        return counts

    def _subject(self, subject: str) -> SubjectBatch:
        return SubjectBatch(subject, self._held(subject), self._load_record, self._load_item)

    def _held(self, subject: str) -> Held:
        raw = self._store.get(stored_state(subject))
        if raw is None:
            return Held(as_of=self._as_of)
        state = self._decode(raw)
        return Held(
            state["subject_name"],
            state["sequence"],
            state["as_of"],
            int(state["records_digest"], 16),
            state["indicators"],
            state["counts"],
        )

    def _load_record(self, subject: str, item: str, key: str) -> Record | None:
        raw = self._store.get(stored_record(record_key(subject, item, key)))
        return None if raw is None else self._as_record(raw)

    def _load_item(self, subject: str, item: str) -> Iterable[Record]:
        for _, raw in self._store.below(record_prefix(subject, item)):
            yield self._as_record(raw)

    def _as_record(self, raw: bytes) -> Record:
        held = self._decode(raw)
        return Record(envelope_of(held), held["schema_id"], held["payload"])

    def _publish(
        self,
        subjects: Mapping[str, SubjectBatch],
        counts: Mapping[str, dict[str, int]],
        batches: Mapping[str, list[Message]],
        poison: list[tuple[str, Message, str]],
        as_of: date,
    ) -> None:
        behind: dict[bytes, bytes] = {}
        now = datetime.now(UTC)
        self._producer.begin_transaction()
        try:
            for subject in subjects.values():
                self._publish_subject(subject, as_of, now, behind)
            for topic, message, problem in poison:
                self._send(topics.REJECTED, None, self._poison(topic, message, problem, now), partition=0)
            moved = self._moved(counts, batches)
            for topic, position in moved.items():
                value = self._position({"topic": topic, "partition": self.number, **position})
                self._send(topics.POSITION, f"{topic}/{self.number}".encode(), value)
                behind[stored_position(topic)] = value
            self._producer.commit_transaction(60)
            if self._failed is not None:
                raise self._failed
        except Exception:
            log.exception("partition %d: transaction aborted", self.number)
            self._producer.abort_transaction(60)
            raise
        self._store.write(behind)
        self._positions.update(moved)
        self._as_of = as_of

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

    def _publish_subject(self, batch: SubjectBatch, as_of: date, now: datetime, behind: dict[bytes, bytes]) -> None:
        person = batch.subject.startswith(PERSON_PREFIX)
        encode, topic = (self._person, topics.PERSON_RECORD) if person else (self._record, topics.RECORD)
        for (item, key), record in sorted(batch.after.items()):
            value = encode({**envelope_dict(record.envelope), "schema_id": record.schema_id, "payload": record.payload})
            message_key = record_key(batch.subject, item, key)
            self._send(topic, message_key, value)
            behind[stored_record(message_key)] = value
        if person or batch.subject.startswith(UNIT_PREFIX):
            # Persons and nil reports enter no enterprise state.
            return
        closed = close(batch, self._by_item, as_of, self._decode.payload)
        if closed.changed:
            self._publish_change(batch.subject, closed, now)
        if closed.changed or closed.held != batch.held:
            value = self._state(_state(batch.subject, closed.held, now))
            self._send(topics.STATE, batch.subject.encode(), value)
            behind[stored_state(batch.subject)] = value

    def _publish_change(self, subject: str, closed: Closed, now: datetime) -> None:
        value = self._change(
            {
                "subject": subject,
                "subject_name": closed.held.subject_name,
                "sequence": closed.held.sequence,
                "as_of": closed.held.as_of,
                "changed_at": now,
                "records": closed.changes,
                "indicators": closed.indicators,
            }
        )
        self._send(topics.CHANGE, subject.encode(), value)

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

    def _send(self, topic: str, key: bytes | None, value: bytes, partition: int | None = None) -> None:
        number = self.number if partition is None else partition
        name = self._config.topic(topic)
        while True:
            try:
                self._producer.produce(name, value, key, number, on_delivery=self._delivered)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed = RuntimeError(f"a message was not delivered: {error}")


def state_hash(held: Held) -> str:
    """Return the hash over the winning records and the indicators of one subject; dates and sequence are outside."""
    shown = {k: None if v is None else f"{v:f}" for k, v in sorted(held.indicators.items())}
    text = json.dumps([f"{held.digest:032x}", shown], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _state(subject: str, held: Held, now: datetime) -> dict[str, Any]:
    return {
        "subject": subject,
        "subject_name": held.subject_name,
        "sequence": held.sequence,
        "as_of": held.as_of,
        "hash": state_hash(held),
        "indicators": held.indicators,
        "counts": held.counts,
        "records_digest": f"{held.digest:032x}",
        "changed_at": now,
    }
