"""What the portal writes and reads: ``consent.v1`` and the changes of enterprises, under one transactional id.

After any error of Kafka the journal is lost: what was committed is only known by reading the topic again, so the
process ends and its successor begins from there. A former one that goes on is fenced.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.change_feed import ChangeFeed, Published
from bus.config import BusConfig
from bus.crypto.signing import Signer
from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition, watermarks
from bus.reading.scan import scan, scan_partitions
from bus.users import PORTAL
from catalogue.errors import HubError, PoisonMessage, Unavailable
from monitoring.metrics import OUTCOMES, RECEIVED
from portal.register import ArtefactPlace
from rules.release.consent.artefact import TYPE, Artefact, Held, digest_of, key_of, message_of, read_text, text_of
from rules.release.consent.lifecycle import Transition

log = logging.getLogger(__name__)

STAGE = PORTAL
# Most changes are of enterprises that consented to nothing, and are passed over: no need to have many in memory.
_LITTLE_AHEAD: dict[str, Any] = {"queued.max.messages.kbytes": 8192, "max.partition.fetch.bytes": 262_144}


class OfficeLost(HubError):
    """The office cannot go on: another one took over, or nobody knows whether its last transaction was committed."""


@dataclass(frozen=True, slots=True)
class SignedStep:
    """A transition that is signed, and not yet published."""

    found: Artefact
    digest: str
    value: bytes

    @property
    def key(self) -> bytes:
        """The key of its message."""
        return key_of(self.found.step.terms.subject, self.found.step.terms.number)


class ConsentJournal:
    """One writer. Not thread-safe but for ``artefact``, ``consumer`` and what it says of itself."""

    def __init__(self, config: BusConfig, signer: Signer, encode: Encoder, decode: Decoder) -> None:
        self._config, self._signer, self._encode, self._decode = config, signer, encode, decode
        self._feed = ChangeFeed(config, PORTAL, **_LITTLE_AHEAD)
        self.lost = ""
        """Why it cannot go on; empty: it does."""
        self.reached: dict[TopicPartition, int] = {}
        """Up to where the changes were followed; replaced, never changed."""

    @property
    def consumer(self) -> Consumer:
        """What reads the changes."""
        return self._feed.consumer

    def close(self) -> None:
        """Leave Kafka."""
        self._feed.close()

    def open(self, take: Callable[[Message], None]) -> None:
        """Take over from a former writer, and hand every message of ``consent.v1`` to ``take``.

        The first one of a hub follows the changes from now on: nothing was granted before. Raises Unavailable while
        Kafka is away: then again, from the beginning.
        """
        self._feed.fence()
        is_begun = False
        for message in scan(self._config, topics.CONSENT):
            is_begun = True
            try:
                take(message)
            except PoisonMessage as problem:
                OUTCOMES.labels(STAGE, topics.CONSENT, "poison").inc()
                log.error("consent.v1/%d@%d is not believed: %s", message.partition(), message.offset(), problem)
        positions = self._feed.positions()
        if is_begun and not positions:
            self._feed.refuse_forgotten(
                "Consents were granted, but up to where the portal followed changes is forgotten."
            )
        ends = self._feed.ends(topics.CHANGE)
        self._feed.begin_at({key: end for key, end in ends.items() if key not in positions})
        self.reached = self._feed.assign("The portal")
        # Where it begins is kept from here on, so that its successor misses no change.
        try:
            self._feed.publish([], [])
        except KafkaException as exc:
            raise self._end(exc) from exc

    def signed(self, held: Held | None, step: Transition) -> SignedStep:
        """Return the transition that follows an artefact, signed."""
        text = text_of(step, held.digest if held else "")
        artefact, found = self._signer.sign(text, TYPE), read_text(text)
        value = self._encode(message_of(found, artefact, self._signer.alg, self._signer.kid))
        return SignedStep(found, digest_of(artefact), value)

    def commit(self, steps: Sequence[SignedStep], messages: Sequence[Message]) -> list[ArtefactPlace]:
        """Write transitions, and the positions behind messages, in one transaction; return where the artefacts lie.

        Raises OfficeLost.
        """
        places: dict[bytes, list[ArtefactPlace]] = {}

        def delivered(error: object, message: Message) -> None:
            if error is None:
                places.setdefault(message.key(), []).append(ArtefactPlace(message.partition(), message.offset()))

        topic, count = self._config.topic(topics.CONSENT), self._config.partitions
        out: list[Published] = [
            (topic, one.value, one.key, partition_of(one.found.step.terms.subject, count)) for one in steps
        ]
        try:
            if messages:
                self._feed.publish(out, messages, is_told_first=True, on_delivery=delivered)
            elif out:
                self._feed.publish_alone(out, on_delivery=delivered)
        except KafkaException as exc:
            raise self._end(exc) from exc
        self.reached = self.reached | {
            TopicPartition(topics.CHANGE, message.partition()): message.offset() + 1 for message in messages
        }
        RECEIVED.labels(STAGE, topics.CHANGE).inc(len(messages))
        return [places[one.key].pop(0) for one in steps]

    def _end(self, cause: KafkaException) -> OfficeLost:
        self.lost = f"a transaction of the portal failed: {cause}"
        log.error("the portal ends: %s", self.lost)
        self._feed.abort()
        return OfficeLost("授权没有写入，或不知是否写入", remedy="请稍后查询该授权的状态，再决定是否重办。")

    def changes(
        self, messages: Sequence[Message], wanted: Callable[[str], bool]
    ) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield subject and value of the changes that are wanted; raises Unavailable while the registry is away."""
        for message in messages:
            subject = (message.key() or b"").decode(errors="replace")
            # Of who never consented to anything nothing is decoded.
            if not wanted(subject):
                continue
            try:
                yield subject, self._decode(message.value() or b"")
            except PoisonMessage as problem:
                OUTCOMES.labels(STAGE, topics.CHANGE, "poison").inc()
                log.error("credit.change.v1/%d@%d: %s", message.partition(), message.offset(), problem)

    def payload(self, schema_id: int, payload: bytes) -> dict[str, object] | None:
        """Decode the data of a record of a change; raises PoisonMessage, and Unavailable."""
        return self._decode.payload(schema_id, payload)

    def artefact(self, place: ArtefactPlace) -> str:
        """Return the artefact at a place; raises Unavailable."""
        key = TopicPartition(topics.CONSENT, place.partition)
        end = watermarks(self._config, [key])[key]._replace(high=place.offset + 1)
        for _, message in scan_partitions(self._config, {key: place.offset}, {key: end}):
            if message.offset() == place.offset:
                return str(self._decode(message.value() or b"")["artefact"])
        raise Unavailable(f"consent.v1/{place.partition}@{place.offset} cannot be read.")
