"""What is due against what was seen, window by window: a multiset that comes to nothing, wherever the windows are cut.

A stage says how far it came in the same transaction in which it publishes. A pass reads first how far it came, which
says what is due, and then what it published, to an end behind that. So all that is due has to be seen in this very
pass. What is seen and not due yet was published meanwhile: it is ahead, and the next pass must find it due.

Both sides are summed as well, by hashes modulo 2^128 whose order does not matter. So the two sides agree over all
windows together, too: a drop in one window cannot hide a double in another.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_BYTES = 16
_MODULUS = 1 << 8 * _BYTES


@dataclass(slots=True)
class MultisetDigest:
    """How many tokens there were, and the sum of their hashes modulo 2^128: the same in whatever order they came."""

    count: int = 0
    total: int = 0

    def add(self, token: str, times: int = 1) -> None:
        """Add a token, or take it away again when ``times`` is below zero."""
        digest = hashlib.blake2b(token.encode(errors="surrogatepass"), digest_size=_BYTES).digest()
        self.count += times
        self.total = (self.total + times * int.from_bytes(digest)) % _MODULUS

    def to_bytes(self) -> bytes:
        """Return the sum as it is kept."""
        return self.total.to_bytes(_BYTES)

    @classmethod
    def of(cls, tokens: Iterable[str]) -> "MultisetDigest":
        """Return the digest of some tokens."""
        digest = cls()
        for token in tokens:
            digest.add(token)
        return digest


class Unbalanced(NamedTuple):
    """A token that one side alone has; ``times``: how often."""

    token: str
    was_seen: bool  # else it was due, and is missing
    times: int


@dataclass(slots=True)
class Balance:
    """The two sides of one arrow. ``ahead``: what the pass before saw and what was not due then."""

    due: MultisetDigest = field(default_factory=MultisetDigest)
    seen: MultisetDigest = field(default_factory=MultisetDigest)
    ahead: Counter[str] = field(default_factory=Counter)

    def settle(self, due: Iterable[str], seen: Iterable[str]) -> list[Unbalanced]:
        """Take a window of both sides and return what does not add up; that is told once and then forgotten."""
        # By their digits a sum and the tokens that are kept must agree, or what was kept is not what was seen.
        broken = list(self._told_otherwise())
        open_due = Counter(_added(self.due, due))
        new = Counter(_added(self.seen, seen))
        unasked = self.ahead - open_due
        open_due -= self.ahead
        missing = open_due - new
        self.ahead = new - open_due
        for token, count in missing.items():
            self.due.add(token, -count)
        for token, count in unasked.items():
            self.seen.add(token, -count)
        return [
            *broken,
            *(Unbalanced(token, False, count) for token, count in missing.items()),
            *(Unbalanced(token, True, count) for token, count in unasked.items()),
        ]

    def _told_otherwise(self) -> Iterator[Unbalanced]:
        kept = MultisetDigest()
        for token, count in self.ahead.items():
            kept.add(token, count)
        if (self.due.count + kept.count, (self.due.total + kept.total) % _MODULUS) != (
            self.seen.count,
            self.seen.total,
        ):
            yield Unbalanced("the sums of what was due and what was seen differ", True, 1)
            self.due = MultisetDigest(self.seen.count - kept.count, (self.seen.total - kept.total) % _MODULUS)


def _added(digest: MultisetDigest, tokens: Iterable[str]) -> Iterator[str]:
    for token in tokens:
        digest.add(token)
        yield token


def settle_count(seen_before: int, seen_now: int, due: int) -> tuple[int, int]:
    """Return (seen in all, difference) of what is counted, not named.

    ``due``: how many there must be in all by now. ``seen_before`` and ``seen_now``: how many the passes before saw, and
    how many more this one did. Above zero: so many are double; below zero: lost. What does not add up is told once;
    from there on what was seen is taken for what was due.
    """
    if seen_before > due:
        # What the pass before saw ahead is due by now.
        return due + seen_now, seen_before - due
    lost = min(0, seen_before + seen_now - due)
    return seen_before + seen_now - lost, lost
