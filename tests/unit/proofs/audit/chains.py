"""Chains of a small hub in memory, made by the code that writes them, and their verification."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from bus.avro.encoding import Encoder
from bus.crypto.signing import Ed25519Signer, Ed25519Verifier, new_key, public_part
from bus.topics import ANCHOR, AUDIT, RELEASE
from catalogue import wire
from proofs.audit.export import ExportWriter
from proofs.audit.verification import CHAIN_TOPICS, ChainReport, ChainVerification
from rules.audit.anchor import ANCHOR_TYPE, Anchor, ChainHead, anchor_digest, anchor_message, anchor_text
from rules.audit.entry import OK, ActorKind, AuditAct, AuditEntry, message_of
from sinks.banks.chain import LastStep, StepChain
from sinks.banks.encoding import ReleasedMessage
from tests.builders.consents import SUBJECT
from tests.unit.sinks.banks.releasing import LocalRegistry

START = datetime(2026, 3, 2, tzinfo=UTC)
PRIVATE = new_key()
SIGNER, PUBLIC = Ed25519Signer(PRIVATE), public_part(PRIVATE)
VERIFIER = Ed25519Verifier([PUBLIC])


@dataclass(frozen=True)
class Sent:
    """A message as the client hands it over."""

    where: int
    at: int
    raw: bytes

    def value(self) -> bytes:
        return self.raw

    def partition(self) -> int:
        return self.where

    def offset(self) -> int:
        return self.at


@dataclass
class Chains:
    """The messages of the three topics, by topic and partition."""

    registry: LocalRegistry = field(default_factory=LocalRegistry)
    messages: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    anchors: list[str] = field(default_factory=list)
    heads: dict[tuple[str, int], ChainHead] = field(default_factory=dict)

    def __post_init__(self) -> None:
        release = [Encoder(self.registry, RELEASE, schema) for schema in (wire.RELEASE_ENTRY, wire.RELEASE_STEP)]
        self._entry = Encoder(self.registry, AUDIT, wire.AUDIT_ENTRY)
        self._anchor = Encoder(self.registry, ANCHOR, wire.ANCHOR)
        self._steps = {partition: StepChain(LastStep(), *release) for partition in (0, 1)}

    def ask(self, actor: str = "op-1") -> None:
        """Write an entry of the audit log."""
        entry = AuditEntry(
            START, ActorKind.OPERATOR, actor, AuditAct.SCOPE_SHOW, SUBJECT, "LOAN", ("SQ-1",), OK, b"q" * 32, b"a" * 32
        )
        last = self.heads.get((AUDIT, 0), ChainHead(AUDIT, 0, 0, b""))
        number = last.number + 1
        digest = sha256(self._entry(message_of(entry, number, last.digest, b""))).digest()
        self._add(AUDIT, 0, self._entry(message_of(entry, number, last.digest, digest)))
        self.heads[AUDIT, 0] = ChainHead(AUDIT, 0, number, digest)

    def release(self, partition: int, entries: int) -> None:
        """Write a step with so many entries."""
        chain = self._steps[partition]
        for number in range(entries):
            told = [ReleasedMessage("yinhe", number + 1, f"h{number}", ("SQ-1",), bytes(32))]
            self._add(RELEASE, partition, chain.entry(SUBJECT, "tax.payment", "REPORT", "", 1, told))
        after = {"credit.change.v1": chain.last.number + 1}
        self._add(RELEASE, partition, chain.step(1, START, after, is_settled=True))
        self.heads[RELEASE, partition] = ChainHead(RELEASE, partition, chain.last.number, chain.last.digest)

    def sign(self, signer: Any = SIGNER) -> None:
        """Sign the heads."""
        number = len(self.anchors) + 1
        previous = anchor_digest(self.anchors[-1]) if self.anchors else ""
        heads = tuple(self.heads[key] for key in sorted(self.heads))
        anchor = Anchor(number, START + timedelta(minutes=number), previous, heads)
        artefact = signer.sign(anchor_text(anchor), ANCHOR_TYPE)
        self.anchors.append(artefact)
        self._add(ANCHOR, 0, self._anchor(anchor_message(anchor, artefact, signer.alg, signer.kid)))

    def verified(self, kept: tuple[str, ...] = ()) -> ChainReport:
        """Return what is found."""
        verification = ChainVerification(self.registry, VERIFIER, kept)
        for topic, sent in self.sent():
            verification.take(topic, sent.where, sent.at, sent.raw)
        return verification.finish()

    def sent(self) -> list[tuple[str, Sent]]:
        """Return the messages in the order in which they are read."""
        return [
            (topic, Sent(partition, at, raw))
            for topic in CHAIN_TOPICS
            for (name, partition), messages in sorted(self.messages.items())
            if name == topic
            for at, raw in enumerate(messages)
        ]

    def exported(self, file: Path, change: Callable[[dict[str, Any]], Any] = lambda line: line) -> Path:
        """Write the file, each line changed; a line of which None is made is left out."""
        out = io.StringIO()
        writer = ExportWriter(out, self.registry)
        writer.begin([PUBLIC], START.isoformat())
        for topic, sent in self.sent():
            writer.message(topic, cast(Any, sent))
        writer.end()
        lines = [change(json.loads(line)) for line in out.getvalue().splitlines()]
        file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines if line is not None))
        return file

    def _add(self, topic: str, partition: int, raw: bytes) -> None:
        self.messages.setdefault((topic, partition), []).append(raw)


def lived() -> Chains:
    """Return chains of some length with two anchors, of which the last one is of the ends."""
    chains = Chains()
    for number in range(5):
        chains.ask(f"op-{number}")
    for partition in (0, 1):
        for entries in (2, 0, 3, 1):
            chains.release(partition, entries)
    chains.sign()
    chains.ask()
    chains.release(1, 2)
    chains.sign()
    return chains
