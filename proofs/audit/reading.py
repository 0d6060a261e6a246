"""The messages of all chains, from the topics or from a file, in the order in which they are verified."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from confluent_kafka import Message

from bus.crypto.signing import Ed25519Verifier, Jwk
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import UsageError
from proofs.audit.export import ExportedMessage, ExportReader, readable
from proofs.audit.faults import FaultKind
from proofs.audit.verification import CHAIN_TOPICS, ChainReport, ChainVerification

_COUNT_EVERY = 1000


def chain_messages(reader: TopicReader) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message); what an anchor speaks of is there when the chain is read."""
    for topic in CHAIN_TOPICS:
        partitions = reader.partitions([topic])
        # Where a transaction is open nobody may read on yet; what it says comes with the next export.
        ends = reader.ends(partitions, stable=True)
        for message in reader.read(dict.fromkeys(partitions, 0), ends):
            # The reader may go on behind the end, into what is not whole there.
            if (message.offset() or 0) < ends[TopicPartition(topic, message.partition() or 0)].high:
                yield topic, message


def verified_file(
    file: Path, trusted: Iterable[Jwk] | None, kept: Iterable[str], count: Callable[[int], None]
) -> ChainReport:
    """Return what is wrong with an exported file; ``trusted``: None, the keys that it brings. Raises UsageError."""
    reader = ExportReader(file)
    verification: ChainVerification | None = None
    for number, found in enumerate(reader.messages(), start=1):
        if verification is None:
            verification = _verification(reader, trusted, kept)
        if isinstance(found, ExportedMessage):
            _take(verification, found)
        else:
            kind = FaultKind.MISSING if found.is_short else FaultKind.ALTERED
            verification.fault(kind, f"{file.name}, {found.place}", found.text)
        if number % _COUNT_EVERY == 0:
            count(_COUNT_EVERY)
    return (verification or _verification(reader, trusted, kept)).finish()


def _verification(reader: ExportReader, trusted: Iterable[Jwk] | None, kept: Iterable[str]) -> ChainVerification:
    try:
        verifier = Ed25519Verifier(reader.keys if trusted is None else trusted)
    except ValueError as exc:
        raise UsageError("The file holds no public keys.", remedy="Name them with --keys.") from exc
    return ChainVerification(reader.schemas, verifier, kept)


def _take(verification: ChainVerification, message: ExportedMessage) -> None:
    topic, partition, offset, raw, said = message
    place = f"{topic}/{partition}@{offset}"
    if topic not in CHAIN_TOPICS:
        verification.fault(FaultKind.FORGED, place, "a message of no chain")
        return
    value = verification.take(topic, partition, offset, raw)
    # What people read beside the bytes is no part of any digest.
    if readable(value) != said:
        verification.fault(FaultKind.ALTERED, place, "what the file says of the message is not what the message says")
