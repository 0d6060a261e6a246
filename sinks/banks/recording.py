"""Publishes who is told what (``recipient.v1``), and reads what was published: few messages, each with a version.

What is said of a recipient goes into every partition, in one transaction; what is said of an enterprise into its own.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry, full_name
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.scan import scan
from bus.sole_writer import sole_writer
from catalogue import wire
from catalogue.errors import PoisonMessage
from rules.release.recipient_messages import (
    HANDLE_KEY_BYTES,
    PortfolioEntry,
    RecipientMessage,
    RecipientVersion,
    TopicLoss,
    recipient_message,
)
from rules.release.recipients import RecipientDefinition, digest_of

_MARKS = full_name(wire.RELEASE_MARKS)


def publish_recipients(
    config: BusConfig, transactions: str, wanted: Iterable[RecipientDefinition], removed: Collection[str] = ()
) -> list[RecipientVersion]:
    """Publish each definition that differs from its newest version, and return the versions that were published.

    ``removed``: the ids of those that are recipients no more. ``transactions``: what the transactional id begins with.
    What is published is so in every partition, in one transaction; handles keep their key. Raises Unavailable while
    Kafka or the registry is away, or when somebody else publishes in the same moment.
    """
    with (
        closing(Registry(config)) as registry,
        sole_writer(config, topics.RECIPIENT, f"{transactions}.recipients") as send,
    ):
        newest = published_recipients(config, registry)
        published = [*_differing(newest, wanted), *_removals(newest, removed)]
        encode = Encoder(registry, topics.RECIPIENT, wire.RECIPIENT)
        for version in published:
            value = encode(_recipient_value(version))
            for partition in range(config.partitions):
                send(value, version.recipient, partition)
    return published


def published_recipients(config: BusConfig, registry: Registry, partition: int = 0) -> dict[str, RecipientVersion]:
    """Return the newest version of each recipient, those that were removed included; each partition has them all."""
    found: dict[str, RecipientVersion] = {}
    for said in _messages(config, registry, [partition]):
        if isinstance(said, RecipientVersion):
            found[said.recipient] = said
    return found


def record_entries(
    config: BusConfig, transactions: str, recipient: str, subjects: Iterable[str], *, is_in: bool
) -> list[PortfolioEntry]:
    """Say whether a recipient's list has these enterprises, where it said something else, and return what was said.

    Raises as ``publish_recipients`` does.
    """
    return _record(config, transactions, recipient, subjects, is_in=is_in)


def record_resends(
    config: BusConfig, transactions: str, recipient: str, subjects: Iterable[str]
) -> list[PortfolioEntry]:
    """Ask that a recipient be told anew what it may know of enterprises; raises as ``publish_recipients`` does."""
    return _record(config, transactions, recipient, subjects, is_in=None)


def record_loss(
    config: BusConfig,
    transactions: str,
    recipient: str,
    reason: str,
    before: Mapping[int, int],
    missing: Mapping[int, int],
) -> TopicLoss:
    """Declare that a recipient's topic lost messages for good; ``before`` and ``missing``: as ``TopicLoss`` has them.

    What was declared of it before is part of this: the newest counts. Raises as ``publish_recipients`` does.
    """
    with (
        closing(Registry(config)) as registry,
        sole_writer(config, topics.RECIPIENT, f"{transactions}.losses") as send,
    ):
        known = (
            said.version
            for said in _messages(config, registry, [0])
            if isinstance(said, TopicLoss) and said.recipient == recipient
        )
        loss = TopicLoss(
            recipient,
            max(known, default=0) + 1,
            {str(partition): offset for partition, offset in before.items()},
            {str(partition): count for partition, count in missing.items()},
            reason,
            datetime.now(UTC),
        )
        value = Encoder(registry, topics.RECIPIENT, wire.TOPIC_LOSS)(loss._asdict())
        for partition in range(config.partitions):
            send(value, recipient, partition)
    return loss


def told_subjects(config: BusConfig, registry: Registry, recipient: str) -> tuple[str, ...]:
    """Return the enterprises of which a recipient was told anything, sorted; raises Unavailable."""
    decode, told = Decoder(registry), dict[str, bool]()
    for message in scan(config, topics.RELEASE_SEQUENCE):
        raw = message.value() or b""
        if decode.name(raw) == _MARKS:
            value = decode(raw)
            told[value["subject"]] = any(mark["recipient"] == recipient for mark in value["recipients"])
    return tuple(sorted(subject for subject, is_told in told.items() if is_told))


def portfolio_of(config: BusConfig, registry: Registry, recipient: str) -> tuple[str, ...]:
    """Return the enterprises that a recipient's list has, sorted."""
    newest = _newest_entries(config, registry, recipient, range(config.partitions))
    return tuple(sorted(subject for subject, said in newest.items() if said.is_in))


