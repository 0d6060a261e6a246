"""A whole list (全量) is read once before anything of it is sent: one that leaves out too much is refused whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from catalogue.model import Item
from connectors.files.tables import Cell
from producers.submissions.event_history import EventReader
from producers.submissions.ledger import Ledger, Submission
from producers.submissions.row_index import Seen
from producers.submissions.sender import Progress, Sender
from producers.submissions.snapshot_withdrawals import left_out, refuse_if_doubtful, scope_of
from producers.tables.headers import Recognised


class _Reading(Sender):
    """A sender that encodes no event, and keeps which records the table holds."""

    held: Seen

    def _following(self, record: tuple[object, ...], content: str, step: int, progress: Progress) -> int | None:
        subject, key, _ = record
        self.held.put(hash((subject, key)), 1)
        return None


@dataclass(slots=True)
class _List:
    """What all sheets of one list hold."""

    sub: Submission
    item: Item
    held: Seen = field(default_factory=Seen)
    periods: set[str | None] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)  # subjects of rows that were rejected


class Rehearsal:
    """The whole lists of one file: read each table, then let ``refuse`` judge."""

    def __init__(self, config: BusConfig, registry: Registry, cipher: Cipher) -> None:
        self._config, self._registry, self._cipher = config, registry, cipher
        self._lists: dict[str, _List] = {}

    def read(self, sub: Submission, seen: Recognised, rows: Iterable[tuple[int, Sequence[Cell]]]) -> None:
        """Take note of what a table holds."""
        whole = self._lists.setdefault(seen.item.id, _List(sub, seen.item))
        reading, unused = _Reading(self._registry, self._cipher, sub, seen.item, seen), Progress()
        reading.held = whole.held
        for number, cells in rows:
            reading.take(number, cells, unused)
        whole.periods |= reading.periods
        whole.unread |= reading.unread.subjects

    def tell(self, sender: Sender) -> None:
        """Let who sends a list's last sheet know of the periods, and of the unreadable rows, of all its sheets."""
        whole = self._lists.get(sender.item.id)
        if whole is not None:
            sender.periods |= whole.periods
            sender.unread.subjects |= whole.unread

    def refuse(self, ledger: Ledger) -> None:
        """Raise FileRefused when a list leaves out so much of what the unit reported that it may be incomplete.

        Rows that nobody can read stop no others: those are judged when the rest is sent.
        """
        for whole in self._lists.values():
            scope = scope_of(whole.sub, whole.item, ledger, whole.periods)
            if not len(whole.held) or scope.earlier <= scope.own:
                continue
            live = gone = 0
            for partition in EventReader(self._config, self._registry, whole.item).partitions():
                found, missing = left_out(partition, scope, whole.held)
                live += found
                gone += sum(one.subject not in whole.unread for one in missing)
            counts = {"live": live, "gone": gone, "unread": 0}
            refuse_if_doubtful(whole.sub, counts, sent=whole.sub.id in ledger)
