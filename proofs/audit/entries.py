"""The chain of ``audit.v1``: each entry has its number, the digest before, and its own over the message without one."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import full_name
from bus.topics import AUDIT
from catalogue import wire
from catalogue.errors import PoisonMessage
from proofs.audit.anchors import AnchorCheck
from proofs.audit.faults import ChainFaults, FaultKind, NumberOrder

_ENTRY = full_name(wire.AUDIT_ENTRY)
_ALGORITHM = "SHA-256"
# An entry ends with its digest: a length of 32, as Avro writes it, and so many bytes. Without one the length is 0.
_DIGEST_BYTES, _NO_DIGEST = 33, b"\x00"


class EntryCheck:
    """Takes the entries in their order."""

    def __init__(self, decode: Decoder, anchors: AnchorCheck, faults: ChainFaults) -> None:
        self._decode, self._anchors, self._faults = decode, anchors, faults
        self._order = NumberOrder(faults)
        self._last, self._digest = 0, b""
        self.count = 0

    def take(self, offset: int, raw: bytes) -> Mapping[str, Any] | None:
        """Take a message of ``audit.v1``; return what it says, None where nobody can read it."""
        place = f"{AUDIT}/0@{offset}"
        try:
            name, value = self._decode.name(raw), self._decode(raw)
        except PoisonMessage as problem:
            self._faults.add(FaultKind.ALTERED, place, f"unreadable: {problem.message}")
            return None
        if name != _ENTRY:
            self._faults.add(FaultKind.ALTERED, place, f"a {name} is no entry")
            return None
        self.count += 1
        number, digest = value["number"], value["digest"]
        if value["alg"] != _ALGORITHM or sha256(raw[:-_DIGEST_BYTES] + _NO_DIGEST).digest() != digest:
            self._faults.add(FaultKind.ALTERED, place, f"entry {number} was altered: its digest is another")
        elif self._order.check(self._last, number, place, "entry") and value["previous"] != self._digest:
            self._faults.add(FaultKind.ALTERED, place, f"entry {number} does not follow the one before it")
        self._anchors.passed((AUDIT, 0), number, digest, place)
        # What it says is taken for what is so, that each fault is told once.
        if number > self._last:
            self._last, self._digest = number, digest
        return value
