"""Whether the key file is the one in use, looked at before anything starts."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher, bound
from bus.crypto.fingerprints import (
    publish_fingerprints,
    publish_signing_keys,
    published_fingerprints,
    published_signing_keys,
    refuse_exchanged,
)
from bus.crypto.keys import KeyRing, load_key_file
from bus.crypto.signing_keys import SigningKeys, create_signing_keys, load_signing_keys, refuse_exchanged_signing
from bus.reading.offsets import watermarks
from bus.reading.scan import scan_topics
from catalogue.avro import topic
from catalogue.errors import HubError, IntegrityError, PoisonMessage
from catalogue.load import load_catalogue
from catalogue.model import Catalogue

log = logging.getLogger(__name__)

# What a hub of before holds is looked through so far for a value to try the keys on: some seconds.
_MOST_LOOKED_AT = 50_000
# Of these one must open: somebody may have written a single one that does not.
_MOST_TRIED = 20


def was_pushed(config: BusConfig) -> bool:
    """Whether anything was ever pushed, and so closed and linked with the keys."""
    return any(end.high for end in watermarks(config, [(topics.SUBMISSION, 0)]).values())


def check_keys(config: BusConfig, key_file: Path) -> None:
    """Tell in ``keys.v1`` which keys are in use; raises IntegrityError when others were.

    Before the first push any keys may take the place of others.
    """
    ring = load_key_file(key_file)
    with closing(Registry(config)) as registry:
        published = published_fingerprints(config, registry)
        if was_pushed(config):
            refuse_exchanged(key_file, ring, published)
            if not published and not _fits_what_is_there(config, registry, ring, key_file):
                log.warning("nothing is there yet to try the keys of %s on: taken as they are", key_file)
        publish_fingerprints(config, registry, ring, published)


def check_signing_keys(config: BusConfig, path: Path) -> SigningKeys:
    """Return the keys that sign, made at the first call, and tell the public ones in ``keys.v1``.

    Raises IntegrityError when the file is gone, or does not know a key that signed.
    """
    with closing(Registry(config)) as registry:
        published = published_signing_keys(config, registry)
        if published and not path.exists():
            raise IntegrityError(
                f"There is no signing key file {path}, but the hub signed with one.",
                remedy="Restore it from its backup: without it no consent of before could be verified.",
            )
        keys = load_signing_keys(path) if path.exists() else create_signing_keys(path)
        refuse_exchanged_signing(path, keys, published)
        publish_signing_keys(config, registry, keys.public, published)
    return keys


def _fits_what_is_there(config: BusConfig, registry: Registry, ring: KeyRing, key_file: Path) -> bool:
    """Whether a value of a hub that told no keys yet opens and is linked as its record says; False when there is none.

    Raises IntegrityError when none of several does.
    """
    catalogue, cipher = load_catalogue(), Cipher(ring)
    events = scan_topics(config, {topic(category.id): 0 for category in catalogue.categories})
    tried = 0
    for opens in _openings(islice(events, _MOST_LOOKED_AT), Decoder(registry), cipher, catalogue):
        if opens:
            return True
        tried += 1
        if tried == _MOST_TRIED:
            break
    if tried:
        raise IntegrityError(
            f"The key file {key_file} opens nothing of what Kafka holds.",
            remedy="Restore it from its backup, or name the right one in CREDITHUB_KEY_FILE.",
        )
    return False


def _openings(
    events: Iterable[tuple[str, Message]], decode: Decoder, cipher: Cipher, catalogue: Catalogue
) -> Iterator[bool]:
    """Yield of each value that is closed, with its hash beside it, whether the keys open it and link it so."""
    linked = {item.id: [field for field in item.fields if field.linked] for item in catalogue.items}
    for _, message in events:
        try:
            event = decode(message.value() or b"")
        except PoisonMessage:
            continue
        data = event.get("data") or {}
        for field in linked.get(event["item"], ()):
            if (closed := data.get(field.name)) is None or (link := data.get(f"{field.name}_hash")) is None:
                continue
            try:
                plain = cipher.open(
                    closed, f"{event['item']}.{field.name}", bound(event["subject"], event["record_key"])
                )
            except HubError:
                yield False
            else:
                yield cipher.link(plain.decode(), field.type.value) == link
