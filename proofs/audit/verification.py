"""All chains at once, whoever reads their messages: the topics, or an exported file. Anchors come first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.crypto.signing import Verifier
from bus.topics import ANCHOR, AUDIT, RELEASE
from proofs.audit.anchors import AnchorCheck
from proofs.audit.entries import EntryCheck
from proofs.audit.faults import ChainFault, ChainFaults, FaultKind
from proofs.audit.steps import StepCheck

CHAIN_TOPICS = (ANCHOR, AUDIT, RELEASE)
"""In the order in which they are verified."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was verified, and what is wrong: ``faults`` in all, the first of them in ``first``."""

    entries: int
    steps: int
    released: int
    anchors: int
    newest_anchor: datetime | None
    faults: int
    first: tuple[ChainFault, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "whole": not self.faults,
            "entries": self.entries,
            "steps": self.steps,
            "released": self.released,
            "anchors": self.anchors,
            "anchored_at": self.newest_anchor and self.newest_anchor.isoformat(),
            "faults": self.faults,
            "first": [fault.as_json() for fault in self.first],
        }


class ChainVerification:
    """Takes every message of ``CHAIN_TOPICS``, each partition's in their order, those of ``anchor.v1`` before all."""

    def __init__(self, registry: Registry, verifier: Verifier, kept: Iterable[str] = ()) -> None:
        """``kept``: artefacts of anchors that somebody kept outside of the hub."""
        self._decode, self.faults = Decoder(registry), ChainFaults()
        self._anchors = AnchorCheck(self._decode, verifier, self.faults)
        self._anchors.take_kept(kept)
        self._entries = EntryCheck(self._decode, self._anchors, self.faults)
        self._steps: dict[int, StepCheck] = {}

    def take(self, topic: str, partition: int, offset: int, raw: bytes) -> Mapping[str, Any] | None:
        """Take a message, topics named without prefix; return what it says, None where nobody can read it."""
        if topic == ANCHOR:
            return self._anchors.take(offset, raw)
        if topic == AUDIT:
            return self._entries.take(offset, raw)
        steps = self._steps.get(partition)
        if steps is None:
            steps = self._steps[partition] = StepCheck(partition, self._decode, self._anchors, self.faults)
        return steps.take(offset, raw)

    def fault(self, kind: FaultKind, place: str, text: str) -> None:
        """Note what is wrong beside the chains."""
        self.faults.add(kind, place, text)

    def finish(self) -> ChainReport:
        """Return what was found, once everything was taken."""
        for steps in self._steps.values():
            steps.finish()
        self._anchors.finish()
        newest = self._anchors.newest
        return ChainReport(
            entries=self._entries.count,
            steps=sum(steps.steps for steps in self._steps.values()),
            released=sum(steps.entries for steps in self._steps.values()),
            anchors=self._anchors.count,
            newest_anchor=newest.moment if newest else None,
            faults=self.faults.count,
            first=tuple(self.faults.first),
        )
