"""The schema registry: which id a schema has, and which schema an id is."""

import json
import threading
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from bus import clients
from bus.avro.foreign_schemas import parsed_record
from bus.config import BusConfig
from catalogue.avro import Schema
from catalogue.errors import PoisonMessage, Unavailable

_NOT_FOUND = 404
# How a registry says that it knows no such subject, version or schema; whatever else answers 404 is no registry.
_UNKNOWN = range(40401, 40500)
_Answer = TypeVar("_Answer")


def full_name(schema: Schema) -> str:
    """Return ``namespace.Name`` of a record schema."""
    return f"{schema['namespace']}.{schema['name']}"


def for_registry(schema: Schema) -> RegistrySchema:
    """Return a schema as the registry takes it."""
    return RegistrySchema(json.dumps(schema, ensure_ascii=False), "AVRO")


def ask(question: Callable[[], _Answer], refused: str = "The registry refused") -> _Answer | None:
    """Return the registry's answer, None when it does not know what is asked for.

    The one place where errors of the registry's client are translated. Raises Unavailable when the registry does not
    answer, when another program answers in its place, and when it refuses: then ``refused`` begins the message.
    """
    try:
        return question()
    except SchemaRegistryError as exc:
        if exc.error_code in _UNKNOWN:
            return None
        if exc.http_status_code == _NOT_FOUND:
            raise _stranger("404 without a registry's error code") from exc
        raise Unavailable(f"{refused}: {exc}.") from exc
    except json.JSONDecodeError as exc:
        raise _stranger("no JSON") from exc
    except Exception as exc:
        # The client lets the errors of its HTTP library through. They share no base with OSError, and which library it
        # is (httpx, or httpx2 in newer versions) is the client's own affair.
        if type(exc).__module__.startswith(("httpx", "httpcore")):
            raise Unavailable(f"The registry does not answer: {exc}.", remedy="See `credithub status`.") from exc
        raise


def _stranger(answer: str) -> Unavailable:
    return Unavailable(
        f"What answers at the registry's address is no registry: it answers {answer}.",
        remedy="Another program may have taken its port: see `credithub status`.",
    )


def unanswered(config: BusConfig) -> str:
    """Return that the registry does not answer within some seconds, in words; empty when it does."""
    with closing(clients.registry_client(config, **{"timeout": 4, "max.retries": 0})) as client:
        try:
            ask(lambda: client.get_subjects(offset=0, limit=1))
        except Unavailable as problem:
            return problem.message
    return ""


class Registry:
    """Schemas by id and ids by schema, each asked for once; subjects are named TopicRecordName.

    Raises Unavailable while the registry is away, and PoisonMessage for an id that it does not know. ``complete``: the
    hub wrote everything that is read, so the registry must know every id. An unknown id then raises Unavailable, too:
    this is another registry, or one that was set back, and messages must not be passed over because of that.
    """

    def __init__(self, config: BusConfig, *, complete: bool = False) -> None:
        self._config = config
        self._complete = complete
        self._client = clients.registry_client(config)
        self._locks: dict[object, threading.Lock] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._schemas: dict[int, Schema] = {}
        self._unread: dict[int, str] = {}

    def close(self) -> None:
        """Close the connections; the registry is unusable afterwards."""
        self._client.close()

    def subject(self, topic: str, schema: Schema) -> str:
        """Return the registry's subject of a record type in a topic (without prefix)."""
        return f"{self._config.topic(topic)}-{full_name(schema)}"

    def register(self, topic: str, schema: Schema) -> int:
        """Register a schema, idempotently, and return its id."""
        key = (topic, full_name(schema))
        if key not in self._ids:
            # One thread asks, the others wait for its answer: some registries answer equal questions one by one.
            with self._locks.setdefault(key, threading.Lock()):
                if key not in self._ids:
                    self._ids[key] = self._registered(topic, schema)
        return self._ids[key]

    def _registered(self, topic: str, schema: Schema) -> int:
        subject, refused = self.subject(topic, schema), f"The registry did not take {full_name(schema)}"
        schema_id = ask(lambda: self._client.register_schema(subject, for_registry(schema)), refused)
        if schema_id is None:
            raise Unavailable(f"{refused}: it knows no subject {subject}.")
        return int(schema_id)

    def schema(self, schema_id: int) -> Schema:
        """Return the parsed schema of an id; PoisonMessage for one that is not read (``bus.avro.foreign_schemas``)."""
        if schema_id in self._unread:
            raise PoisonMessage(self._unread[schema_id])
        if schema_id not in self._schemas:
            with self._locks.setdefault(schema_id, threading.Lock()):
                if schema_id not in self._schemas:
                    self._schemas[schema_id] = self._parsed(schema_id, self._fetched(schema_id))
        return self._schemas[schema_id]

    def _parsed(self, schema_id: int, text: str) -> Schema:
        try:
            return parsed_record(schema_id, text)
        except PoisonMessage as problem:
            # Ids never change what they mean: whoever sends a million such messages has it asked for once.
            self._unread[schema_id] = problem.message
            raise

    def _fetched(self, schema_id: int) -> str:
        answer = ask(lambda: self._client.get_schema(schema_id), "The registry does not answer")
        if answer is None and self._complete:
            raise Unavailable(
                f"The registry {self._config.shown_registry} does not know the schema {schema_id}, which the hub"
                " wrote with.",
                remedy="Does CREDITHUB_REGISTRY_URL name the hub's own registry? Restore it from a backup if so.",
            )
        if answer is None:
            raise PoisonMessage(f"The registry knows no schema {schema_id}.")
        return answer.schema_str or ""


class OfflineRegistry(Registry):
    """For a rehearsal, whose messages are counted and thrown away: every schema has the id 0, and nobody is asked."""

    def __init__(self, config: BusConfig) -> None:
        self._config = config

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def register(self, topic: str, schema: Schema) -> int:
        """Return 0."""
        return 0
