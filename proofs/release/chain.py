"""The chain of one partition of ``release.v1``: entries, then the step that ends them, each step behind the one before.

A step's digest is over its entries and itself, and it holds the digest of the step before. So nothing of what was
published can be altered, dropped or doubled without a trace, whether or not it is known what had to be published.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus.avro.decoding import Decoder
from bus.avro.registry import full_name
from bus.topics import RELEASE
from catalogue import wire
from catalogue.errors import PoisonMessage

Found = Callable[[str, str], None]
"""Is called with a place, as ``topic/partition@offset``, and what does not add up there."""
_ENTRY, _STEP = full_name(wire.RELEASE_ENTRY), full_name(wire.RELEASE_STEP)
# A step ends with its digest: a length of 32, as Avro writes it, and so many bytes. Without one the length is 0.
_DIGEST_BYTES = 33
_NO_DIGEST = b"\x00"


class StepEntry(NamedTuple):
    """An entry, and where it lies; ``value`` is that of ``wire.RELEASE_ENTRY``."""

    place: str
    value: Mapping[str, Any]
    offset: int


class Step(NamedTuple):
    """A step with its entries; ``value`` is that of ``wire.RELEASE_STEP``, ``raw`` the message."""

    place: str
    value: Mapping[str, Any]
    raw: bytes
    entries: tuple[StepEntry, ...]


@dataclass(slots=True)
class ChainEnd:
    """What of the last step the next one must say; of the first one nothing was before."""

    number: int = 0
    digest: bytes = b""
    after: dict[str, int] = field(default_factory=dict)


class Chain:
    """Reads one partition's messages in their order, from behind the step ``end``, and gives back whole steps."""

    def __init__(self, partition: int, decode: Decoder, end: ChainEnd, found: Found) -> None:
        self._partition, self._decode, self.end, self._found = partition, decode, end, found
        self._entries: list[StepEntry] = []
        self._hash = hashlib.sha256()

    def take(self, offset: int, raw: bytes) -> Step | None:
        """Take a message; return the step that it ends."""
        place = f"{RELEASE}/{self._partition}@{offset}"
        try:
            name, value = self._decode.name(raw), self._decode(raw)
        except PoisonMessage as problem:
            self._found(place, f"unreadable: {problem.message}")
            return None
        if name == _ENTRY:
            self._take_entry(StepEntry(place, value, offset), raw)
            return None
        if name != _STEP:
            self._found(place, f"a {name} is neither entry nor step")
            return None
        return self._take_step(place, value, raw)

    def finish(self) -> None:
        """Note entries that no step ended."""
        if self._entries:
            self._found(self._entries[0].place, f"{len(self._entries)} entries without the step that ends them")

    def _take_entry(self, entry: StepEntry, raw: bytes) -> None:
        due, said = self.end.number + 1, entry.value["step"]
        if said != due:
            self._found(entry.place, f"an entry of step {said} where step {due} is told")
        self._hash.update(hashlib.sha256(raw).digest())
        self._entries.append(entry)

    def _take_step(self, place: str, value: Mapping[str, Any], raw: bytes) -> Step:
        end, number = self.end, value["number"]
        self._hash.update(raw[:-_DIGEST_BYTES] + _NO_DIGEST)
        problems = {
            f"step {number} behind step {end.number}": number != end.number + 1,
            f"step {number} does not follow what is before it": value["previous"] != end.digest,
            f"step {number} begins at other offsets than the one before ended": value["before"] != end.after,
            f"step {number} says {value['entries']} entries, and has {len(self._entries)}": (
                value["entries"] != len(self._entries)
            ),
            f"step {number} or one of its entries was altered: its digest is another": (
                value["digest"] != self._hash.digest()
            ),
            f"step {number} came to offsets before those where it began": any(
                value["after"].get(topic, 0) < offset for topic, offset in value["before"].items()
            ),
        }
        for problem, holds in problems.items():
            if holds:
                self._found(place, problem)
        step = Step(place, value, raw, tuple(self._entries))
        # What it says is taken for what is so, that each fault is told once.
        self.end = ChainEnd(number, value["digest"], dict(value["after"]))
        self._entries, self._hash = [], hashlib.sha256()
        return step
