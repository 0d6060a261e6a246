"""Fingerprints of the keys in use, kept in ``keys.v1`` beside what the keys closed and linked.

A key file that is lost is noticed by itself. One that was exchanged is not: new records would come under other keys,
and what is there could not be opened, without a word.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.keys import KeyRing, load_key_file
from bus.crypto.signing import Jwk
from bus.reading.scan import scan
from bus.topics import KEYS
from catalogue import wire
from catalogue.errors import IntegrityError, Unavailable

Fingerprints = Mapping[str, str]  # by the name of a key: "link", or the id of an encryption key

# Nothing else is hashed with the linking key without a zero byte, nor anything at all with an encryption key.
_LABEL = b"credithub key fingerprint v1"
_LINK = "link"
_SIGNING = "signing."
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
    told = _told(config, registry)
    return {name: value["fingerprint"] for name, value in told.items() if not name.startswith(_SIGNING)}


def published_signing_keys(config: BusConfig, registry: Registry) -> Mapping[str, Jwk]:
    """Return the public keys that ``keys.v1`` tells, by their ids; raises Unavailable as above."""
    told = _told(config, registry)
    texts = {name: value.get("public_key") for name, value in told.items() if name.startswith(_SIGNING)}
    return {name.removeprefix(_SIGNING): json.loads(text) for name, text in texts.items() if text}


def publish_fingerprints(config: BusConfig, registry: Registry, ring: KeyRing, published: Fingerprints) -> None:
    """Tell the keys of a ring and no others, as far as that is not ``published``."""
    own = fingerprints(ring)
    changed = {name: own.get(name) for name in own.keys() | published.keys() if own.get(name) != published.get(name)}
    _tell(config, registry, {name: None if one is None else {"fingerprint": one} for name, one in changed.items()})


def publish_signing_keys(
    config: BusConfig, registry: Registry, public: Iterable[Jwk], published: Mapping[str, Jwk]
) -> None:
    """Tell the public keys that are not ``published``. None is ever taken back: what it signed stays."""
    new = {str(key["kid"]): key for key in public if key["kid"] not in published}
    values = {
        f"{_SIGNING}{kid}": {"fingerprint": kid, "public_key": json.dumps(dict(key), sort_keys=True)}
        for kid, key in new.items()
    }
    _tell(config, registry, values)


def _told(config: BusConfig, registry: Registry) -> Mapping[str, Mapping[str, Any]]:
    decode = Decoder(registry)
    told: dict[str, Mapping[str, Any]] = {}
    for message in scan(config, KEYS):
        name, value = (message.key() or b"").decode(), message.value()
        if value is None:
            told.pop(name, None)
        else:
            told[name] = decode(value)
    return told


def _tell(config: BusConfig, registry: Registry, values: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Publish values by their names; None deletes what was told."""
    if not values:
        return
    encode, now = Encoder(registry, KEYS, wire.KEY_FINGERPRINT), datetime.now(UTC)
    producer = clients.producer(config)
    for name, value in sorted(values.items()):
        message = None if value is None else encode({"told_at": now, "public_key": None, **value})
        producer.produce(config.topic(KEYS), message, name)
    if producer.flush(30):
        raise Unavailable("The broker did not take the keys' fingerprints.", remedy="See `credithub status`.")
