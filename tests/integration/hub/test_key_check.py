"""A key file that was exchanged is noticed on the real broker; one that was rotated is told of, and goes on."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.fingerprints import checked_keys, fingerprints, published_fingerprints
from bus.crypto.keys import KeyRing, create_key_file, load_key_file, rotate
from catalogue.avro import event_schema
from catalogue.avro import topic as catalogue_topic
from catalogue.errors import IntegrityError
from catalogue.load import load_catalogue
from hub.key_check import check_keys
from producers.tables.seal import compile_seal
from tests import kafka
from tests.services import Services

CATALOGUE = load_catalogue()
# An item of enterprises with a person's number in it.
ITEM = next(i for i in CATALOGUE.items if not i.about_persons and any(f.linked for f in i.fields))
TOPIC = catalogue_topic(ITEM.category)
SUBJECT = "91630000000000001X"


@pytest.fixture
def registry(stack: Services, topic_prefix: str) -> Iterator[Registry]:
    config = config_of(stack, topic_prefix)
    inputs = [catalogue_topic(category.id) for category in CATALOGUE.categories]
    with kafka.own_topics(config, [topics.SUBMISSION, topics.KEYS, *inputs]), closing(Registry(config)) as registry:
        yield registry


def config_of(stack: Services, topic_prefix: str) -> BusConfig:
    return stack.bus(topic_prefix, partitions=1)


def event(registry: Registry, ring: KeyRing) -> bytes:
    """Return an event whose person's number these keys closed and linked."""
    name = next(field.name for field in ITEM.fields if field.linked)
    value = dict.fromkeys(("event_id", "content_hash", "unit", "region", "submission_id"), "x")
    moments = dict.fromkeys(("source_time", "reported_at", "as_of"), datetime.now(UTC))
    named = {"item": ITEM.id, "subject": SUBJECT, "record_key": "1", "op": "REPORT", "channel": "FILE"}
    data = compile_seal(Cipher(ring), ITEM)({name: "甲"}, SUBJECT, "1")
    encode = Encoder(registry, TOPIC, event_schema(ITEM))
    return encode({**value, **moments, **named, "revision": 0, "row": 1, "data": data})


@pytest.mark.attack(by="who may exchange the key file", wants="a hub that runs with other keys")
def test_keys_that_were_exchanged_stop_the_start(
    registry: Registry, stack: Services, topic_prefix: str, tmp_path: Path
) -> None:
    config, keys = config_of(stack, topic_prefix), tmp_path / "keys.json"
    create_key_file(keys)
    check_keys(config, keys)
    # Before anything was pushed other keys may come.
    keys.unlink()
    create_key_file(keys)
    check_keys(config, keys)
    assert published_fingerprints(config, registry) == fingerprints(load_key_file(keys))
    kafka.send(config, topics.SUBMISSION, [("key", b"a push")])
    first = keys.read_bytes()
    rotate(keys)
    check_keys(config, keys)
    # Whoever uses keys tells of a rotation, too: before anything is closed with the new one.
    rotate(keys)
    ring = checked_keys(config, registry, keys)
    assert published_fingerprints(config, registry) == fingerprints(ring)
    keys.write_bytes(first)
    refuses(config, registry, keys, "lacks the key 2, 3, with")
    keys.unlink()
    other = create_key_file(keys)
    refuses(config, registry, keys, "another than the one that what Kafka holds was sealed and linked with")
    assert published_fingerprints(config, registry) == fingerprints(ring)
    # A hub of before told no keys: they are tried on what is there.
    kafka.send(config, topics.KEYS, [(name, None) for name in fingerprints(ring)])
    kafka.send(config, TOPIC, [(SUBJECT, event(registry, ring))])
    with pytest.raises(IntegrityError, match="opens nothing of what Kafka holds"):
        check_keys(config, keys)
    kafka.send(config, TOPIC, [(SUBJECT, event(registry, other))])
    check_keys(config, keys)
    assert published_fingerprints(config, registry) == fingerprints(other)


def refuses(config: BusConfig, registry: Registry, keys: Path, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        check_keys(config, keys)
    with pytest.raises(IntegrityError, match=why):
        checked_keys(config, registry, keys)
