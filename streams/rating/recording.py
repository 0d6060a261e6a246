"""Publishes models, and what persons decide: few messages, each numbered behind those that are there."""

from contextlib import closing, suppress
from datetime import UTC, date, datetime
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.scan import scan
from bus.sole_writer import sole_writer
from catalogue import wire
from catalogue.errors import PoisonMessage
from rules.rating.approval import check_approvers
from rules.rating.messages import version_of
from rules.rating.model import Model, hash_of
from rules.rating.reviews import Entry, EntryKind
from rules.rating.schedule import ModelVersion, Role


def publish_model(
    config: BusConfig, transactions: str, model: Model, role: Role, since: date, approved_by: tuple[str, ...]
) -> ModelVersion:
    """Publish a model as the next version, in every partition, and return it.

    ``transactions``: what the transactional id begins with. Raises ValueError unless two different persons approve, and
    Unavailable while Kafka or the registry is away, or when somebody else publishes in the same moment.
    """
    approved_by, content = check_approvers(approved_by), model.text()
    with (
        closing(Registry(config)) as registry,
        sole_writer(config, topics.RATING_MODEL, f"{transactions}.models") as send,
    ):
        number = max(published_models(config, registry), default=0) + 1
        version = ModelVersion(number, model.id, role, since, content, hash_of(content), approved_by)
        value = Encoder(registry, topics.RATING_MODEL, wire.RATING_MODEL)(
            {
                "number": number,
                "model": model.id,
                "role": role.value,
                "since": since,
                "content": content,
                "hash": version.hash,
                "approved_by": list(approved_by),
                "published_at": datetime.now(UTC),
            }
        )
        for partition in range(config.partitions):
            send(value, str(number), partition)
    return version


def published_models(config: BusConfig, registry: Registry) -> dict[int, ModelVersion]:
    """Return the versions that were published, by their numbers; what cannot be read is the rater's dead letter."""
    decode, found = Decoder(registry), dict[int, ModelVersion]()
    # Each partition has them all.
    for message in scan(config, topics.RATING_MODEL, partitions=[0]):
        with suppress(PoisonMessage):
            version = version_of(decode(message.value() or b""))
            found.setdefault(version.number, version)
    return found


def record_entry(config: BusConfig, transactions: str, subject: str, entry: Entry, reason: str, by: str) -> Entry:
    """Record a review or an appeal as the next one of its subject, whatever number it has, and return it.

    Raises Unavailable as ``publish_model`` does.
    """
    partition = partition_of(subject, config.partitions)
    with closing(Registry(config)) as registry, sole_writer(config, topics.REVIEW, f"{transactions}.reviews") as send:
        decode = Decoder(registry)
        number = 1
        for message in scan(config, topics.REVIEW, partitions=[partition]):
            with suppress(PoisonMessage):
                said = decode(message.value() or b"")
                number = max(number, said["number"] + 1 if said["subject"] == subject else 0)
        value = _entry_value(subject, entry, reason, by) | {"number": number, "at": datetime.now(UTC)}
        send(Encoder(registry, topics.REVIEW, wire.REVIEW)(value), f"{subject}\0{number}", partition)
    return Entry(number, entry.kind, entry.model, entry.proposed, entry.grade, entry.until)


def _entry_value(subject: str, entry: Entry, reason: str, by: str) -> dict[str, Any]:
    return {
        "subject": subject,
        "kind": entry.kind.value,
        "model": entry.model,
        "proposed": entry.proposed,
        "grade": entry.grade,
        "until": None if entry.kind is EntryKind.APPEAL else entry.until,
        "reason": reason,
        "by": by,
    }
