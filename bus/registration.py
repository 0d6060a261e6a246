"""Registers every schema of the hub under the topics that carry it."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryError

from bus import clients, topics
from bus.avro.registry import Registry, ask, for_registry
from bus.config import BusConfig
from bus.topics import bank_topic
from catalogue import wire
from catalogue.avro import Schema, topic
from catalogue.compatibility import Incompatibility, incompatibilities, level
from catalogue.errors import Unavailable
from catalogue.schema_versions import internal_path, refuse

# Requests at the same time: the registry answers one in some 10 ms, and there are hundreds.
_AT_ONCE = 8
_NO_SUBJECT = 40401  # of Confluent's interface; 40403: the subject has no such schema
# Which record types the hub's own topics carry; the banks' topics are of those that there are.
_CARRIED: tuple[tuple[str, Schema], ...] = (
    (topics.SUBMISSION, wire.SUBMISSION),
    (topics.REJECTED, wire.REJECTED),
    (topics.UNRESOLVED, wire.UNRESOLVED),
    (topics.RECORD, wire.RECORD),
    (topics.PERSON_RECORD, wire.RECORD),
    (topics.CHANGE, wire.CHANGE),
    (topics.STATE, wire.STATE),
    (topics.INDICATOR, wire.INDICATOR_VALUES),
    (topics.POSITION, wire.POSITION),
    (topics.RATING, wire.RATING),
    (topics.RATING_CHANGE, wire.RATING_CHANGE),
    (topics.RATING_POSITION, wire.POSITION),
    (topics.RATING_MODEL, wire.RATING_MODEL),
    (topics.REVIEW, wire.REVIEW),
    (topics.REFERENCE, wire.RATING_REFERENCE),
    (topics.LIST, wire.LIST),
    (topics.LIST_CHANGE, wire.LIST_CHANGE),
    (topics.CONSENT, wire.CONSENT),
    (topics.AUDIT, wire.AUDIT_ENTRY),
    (topics.ANCHOR, wire.ANCHOR),
    (topics.OUTCOME, wire.RETURNED),
    (topics.CALENDAR, wire.BUSINESS_DATE),
    (topics.PROOF, wire.PROVEN),
    (topics.KEYS, wire.KEY_FINGERPRINT),
    (topics.LABEL_POLICY, wire.LABEL_POLICY),
    (topics.RELEASE_SNAPSHOT, wire.RELEASE_SNAPSHOT),
    (topics.RECIPIENT, wire.RECIPIENT),
    (topics.RECIPIENT, wire.PORTFOLIO_ENTRY),
    (topics.RECIPIENT, wire.TOPIC_LOSS),
    (topics.SCORECARD, wire.RECIPIENT_CARD),
    (topics.RELEASE, wire.RELEASE_ENTRY),
    (topics.RELEASE, wire.RELEASE_STEP),
    (topics.RELEASE_SEQUENCE, wire.RELEASE_MARKS),
    (topics.RELEASE_SEQUENCE, wire.RELEASE_STEP),
    (topics.RELEASE_POSITION, wire.POSITION),
    (topics.UPSTREAM_UP, wire.UPSTREAM_UP),
    (topics.UPSTREAM_RECEIPT, wire.UPSTREAM_RECEIPT),
)


@dataclass(frozen=True, slots=True)
class Placement:
    """One schema under one topic (without prefix)."""

    topic: str
    path: str  # below schemas/avro
    schema: Schema


def placements(schemas: Mapping[str, Schema], banks: Sequence[str]) -> list[Placement]:
    """Return which schema goes under which topic, each bank's topic taking all that a bank may ever see."""
    placed: list[Placement] = []
    for path, schema in schemas.items():
        kind, *rest = path.split("/")
        if kind == "catalogue":
            placed.append(Placement(topic(rest[0]), path, schema))
        elif kind == "bank":
            placed += [Placement(bank_topic(bank), path, schema) for bank in banks]
    return [*placed, *(Placement(name, internal_path(schema), schema) for name, schema in _CARRIED)]


