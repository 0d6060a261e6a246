"""What a receiver of the changes must have got by now."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Window(NamedTuple):
    """What a receiver had read of the changes before and after its topics were scanned, by partition."""

    before: Mapping[int, int]
    after: Mapping[int, int]


@dataclass(slots=True)
class ExpectedCounts:
    """How much a receiver must have of each subject, at least and at most, and how much there is in all.

    The receiver goes on while its topics are scanned: what it had read before is certain, what it reads meanwhile may
    be there.
    """

    window: Window
    least: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    total: int = 0
    partition: dict[str, int] = field(default_factory=dict)

    def count(self, subject: str, partition: int, offset: int, messages: int) -> None:
        """Count what one change brings to the receiver."""
        if offset < self.window.after.get(partition, 0):
            is_certain = offset < self.window.before.get(partition, 0)
            self.count_told(subject, partition, messages, is_certain=is_certain)
        else:
            self.total += messages
            self.partition[subject] = partition

    def count_told(self, subject: str, partition: int, messages: int, *, is_certain: bool) -> None:
        """Count what the receiver may have; ``is_certain``: it had it before its topics were scanned."""
        self.total += messages
        self.partition[subject] = partition
        self.most[subject] += messages
        if is_certain:
            self.least[subject] += messages


def outside(count: int, least: int, most: int) -> int:
    """Return by how many a count is below the least or above the most that is expected; 0 when it is neither."""
    return max(least - count, count - most, 0)
