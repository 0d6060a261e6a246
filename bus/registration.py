"""Every schema of the hub, brought to the registry under the topics that carry it."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from bus import clients, topics
from bus.avro.codec import Registry
from bus.config import BusConfig
from bus.topics import bank_topic, sequence_topic
from catalogue import wire
from catalogue.avro import Schema, topic
from catalogue.compatibility import Incompatibility, incompatibilities, level
from catalogue.errors import Unavailable
from catalogue.load import load_catalogue
from catalogue.schema_versions import generated, incompatible, internal_path, refuse

# Requests under way at once: the registry answers one in some 10 ms, and there are hundreds.
_AT_ONCE = 8
_NOT_FOUND = 404
# What the hub's own topics carry, each bank's apart.
_CARRIED: Mapping[str, Schema] = {
    topics.SUBMISSION: wire.SUBMISSION,
    topics.REJECTED: wire.REJECTED,
    topics.UNRESOLVED: wire.UNRESOLVED,
    topics.RECORD: wire.RECORD,
    topics.PERSON_RECORD: wire.RECORD,
    topics.CHANGE: wire.CHANGE,
    topics.STATE: wire.STATE,
    topics.POSITION: wire.POSITION,
    topics.CALENDAR: wire.BUSINESS_DATE,
    topics.UPSTREAM_UP: wire.UPSTREAM_UP,
    topics.UPSTREAM_RECEIPT: wire.UPSTREAM_RECEIPT,
}


@dataclass(frozen=True, slots=True)
class Placement:
    """One schema under one topic (without prefix)."""

    topic: str
    path: str  # below schemas/avro
    schema: Schema


def placements(schemas: Mapping[str, Schema], banks: Sequence[str]) -> list[Placement]:
    """Return which schema goes under which topic, each bank's topic taking all that a bank may ever see."""
    found: list[Placement] = []
    for path, schema in schemas.items():
        kind, *rest = path.split("/")
        if kind == "catalogue":
            found.append(Placement(topic(rest[0]), path, schema))
        elif kind == "bank":
            found += [Placement(bank_topic(bank), path, schema) for bank in banks]
    carried = [*_CARRIED.items(), *((sequence_topic(bank), wire.BANK_SEQUENCE) for bank in banks)]
    return [*found, *(Placement(name, internal_path(schema), schema) for name, schema in carried)]


def register_all(
    config: BusConfig,
    banks: Sequence[str],
    *,
    schemas: Mapping[str, Schema] | None = None,
    on_done: Callable[[int, int], None] | None = None,
) -> int:
    """Register every schema for its topics, set the subjects' levels, and return the number of subjects.

    Idempotent. ``schemas`` are those of the catalogue unless others are given; ``on_done`` is told
    (done, in all) after each subject.

    Raises CatalogueError, having registered nothing, when a schema may not follow its released files or the
    versions that the registry holds; Unavailable while the registry is away.
    """
    if schemas is None:
        schemas = generated(load_catalogue())
        refuse(incompatible(schemas))
    work = placements(schemas, banks)
    done = 0
    with closing(_Desk(config)) as desk, ThreadPoolExecutor(_AT_ONCE) as pool:
        held = desk.subjects()
        checks = pool.map(lambda p: desk.check(p) if desk.subject(p) in held else [], work)
        refuse([problem for found in checks for problem in found])
        for _ in pool.map(desk.register, work):
            done += 1
            if on_done is not None:
                on_done(done, len(work))
    return done


class _Desk:
    """The registry's subjects, asked by topic and record type."""

    def __init__(self, config: BusConfig) -> None:
        self._registry = Registry(config)
        self._client = clients.registry_client(config)

    def close(self) -> None:
        self._client.close()
        self._registry.close()

    def subject(self, placement: Placement) -> str:
        return self._registry.subject(placement.topic, placement.schema)

    def subjects(self) -> set[str]:
        """Return the subjects that the registry holds."""
        return set(_asked(self._client.get_subjects))

    def check(self, placement: Placement) -> list[Incompatibility]:
        """Return why the schema may not follow the versions under its subject; [] when it is one of them."""
        subject = self.subject(placement)
        wanted = RegistrySchema(json.dumps(placement.schema, ensure_ascii=False), "AVRO")
        if _asked(lambda: self._client.lookup_schema(subject, wanted)) is not None:
            return []
        numbers = sorted(_asked(lambda: self._client.get_versions(subject)))
        texts = [_asked(partial(self._client.get_version, subject, n)).schema.schema_str for n in numbers]
        found = incompatibilities(placement.path, placement.schema, [json.loads(text) for text in texts])
        return [Incompatibility(subject, numbers[p.version - 1], p.field, p.message) for p in found]

    def register(self, placement: Placement) -> None:
        """Register the schema, then hold its subject to its level."""
        self._registry.register(placement.topic, placement.schema)
        subject, wanted = self.subject(placement), level(placement.path)
        if _asked(lambda: self._client.get_compatibility(subject)) != wanted.value:
            _asked(lambda: self._client.set_compatibility(subject, wanted.value))


def _asked(ask: Callable[[], Any]) -> Any:
    """Return the registry's answer, None when it knows no such thing; raises Unavailable when it gives none."""
    try:
        return ask()
    except SchemaRegistryError as exc:
        if exc.http_status_code == _NOT_FOUND:
            return None
        raise Unavailable(f"The registry refused: {exc}.") from exc
    except Exception as exc:
        # Which HTTP library the client stands on (httpx, httpx2) is its own affair, and so are its errors.
        if type(exc).__module__.startswith(("httpx", "httpcore")):
            raise Unavailable(f"The registry does not answer: {exc}.", remedy="See `credithub status`.") from exc
        raise
