"""A whole list (全量) is read once before anything of it is sent: one that leaves out too much is refused whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from catalogue.model import Item
from connectors.tables import Cell
from producers.submissions.event_history import EventReader
from producers.submissions.ledger import Ledger
from producers.submissions.progress import SubmissionCounts
from producers.submissions.revisions import Revisions
from producers.submissions.row_index import RowIndex
from producers.submissions.sender import Sender
from producers.submissions.snapshot_withdrawals import left_out, refuse_if_doubtful, scope_of
from producers.submissions.submission import Submission
from producers.tables.headers import RecognisedTable


class _Listing(Revisions):
    """Keeps which records a table holds, and calls every row a repetition: so none is encoded."""

    def __init__(self, records: RowIndex) -> None:
        super().__init__(flagged=False, replaces_set=False)
        self._records = records

    def step(
        self, record: tuple[object, ...], content: str, step: int, row_no: int, counts: SubmissionCounts
    ) -> int | None:
        subject, key, *_ = record
        self._records.put(hash((subject, key)), 1)
        return None


@dataclass(slots=True)
class _List:
    """What all sheets of one list hold."""

    submission: Submission
    item: Item
    records: RowIndex = field(default_factory=RowIndex)
    periods: set[str | None] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)  # subjects of rows that were rejected


class Rehearsal:
    """The whole lists of one source: read each table, then let ``refuse`` judge."""

    def __init__(self, config: BusConfig, registry: Registry, cipher: Cipher) -> None:
        self._config, self._registry, self._cipher = config, registry, cipher
        self._lists: dict[str, _List] = {}

    def read(
        self, submission: Submission, recognised: RecognisedTable, rows: Iterable[tuple[int, Sequence[Cell]]]
    ) -> None:
        """Take note of what a table holds."""
        item = recognised.item
        whole = self._lists.setdefault(item.id, _List(submission, item))
        reader, unused = Sender(self._registry, self._cipher, submission, item, recognised), SubmissionCounts()
        reader.revisions = _Listing(whole.records)
        for number, cells in rows:
            reader.take(number, cells, unused)
        whole.periods |= reader.periods
        whole.unread |= reader.refused.unread.subjects

    def tell(self, sender: Sender) -> None:
        """Let who sends a list's last sheet know of the periods, and of the unreadable rows, of all its sheets."""
        whole = self._lists.get(sender.item.id)
        if whole is not None:
            sender.periods |= whole.periods
            sender.refused.unread.subjects |= whole.unread

    def refuse(self, ledger: Ledger) -> None:
        """Raise FileRefused when a list leaves out so much of what the unit reported that it may be incomplete.

        Rows that nobody can read stop no others: those are judged when the rest is sent.
        """
        for whole in self._lists.values():
            scope = scope_of(whole.submission, whole.item, ledger, whole.periods)
            if not len(whole.records) or scope.earlier <= scope.own:
                continue
            live = gone = 0
            for partition in EventReader(self._config, self._registry, whole.item).partitions():
                live_there, missing = left_out(partition, scope, whole.records)
                live += live_there
                gone += sum(record.subject not in whole.unread for record in missing)
            doubts = {"live": live, "gone": gone, "unread": 0}
            refuse_if_doubtful(whole.submission, doubts, sent=whole.submission.id in ledger)