def register_all(
    config: BusConfig,
    schemas: Mapping[str, Schema],
    banks: Sequence[str],
    *,
    on_done: Callable[[int, int], None] | None = None,
) -> int:
    """Register every schema for its topics, set the subjects' levels, and return the number of subjects.

    Idempotent. ``schemas`` by their paths below ``schemas/avro``, beside which those of the hub's own topics are
    registered; ``on_done`` is told (done, in all) after each subject.

    Raises CatalogueError, having registered nothing, when a schema may not follow the versions that the registry
    holds; Unavailable while the registry is away.
    """
    wanted = placements(schemas, banks)
    done = 0
    with closing(_Subjects(config)) as subjects, ThreadPoolExecutor(_AT_ONCE) as pool:
        refuse([incompatibility for problems in pool.map(subjects.check, wanted) for incompatibility in problems])
        for _ in pool.map(subjects.register, wanted):
            done += 1
            if on_done is not None:
                on_done(done, len(wanted))
    return done


def has_subjects(config: BusConfig) -> bool:
    """Whether the registry knows the hub's schemas; of a registry that was lost or is another one it does not.

    Raises Unavailable while the registry is away.
    """
    with closing(Registry(config)) as registry, closing(clients.registry_client(config)) as client:
        subject = registry.subject(topics.CALENDAR, wire.BUSINESS_DATE)
        return bool(ask(lambda: client.get_versions(subject)))


class _Known(Enum):
    """What the registry has under a subject."""

    NOTHING = auto()
    OTHER = auto()
    SAME = auto()


class _Subjects:
    """The registry's subjects, one for each record type of a topic. Each is checked, then registered."""

    def __init__(self, config: BusConfig) -> None:
        self._registry = Registry(config)
        self._client = clients.registry_client(config)
        # There are hundreds, and each question takes the registry some 10 ms: none is asked whose answer is known.
        self._known: dict[str, _Known] = {}

    def close(self) -> None:
        self._client.close()
        self._registry.close()

    def name(self, placement: Placement) -> str:
        return self._registry.subject(placement.topic, placement.schema)

    def check(self, placement: Placement) -> list[Incompatibility]:
        """Return why the schema may not follow the versions under its subject; [] when it is one of them, or the first.

        Each subject is asked for by name: registries list no more than a thousand at once.
        """
        subject = self.name(placement)
        known = self._known[subject] = self._asked(subject, for_registry(placement.schema))
        if known is not _Known.OTHER:
            return []
        numbers = sorted(ask(lambda: self._client.get_versions(subject)) or ())
        answers = [ask(partial(self._client.get_version, subject, number)) for number in numbers]
        versions = {
            number: json.loads(answer.schema.schema_str)
            for number, answer in zip(numbers, answers, strict=True)
            if answer is not None
        }
        problems = incompatibilities(placement.path, placement.schema, [*versions.values()])
        # The offline check counts the versions from 1; the registry's numbers have gaps where one was deleted.
        return [Incompatibility(subject, [*versions][i.version - 1], i.field, i.message) for i in problems]

    def _asked(self, subject: str, schema: RegistrySchema) -> _Known:
        known = _Known.OTHER

        def question() -> object:
            nonlocal known
            try:
                return self._client.lookup_schema(subject, schema)
            except SchemaRegistryError as exc:
                if exc.error_code == _NO_SUBJECT:
                    known = _Known.NOTHING
                raise

        return known if ask(question) is None else _Known.SAME

    def register(self, placement: Placement) -> None:
        """Register the schema, then set its subject's compatibility level."""
        subject, wanted = self.name(placement), level(placement.path)
        known = self._known[subject]
        if known is not _Known.SAME:
            self._registry.register(placement.topic, placement.schema)
        if known is not _Known.NOTHING and self._level(subject) == wanted.value:
            return
        try:
            ask(lambda: self._client.set_compatibility(subject, wanted.value))
        except Unavailable:
            # Another preparation may have set it in the same moment. To Apicurio the rule exists then, and is refused.
            if self._level(subject) != wanted.value:
                raise

    def _level(self, subject: str) -> str | None:
        return ask(lambda: self._client.get_compatibility(subject))