def _record(
    config: BusConfig, transactions: str, recipient: str, subjects: Iterable[str], *, is_in: bool | None
) -> list[PortfolioEntry]:
    """Record entries; ``is_in`` None: what they say stays, and everything is told anew."""
    by_partition: defaultdict[int, set[str]] = defaultdict(set)
    for subject in subjects:
        by_partition[partition_of(subject, config.partitions)].add(subject)
    recorded: list[PortfolioEntry] = []
    with (
        closing(Registry(config)) as registry,
        sole_writer(config, topics.RECIPIENT, f"{transactions}.portfolios") as send,
    ):
        newest = _newest_entries(config, registry, recipient, by_partition)
        encode = Encoder(registry, topics.RECIPIENT, wire.PORTFOLIO_ENTRY)
        for partition, own in sorted(by_partition.items()):
            for subject in sorted(own):
                last = newest.get(subject, PortfolioEntry(recipient, subject, 0, is_in=False, is_resend=False))
                if is_in == last.is_in:
                    continue
                said = last._replace(
                    version=last.version + 1, is_in=last.is_in if is_in is None else is_in, is_resend=is_in is None
                )
                send(encode(said._asdict() | {"said_at": datetime.now(UTC)}), f"{recipient}\0{subject}", partition)
                recorded.append(said)
    return recorded


def _newest_entries(
    config: BusConfig, registry: Registry, recipient: str, partitions: Iterable[int]
) -> dict[str, PortfolioEntry]:
    return {
        said.subject: said
        for said in _messages(config, registry, sorted(partitions))
        if isinstance(said, PortfolioEntry) and said.recipient == recipient
    }


def _messages(config: BusConfig, registry: Registry, partitions: list[int]) -> Iterator[RecipientMessage]:
    decode = Decoder(registry)
    for message in scan(config, topics.RECIPIENT, partitions=partitions):
        raw = message.value() or b""
        # What cannot be read is a dead letter of the processor that releases.
        with suppress(PoisonMessage):
            yield recipient_message(decode.name(raw), decode(raw))


def _differing(
    newest: Mapping[str, RecipientVersion], wanted: Iterable[RecipientDefinition]
) -> Iterator[RecipientVersion]:
    for definition in wanted:
        last = newest.get(definition.id)
        if last is None:
            yield RecipientVersion(1, definition, secrets.token_bytes(HANDLE_KEY_BYTES))
        elif last.is_removed or last.definition != definition:
            yield RecipientVersion(last.version + 1, definition, last.handle_key)


def _removals(newest: Mapping[str, RecipientVersion], removed: Collection[str]) -> Iterator[RecipientVersion]:
    for name in sorted(removed):
        last = newest.get(name)
        if last is not None and not last.is_removed:
            yield last._replace(version=last.version + 1, is_removed=True)


def _recipient_value(version: RecipientVersion) -> dict[str, object]:
    text = version.definition.text()
    return {
        "recipient": version.recipient,
        "version": version.version,
        "definition": text,
        "digest": digest_of(text),
        "handle_key": version.handle_key,
        "is_removed": version.is_removed,
        "published_at": datetime.now(UTC),
    }
