"""Where canaries were looked for, and which were found where they have no right."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from tests.canaries.canary import Canary
from tests.canaries.rights import Rule, World
from tests.canaries.search import Finder

Say = Callable[[str], None]
"""Tells whoever waits how far a run came."""


class Kind(StrEnum):
    """What a place is."""

    EVENTS = "topics with records"
    OTHER_TOPICS = "other topics"
    BANK_TOPICS = "topics of recipients"
    UPSTREAM = "what goes to the platform above"
    SCHEMAS = "schemas"
    TABLES = "tables, by role"
    LOGS = "logs"
    FILES = "files of the hub"
    METRICS = "metrics"
    PAGES = "pages of enterprises"
    WEBHOOKS = "webhooks"
    PULLED = "pulled and viewed"
    ANSWERS = "answers and refusals"
    OPERATORS = "the portal to operators"
    RECEIPTS = "receipts of pushes"
    COMMANDS = "commands of operators"
    RETURNED = "rows given back"


@dataclass(frozen=True, slots=True)
class Leak:
    """A canary where it has no right, with what stands around it."""

    kind: Kind
    place: str
    canary: Canary
    form: str
    around: bytes

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}: {self.canary}, as {self.form}: {self.around!r}"


@dataclass(slots=True)
class Tally:
    """What was seen in all places of a kind."""

    places: set[str] = field(default_factory=set)
    size: int = 0
    rightly: set[Canary] = field(default_factory=set)
    wrongly: set[Canary] = field(default_factory=set)


class Ledger:
    """Takes what is found, place by place."""

    def __init__(self, finder: Finder, world: World) -> None:
        self._finder, self._world = finder, world
        self.tallies: dict[Kind, Tally] = {kind: Tally() for kind in Kind}
        self.leaks: dict[tuple[Kind, str, Canary], Leak] = {}
        self.held: defaultdict[str, set[Canary]] = defaultdict(set)
        """The canaries that were found in a place, by its name."""

    def look(self, kind: Kind, place: str, rule: Rule, data: bytes) -> None:
        """Look for every canary in what lies in a place."""
        tally = self.tallies[kind]
        tally.places.add(place)
        tally.size += len(data)
        for found in self._finder.find(data):
            self.held[place].add(found.canary)
            if rule.allows(found.canary, self._world):
                tally.rightly.add(found.canary)
                continue
            tally.wrongly.add(found.canary)
            key = (kind, place, found.canary)
            self.leaks.setdefault(key, Leak(kind, place, found.canary, found.form, found.around))

    def look_all(self, kind: Kind, place: str, rule: Rule, parts: Iterable[bytes]) -> None:
        """Look into each part of a place that is too large to be taken at once."""
        for part in parts:
            self.look(kind, place, rule, part)

    def wrong(self) -> Iterator[Leak]:
        """Yield every leak once."""
        yield from self.leaks.values()
