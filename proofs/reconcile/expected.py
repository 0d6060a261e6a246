"""What a receiver of the changes has to have got."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Window(NamedTuple):
    """What a receiver had read of the changes before and after its topics were scanned, by partition."""

    before: Mapping[int, int]
    after: Mapping[int, int]


@dataclass(slots=True)
class Expected:
    """What a receiver has to have of each subject: at least and at most, and how much there is in all."""

    window: Window
    least: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    total: int = 0
    partition: dict[str, int] = field(default_factory=dict)

    def take(self, subject: str, partition: int, offset: int, count: int) -> None:
        """Count what one change brings to the receiver."""
        self.total += count
        self.partition[subject] = partition
        if offset < self.window.after.get(partition, 0):
            self.most[subject] += count
            if offset < self.window.before.get(partition, 0):
                self.least[subject] += count
