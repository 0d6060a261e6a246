"""Looks into every topic: keys, headers and values as they are, and values as they are read; as each bank, too."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from confluent_kafka import Message

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.principals import principals
from bus.reading.topic_reader import TopicReader
from bus.users import QUERIES, bank_user
from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from hub.settings import Settings, bus_config
from tests.canaries.canary import Phase
from tests.canaries.data_rules import Each, Part, topic_kind, topic_rule
from tests.canaries.places import Kind, Ledger
from tests.canaries.rights import Channel, Told

_PAYLOADS = (("schema_id", "payload"), ("previous_schema_id", "previous_payload"))


class KafkaLook:
    """Looks at what the hub's users see, by the table of users; and at all that each bank sees by its own login."""

    def __init__(self, settings: Settings, ledger: Ledger, recipients: Sequence[str]) -> None:
        self._settings, self._ledger, self._recipients = settings, ledger, recipients
        self._config = bus_config(settings, QUERIES)
        catalogue = load_catalogue()
        self._names = [spec.name for spec in topics.topic_specs(catalogue, recipients)]
        self._readers: defaultdict[str, list[str]] = defaultdict(list)
        for principal in principals(catalogue, recipients):
            for topic in principal.reads:
                self._readers[topic].append(principal.name)

    def look(self) -> None:
        """Look into every topic."""
        with closing(Registry(self._config)) as registry:
            parts = MessageParts(registry)
            reader = TopicReader(self._config)
            for message in reader.read_all(reader.partitions(self._names)):
                topic = reader.bare(message.topic() or "")
                for part, data in parts.of(topic, message):
                    self._ledger.look(topic_kind(topic), topic, self._rule(topic, part), data)

    def look_as_banks(self) -> None:
        """Look into whatever each bank can read, logged in as itself."""
        for recipient in self._recipients:
            config = bus_config(self._settings, bank_user(recipient))
            seen = clients.admin(config).list_topics(timeout=30).topics
            reader, rule = TopicReader(config), Told(recipient, Channel.TOPIC, Phase.CLOSED)
            names = [config.name_of(name) for name in seen if not name.startswith("__")]
            for message in reader.read_all(reader.partitions(names)):
                place = f"{reader.bare(message.topic() or '')} as {bank_user(recipient)}"
                self._ledger.look_all(Kind.BANK_TOPICS, place, rule, raw_parts(message).values())

    def _rule(self, topic: str, part: Part) -> Each:
        return topic_rule(topic, part, self._readers[topic], self._recipients)


def raw_parts(message: Message) -> Mapping[Part, bytes]:
    """Return what a message consists of, undecoded."""
    headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in message.headers() or [])
    return {Part.KEY: message.key() or b"", Part.HEADERS: headers, Part.WHOLE: message.value() or b""}


class MessageParts:
    """Takes messages apart."""

    def __init__(self, registry: Registry) -> None:
        self._decode = Decoder(registry)

    def of(self, topic: str, message: Message) -> Iterator[tuple[Part, bytes]]:
        """Yield the parts of a message, undecoded and as they are read."""
        raw = raw_parts(message)
        yield from raw.items()
        value = raw[Part.WHOLE]
        try:
            if topic.startswith("catalogue."):
                yield from self._event(value)
            elif topic == topics.CHANGE:
                yield from self._change(self._decode(value))
            elif topic in (topics.RECORD, topics.PERSON_RECORD):
                yield from self._record(value)
            elif value:
                yield Part.WHOLE, _shown(self._decode(value))
        except PoisonMessage:
            # A withdrawal of a compacted topic has no value; what nobody can read was looked at as it is.
            return

    def _event(self, value: bytes) -> Iterator[tuple[Part, bytes]]:
        _, head, schema_id, payload = self._decode.envelope(value)
        yield Part.ENVELOPE, head
        yield Part.PAYLOAD, _shown(self._decode.payload(schema_id, payload))

    def _record(self, value: bytes) -> Iterator[tuple[Part, bytes]]:
        _, head, schema_id, payload = self._decode.record(value)
        yield Part.ENVELOPE, head
        yield Part.PAYLOAD, _shown(self._decode.payload(schema_id, payload))

    def _change(self, value: dict[str, Any]) -> Iterator[tuple[Part, bytes]]:
        for record in value["records"]:
            for schema_id, name in _PAYLOADS:
                payload = record.pop(name)
                if payload is not None:
                    yield Part.PAYLOAD, _shown(self._decode.payload(record[schema_id], payload))
            yield Part.ENVELOPE, _shown(record)
        yield Part.NUMBERS, _shown(value.pop("indicators"))
        value.pop("records")
        yield Part.ENVELOPE, _shown(value)


def _shown(value: Any) -> bytes:
    """Return a value as a text, as somebody who reads it sees it."""
    return json.dumps(value, ensure_ascii=False, default=_text).encode()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
