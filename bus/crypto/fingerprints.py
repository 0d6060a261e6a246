"""Fingerprints of the keys in use, kept in ``keys.v1`` beside what the keys closed and linked.

A key file that is lost is noticed by itself. One that was exchanged is not: new records would come under other keys,
and what is there could not be opened, without a word.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.keys import KeyRing, load_key_file
from bus.reading.scan import scan
from bus.topics import KEYS
from catalogue import wire
from catalogue.errors import IntegrityError, Unavailable

Fingerprints = Mapping[str, str]  # by the name of a key: "link", or the id of an encryption key

# Nothing else is hashed with the linking key without a zero byte, nor anything at all with an encryption key.
_LABEL = b"credithub key fingerprint v1"
_LINK = "link"
_BACKUP = "Restore it from its backup, or name the right one in CREDITHUB_KEY_FILE."


def fingerprints(ring: KeyRing) -> Fingerprints:
    """Return the fingerprint of each key: an HMAC of a fixed text, from which nobody can tell the key."""
    keys = {_LINK: ring.link} | {str(key_id): key for key_id, key in ring.keys.items()}
    return {name: hmac.digest(key, _LABEL, "sha256").hex()[:32] for name, key in keys.items()}


def refuse_exchanged(path: Path, ring: KeyRing, published: Fingerprints) -> None:
    """Raise IntegrityError when a key file is not the one in use; one that was rotated since is."""
    own = fingerprints(ring)
    if _LINK in published and own[_LINK] != published[_LINK]:
        raise IntegrityError(
            f"The key file {path} is another than the one that what Kafka holds was sealed and linked with.",
            remedy=f"{_BACKUP} With other keys nothing could be opened, and each record would come a second time.",
        )
    missing = sorted(published.keys() - own.keys())
    if missing:
        raise IntegrityError(
            f"The key file {path} lacks the key {', '.join(missing)}, with which values were closed.",
            remedy="Restore its newest copy: it is older than the last `credithub keys rotate`.",
        )
    changed = sorted(name for name in published if own[name] != published[name])
    if changed:
        raise IntegrityError(
            f"The key {', '.join(changed)} of the key file {path} is another than what values were closed with.",
            remedy=f"Two copies of the file were rotated apart from each other. {_BACKUP}",
        )


def checked_keys(config: BusConfig, registry: Registry, path: Path) -> KeyRing:
    """Read the key file that is to close, open or link, and tell of keys that came by a rotation before they are used.

    Raises UsageError for a file that is missing, damaged or open to others, and IntegrityError for one that was
    exchanged. Of a hub that tells no keys yet every file is taken: ``credithub prepare`` begins to tell them.
    """
    ring = load_key_file(path)
    published = published_fingerprints(config, registry)
    refuse_exchanged(path, ring, published)
    if published:
        publish_fingerprints(config, registry, ring, published)
    return ring


def published_fingerprints(config: BusConfig, registry: Registry) -> Fingerprints:
    """Return what ``keys.v1`` tells; raises Unavailable while Kafka or the registry is away."""
    decode = Decoder(registry)
    told: dict[str, str] = {}
    for message in scan(config, KEYS):
        name, value = (message.key() or b"").decode(), message.value()
        if value is None:
            told.pop(name, None)
        else:
            told[name] = decode(value)["fingerprint"]
    return told


def publish_fingerprints(config: BusConfig, registry: Registry, ring: KeyRing, published: Fingerprints) -> None:
    """Tell the keys of a ring and no others, as far as that is not ``published``."""
    own = fingerprints(ring)
    changed = {name: own.get(name) for name in own.keys() | published.keys() if own.get(name) != published.get(name)}
    if not changed:
        return
    encode, now = Encoder(registry, KEYS, wire.KEY_FINGERPRINT), datetime.now(UTC)
    producer = clients.producer(config)
    for name, fingerprint in sorted(changed.items()):
        value = None if fingerprint is None else encode({"fingerprint": fingerprint, "told_at": now})
        producer.produce(config.topic(KEYS), value, name)
    if producer.flush(30):
        raise Unavailable("The broker did not take the keys' fingerprints.", remedy="See `credithub status`.")
