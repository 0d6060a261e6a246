"""The anchors: each genuine, each behind the one before, and what they say of the chains."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bus.avro.decoding import Decoder
from bus.crypto.signing import ForgedSignature, Verifier
from bus.topics import ANCHOR
from catalogue.errors import PoisonMessage
from proofs.audit.faults import ChainFaults, FaultKind, NumberOrder
from rules.audit.anchor import ANCHOR_TYPE, Anchor, anchor_digest, read_anchor, read_anchor_message

Chain = tuple[str, int]
"""A topic and a partition."""


class AnchorCheck:
    """Takes the anchors in their order, before the chains that they speak of."""

    def __init__(self, decode: Decoder, verifier: Verifier, faults: ChainFaults) -> None:
        self._decode, self._verifier, self._faults = decode, verifier, faults
        self._order = NumberOrder(faults)
        self._previous = ""
        self.count = 0
        self.newest: Anchor | None = None
        # By chain and number the digest, and which anchor says it.
        self._due: dict[Chain, dict[int, tuple[bytes, str]]] = {}

    def take(self, offset: int, raw: bytes) -> Mapping[str, Any] | None:
        """Take a message of ``anchor.v1``; return what it says, None where nobody can read it."""
        place = f"{ANCHOR}/0@{offset}"
        value: Mapping[str, Any] | None = None
        try:
            value = self._decode(raw)
            signed = self._verifier.verify(value["artefact"], ANCHOR_TYPE)
            anchor = read_anchor_message(value, signed.payload, signed.alg, signed.kid)
        except (PoisonMessage, ForgedSignature, KeyError, ValueError) as problem:
            self._faults.add(FaultKind.FORGED, place, f"no anchor of this hub: {problem}")
            return value
        last = self.newest.number if self.newest else 0
        if self._order.check(last, anchor.number, place, "anchor") and anchor.previous != self._previous:
            self._faults.add(FaultKind.ALTERED, place, f"anchor {anchor.number} does not follow the one before it")
        self._expect(anchor, f"anchor {anchor.number}")
        if anchor.number > last:
            self.newest, self._previous = anchor, anchor_digest(value["artefact"])
        self.count += 1
        return value

    def take_kept(self, artefacts: Iterable[str]) -> None:
        """Take anchors that somebody kept, whatever the topic says."""
        for number, artefact in enumerate(artefacts, start=1):
            try:
                anchor = read_anchor(self._verifier.verify(artefact, ANCHOR_TYPE).payload)
            except (ForgedSignature, ValueError) as problem:
                self._faults.add(FaultKind.FORGED, f"kept anchor {number}", f"no anchor of this hub: {problem}")
                continue
            self._expect(anchor, f"the anchor {anchor.number} that was kept")

    def passed(self, chain: Chain, number: int, digest: bytes, place: str) -> None:
        """Compare a link of a chain with what an anchor says of it."""
        said = self._due.get(chain, {}).pop(number, None)
        if said is not None and said[0] != digest:
            self._faults.add(FaultKind.ALTERED, place, f"{said[1]} says another digest of {number}: it was exchanged")

    def finish(self) -> None:
        """Note the links that anchors speak of and that no chain has."""
        for chain, number, who in sorted(self._unmet()):
            place = f"{chain[0]}/{chain[1]}"
            self._faults.add(FaultKind.MISSING, place, f"{who} says that it came up to {number}, which is not there")

    def _unmet(self) -> Iterator[tuple[Chain, int, str]]:
        for chain, numbers in self._due.items():
            if numbers:
                # One that is cut off lacks all behind: the first says so.
                number = min(numbers)
                yield chain, number, numbers[number][1]

    def _expect(self, anchor: Anchor, who: str) -> None:
        for head in anchor.heads:
            numbers = self._due.setdefault((head.topic, head.partition), {})
            digest, _ = numbers.setdefault(head.number, (head.digest, who))
            if digest != head.digest:
                text = f"{who} says another digest of {head.number} than an anchor before"
                self._faults.add(FaultKind.ALTERED, f"{head.topic}/{head.partition}", text)
