"""Topics of a test's own on the shared broker: made, filled, read and deleted."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from confluent_kafka import Message

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.topics import TopicSpec, ensure_topics, topic_specs
from catalogue.load import load_catalogue

_WITHIN_S = 30


def make_topics(config: BusConfig, names: Collection[str], banks: Collection[str] = ()) -> None:
    """Create topics as the hub does; those that it does not know get the broker's settings."""
    known = {spec.name: spec for spec in topic_specs(load_catalogue(), list(banks))}
    ensure_topics(config, [known.get(name) or TopicSpec(name, {}) for name in names])


def delete_topics(config: BusConfig) -> None:
    """Delete every topic that begins with the test's prefix."""
    assert config.topic_prefix, "the topics of others begin with nothing, too"
    admin = clients.admin(config)
    own = [name for name in admin.list_topics(timeout=_WITHIN_S).topics if name.startswith(config.topic_prefix)]
    for done in (admin.delete_topics(own) if own else {}).values():
        done.result()


@contextmanager
def own_topics(config: BusConfig, names: Collection[str], banks: Collection[str] = ()) -> Iterator[None]:
    """Create topics for one test and delete all of its prefix afterwards."""
    make_topics(config, names, banks)
    try:
        yield
    finally:
        delete_topics(config)


def send(
    config: BusConfig,
    topic: str,
    messages: Iterable[tuple[str | bytes | None, bytes | None]],
    *,
    partition: int | None = None,
) -> None:
    """Send (key, value) pairs, to one partition when it is given, and wait until the broker has them."""
    producer = clients.producer(config)
    where = {} if partition is None else {"partition": partition}
    for key, value in messages:
        producer.produce(config.topic(topic), value, key, **where)
    assert producer.flush(_WITHIN_S) == 0


def messages(config: BusConfig, topic: str) -> list[tuple[Message, dict[str, Any]]]:
    """Return every committed message of a topic with its decoded value."""
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        return [(message, decode(message.value() or b"")) for message in scan(config, topic)]


def values(config: BusConfig, topic: str) -> list[dict[str, Any]]:
    """Return every committed value of a topic."""
    return [value for _, value in messages(config, topic)]
