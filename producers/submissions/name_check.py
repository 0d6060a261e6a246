"""Names that contradict the registered ones of their codes: such rows are taken, and the receipt says so.

Each distinct pair of a code and a name is asked about once, many at a time. What the same command registered just now
need not be stored yet: it counts, too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from catalogue.envelope import Op
from catalogue.errors import HubError
from catalogue.titles import normal
from connectors.notes import MOST_ROWS_NAMED, NoteKind, TableNote
from producers.tables.headers import RecognisedTable
from rules.merge import REGISTRATION

CodeAndName = tuple[str, str]
_ASKED_AT_ONCE = 10_000
# Pairs that agree, and enterprises that were registered just now, are kept up to so many, lest a city's list fill the
# memory: a pair that was forgotten is asked about again.
_MOST_KEPT = 50_000
_EXAMPLES = 3


class RegisteredNames(Protocol):
    """What is registered in the hub; it can be sent to another process."""

    def compared(self, pairs: Collection[CodeAndName]) -> Mapping[CodeAndName, str]:
        """Return, of each pair whose code is registered, the name that it contradicts, "" where it agrees.

        Former names agree, too. Raises Unavailable when nobody answers.
        """


class KnownNames:
    """What a session knows of registered names: those in the hub, and those that it registered itself.

    ``stored``: None where nobody can be asked, as in a dry run. ``failed``: somebody was asked and did not answer.
    """

    def __init__(self, stored: RegisteredNames | None) -> None:
        self._stored, self.failed = stored, False
        self._just: dict[str, list[str]] = {}

    def add(self, code: str, name: str) -> None:
        """Take in the name that a registration gives."""
        if len(self._just) < _MOST_KEPT or code in self._just:
            self._just.setdefault(code, []).append(name)

    def contradicted(self, pairs: Collection[CodeAndName]) -> dict[CodeAndName, str]:
        """Return the registered name of each pair that contradicts it."""
        stored, found = self._compared(pairs), dict[CodeAndName, str]()
        for pair in pairs:
            answer, just = stored.get(pair), self._just.get(pair[0])
            if just is not None and answer != "":
                answer = "" if normal(pair[1]) in map(normal, just) else just[-1]
            if answer:
                found[pair] = answer
        return found

    def _compared(self, pairs: Collection[CodeAndName]) -> Mapping[CodeAndName, str]:
        if self._stored is None or not pairs:
            return {}
        try:
            return self._stored.compared(pairs)
        except HubError:
            # The rows are sent: a push does not fail for it, and does not wait for it again.
            self._stored, self.failed = None, True
            return {}


@dataclass(slots=True)
class _Rows:
    """Some rows: how many, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, row_no: int) -> None:
        """Take in a row, in the order of the table."""
        self.count += 1
        if len(self.first) < MOST_ROWS_NAMED:
            self.first.append(row_no)

    def join(self, others: "_Rows") -> None:
        """Take in other rows."""
        self.count += others.count
        self.first = sorted([*self.first, *others.first])[:MOST_ROWS_NAMED]


class NameCheck:
    """Compares the names of one table's rows. A table of registrations contradicts none: it says what the names are."""

    def __init__(self, known: KnownNames, table: RecognisedTable) -> None:
        self._known, self._registers = known, table.item.id == REGISTRATION
        columns = table.columns.values()
        self._title = next((c.title for c in columns if c.field.name == table.item.subject.name), "")
        self._contradicts: dict[CodeAndName, bool] = {}  # of the pairs that were asked about
        self._open: dict[CodeAndName, _Rows] = {}
        self._rows = _Rows()  # those that contradict
        self._examples: dict[int, str] = {}  # the registered names, by row

    def see(self, code: str, name: str, row_no: int, op: Op) -> None:
        """Take in an accepted row."""
        if self._registers:
            if op is Op.REPORT:
                self._known.add(code, name)
            return
        pair = (code, name)
        contradicts = self._contradicts.get(pair)
        if contradicts is None:
            self._open.setdefault(pair, _Rows()).add(row_no)
            if len(self._open) >= _ASKED_AT_ONCE:
                self._settle()
        elif contradicts:
            self._rows.add(row_no)

    def notes(self) -> tuple[TableNote, ...]:
        """Return what there is to say of the rows seen."""
        self._settle()
        notes: list[TableNote] = []
        if self._rows.count:
            examples = "，".join(f"第{row}行的代码登记为“{name}”" for row, name in self._examples.items())
            text = f"名称与统一社会信用代码登记的名称不一致：{examples}。这些行已照常采集，请核对代码和名称"
            first = tuple(self._rows.first)
            notes.append(TableNote(NoteKind.NAME_CONTRADICTED, text, first, self._rows.count, self._title))
        if self._known.failed and self._contradicts:
            text = "平台的数据库暂时不可用，没有与登记的名称核对"
            notes.append(TableNote(NoteKind.NAMES_UNCHECKED, text, column=self._title))
        return tuple(notes)

    def _settle(self) -> None:
        """Ask about the pairs that were not asked about yet."""
        pairs, self._open = self._open, {}
        if len(self._contradicts) > _MOST_KEPT:
            self._contradicts = {}
        registered = self._known.contradicted(pairs)
        for pair, rows in pairs.items():
            self._contradicts[pair] = pair in registered
            if pair in registered:
                self._rows.join(rows)
                if len(self._examples) < _EXAMPLES:
                    self._examples[rows.first[0]] = registered[pair]
