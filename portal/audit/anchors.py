"""Signs up to where the chains came, once a minute, into ``anchor.v1``, and finds the anchor of a moment.

Heads are read from the topics, not remembered: an anchor says what everybody can read.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from confluent_kafka import Message
from confluent_kafka.admin import OffsetSpec

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import full_name
from bus.config import BusConfig
from bus.crypto.signing import ForgedSignature, Signer, Verifier
from bus.reading.offsets import TopicPartition, connected, offsets, partitions, watermarks
from bus.reading.tail import last_of
from bus.sole_writer import sole_writer
from bus.topics import ANCHOR, AUDIT, RELEASE
from bus.users import PORTAL
from catalogue import wire
from catalogue.errors import IntegrityError, PoisonMessage, Unavailable
from monitoring.metrics import ANCHOR_LOOKED_AT, ANCHORS
from rules.audit.anchor import (
    ANCHOR_TYPE,
    Anchor,
    ChainHead,
    anchor_digest,
    anchor_message,
    anchor_text,
    read_anchor_message,
)

log = logging.getLogger(__name__)

EVERY_S = 60.0
_LATE_AFTER_S = 300.0
_WRITER = f"{PORTAL}.anchor"
_PLACE = TopicPartition(ANCHOR, 0)
# What links each chain: of the release the steps, not the entries between them.
_LINKS = {AUDIT: full_name(wire.AUDIT_ENTRY), RELEASE: full_name(wire.RELEASE_STEP)}
_ANCHOR = full_name(wire.ANCHOR)


class SignedAnchor(NamedTuple):
    """An anchor that this hub signed, and its signed text."""

    anchor: Anchor
    artefact: str
    alg: str
    kid: str


class AnchorBook:
    """Safe to use from several threads; every method raises Unavailable while Kafka is away.

    What is no anchor, or none that this hub signed, is passed over.
    """

    def __init__(self, config: BusConfig, signer: Signer, verifier: Verifier, encode: Encoder, decode: Decoder) -> None:
        self._config, self._signer, self._verifier = config, signer, verifier
        self._encode, self._decode = encode, decode

    def newest(self) -> SignedAnchor | None:
        """Return the newest anchor; None: there is none yet."""
        ends = watermarks(self._config, [_PLACE], stable=True)
        return last_of(self._config, ends, self._anchor_of).get(_PLACE)

    def at(self, moment: datetime) -> SignedAnchor | None:
        """Return the newest anchor that was published at a moment or before it; None: there is none."""
        ends, real = watermarks(self._config, [_PLACE], stable=True)[_PLACE], _PLACE.real(self._config)
        behind = OffsetSpec.for_timestamp(int(moment.timestamp() * 1000) + 1)
        admin = connected(self._config, real.topic)
        # Below 0: nothing came since.
        first = offsets(self._config, admin, [real], behind)[real]
        upto = ends if first < 0 else ends._replace(high=min(first, ends.high))
        return last_of(self._config, {_PLACE: upto}, self._anchor_of).get(_PLACE)

    def sign(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> bool:
        """Publish the heads of the chains when any moved; whether it did.

        Raises IntegrityError where a chain is shorter than it was: then nothing is signed any more.
        """
        heads = self.heads()
        if heads == _heads_of(self.newest()):
            return False
        with sole_writer(self._config, ANCHOR, _WRITER) as send:
            # Only now everything is visible that was committed before.
            newest = self.newest()
            if heads == _heads_of(newest):
                return False
            refuse_shorter(heads, _heads_of(newest))
            number, previous = (newest.anchor.number, anchor_digest(newest.artefact)) if newest else (0, "")
            anchor = Anchor(number + 1, now(), previous, heads)
            artefact = self._signer.sign(anchor_text(anchor), ANCHOR_TYPE)
            send(self._encode(anchor_message(anchor, artefact, self._signer.alg, self._signer.kid)), "", 0)
        return True

    def refuse_lost_entries(self) -> None:
        """Raise IntegrityError when the audit log ends before where an anchor says that it came."""
        before = [head for head in _heads_of(self.newest()) if head.topic == AUDIT]
        refuse_shorter(self.heads(), before)

    def heads(self) -> tuple[ChainHead, ...]:
        """Return the newest link of each chain that has begun."""
        keys = [TopicPartition(topic, one) for topic in sorted(_LINKS) for one in partitions(self._config, topic)]
        ends = watermarks(self._config, keys, stable=True)
        found = last_of(self._config, ends, self._link_of)
        return tuple(ChainHead(*key, *found[key]) for key in keys if key in found)

    def _link_of(self, message: Message) -> tuple[int, bytes] | None:
        raw = message.value() or b""
        try:
            if self._decode.name(raw) not in _LINKS.values():
                return None
            value = self._decode(raw)
            return value["number"], value["digest"]
        except PoisonMessage:
            return None

    def _anchor_of(self, message: Message) -> SignedAnchor | None:
        raw = message.value() or b""
        try:
            if self._decode.name(raw) != _ANCHOR:
                return None
            value = self._decode(raw)
            signed = self._verifier.verify(value["artefact"], ANCHOR_TYPE)
            anchor = read_anchor_message(value, signed.payload, signed.alg, signed.kid)
            return SignedAnchor(anchor, value["artefact"], signed.alg, signed.kid)
        except (PoisonMessage, ForgedSignature, ValueError) as problem:
            log.error("%s@%d is no anchor: %s", ANCHOR, message.offset(), problem)
            return None


def _heads_of(newest: SignedAnchor | None) -> tuple[ChainHead, ...]:
    return newest.anchor.heads if newest else ()


def refuse_shorter(heads: Iterable[ChainHead], before: Iterable[ChainHead]) -> None:
    """Raise IntegrityError when a chain ends before where an anchor says that it came."""
    now = {(head.topic, head.partition): head.number for head in heads}
    for head in before:
        if now.get((head.topic, head.partition), 0) < head.number:
            raise IntegrityError(
                f"{head.topic}/{head.partition} came up to {head.number}, as an anchor says, and now ends at"
                f" {now.get((head.topic, head.partition), 0)}: it lost its tail, or was made anew.",
                remedy="Restore the topic from a replica or a backup.",
            )


class Anchoring:
    """The thread that signs. To call ``problem`` tells whether it still does."""

    def __init__(self, book: AnchorBook) -> None:
        self.book = book
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="anchors", daemon=True)
        self._looked_at, self._failure = time.monotonic(), ""
        ANCHOR_LOOKED_AT.set_to_current_time()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def problem(self) -> str:
        """Return why nothing is signed; empty: it is, or was a moment ago."""
        late_s = time.monotonic() - self._looked_at
        if not self._failure or late_s < _LATE_AFTER_S:
            return ""
        return f"for {late_s:.0f} s the heads of the chains were not signed: {self._failure}"

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                ANCHORS.inc(self.book.sign())
                self._failure = ""
                self._looked_at = time.monotonic()
                ANCHOR_LOOKED_AT.set_to_current_time()
            except (Unavailable, IntegrityError) as problem:
                log.error("the heads of the chains are not signed: %s", problem)
                self._failure = problem.message
            except Exception as problem:
                log.exception("the heads of the chains are not signed")
                self._failure = repr(problem)
            self._stop.wait(EVERY_S)
