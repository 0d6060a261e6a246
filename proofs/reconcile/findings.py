"""What the proof counts and what it finds: tallies per arrow and category, and every difference by name."""

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime

from catalogue.errors import PoisonMessage

FILES, MERGE, CHANGES = "file>catalogue", "catalogue>record", "record>change"
RELEASE, POSTGRES, UPSTREAM = "release", "postgres", "upstream"
OUTCOMES = ("merged", "duplicate", "superseded", "rejected", "unresolved")
_NAMED_AT_MOST = 200


def bank_arrow(bank: str) -> str:
    """Return the name of a bank's arrow."""
    return f"bank.{bank}"


@dataclass(slots=True)
class Tally:
    """What went in and what became of it; on a sink's arrow ``merged`` is what was delivered.

    ``lost``: delivered, then lost from a bank's topic, as an operator declared.
    """

    entered: int = 0
    merged: int = 0
    duplicate: int = 0
    superseded: int = 0
    rejected: int = 0
    unresolved: int = 0
    pending: int = 0
    lost: int = 0

    @property
    def missing(self) -> int:
        """How many entered without any outcome; below zero: outcomes of nothing that entered."""
        outcomes = self.merged + self.duplicate + self.superseded + self.rejected + self.unresolved
        return self.entered - self.pending - self.lost - outcomes

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        for outcome in fields(self):
            setattr(self, outcome.name, getattr(self, outcome.name) + getattr(other, outcome.name))


@dataclass(frozen=True, slots=True)
class ArrowDifference:
    """Something that does not add up: on which arrow, where, by how many messages."""

    arrow: str
    place: str  # topic partition, submission, subject or table
    what: str
    count: int = 1
    unreadable: bool = False  # a message that cannot be decoded, so that nothing else is known of it


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """So many messages of a bank's arrow are lost for good, as an operator declared; why, and when that was said."""

    arrow: str
    count: int
    reason: str
    said_at: datetime


@dataclass(slots=True)
class Findings:
    """The result of one proof."""

    arrows: dict[str, Tally] = field(default_factory=dict)
    categories: dict[str, Tally] = field(default_factory=dict)
    submissions: int = 0
    open_submissions: int = 0
    differences: list[ArrowDifference] = field(default_factory=list)
    difference_by_arrow: Counter[str] = field(default_factory=Counter)
    written_off: list[WrittenOff] = field(default_factory=list)
    moved: bool = False  # something was processed while the proof ran
    # Events of equal time and revision, and other content, than another version of their record; by item and unit.
    conflicts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def arrow(self, name: str) -> Tally:
        """Return an arrow's tally, made on first use."""
        self.difference_by_arrow.setdefault(name, 0)
        return self.arrows.setdefault(name, Tally())

    def category(self, name: str) -> Tally:
        """Return a category's tally, made on first use."""
        return self.categories.setdefault(name, Tally())

    def differ(self, arrow: str, place: str, what: str, count: int = 1) -> None:
        """Note a difference; an arrow's are counted, and named up to a few hundred."""
        self._note(ArrowDifference(arrow, place, what, count))

    def unreadable(self, arrow: str, place: str, problem: PoisonMessage) -> None:
        """Note a message that cannot be read."""
        self._note(ArrowDifference(arrow, place, f"unreadable: {problem.message}", unreadable=True))

    def _note(self, difference: ArrowDifference) -> None:
        self.difference_by_arrow[difference.arrow] += difference.count
        if sum(1 for d in self.differences if d.arrow == difference.arrow) < _NAMED_AT_MOST:
            self.differences.append(difference)

    @property
    def pending(self) -> int:
        """How many messages are on their way, over all arrows."""
        return sum(tally.pending for tally in self.arrows.values())

    @property
    def difference(self) -> int:
        """How many messages are lost or double, over all arrows."""
        return sum(self.difference_by_arrow.values())

    @property
    def exit_code(self) -> int:
        """What a command that proves ends with."""
        return 1 if self.difference else 0
