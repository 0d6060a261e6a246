"""Rows of ``unresolved.v1`` whose subject has become known: their events are sent, once, and the rows marked."""

import functools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from confluent_kafka import KafkaException

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.reading.scan import scan
from bus.topics import RECORD, UNRESOLVED
from catalogue import wire
from catalogue.envelope import Op
from catalogue.errors import Unavailable
from catalogue.model import Catalogue, Item
from connectors.files.tables import Cell
from producers.subjects.index import ITEMS, MARKS, Ambiguous, Answer, Directory
from producers.submissions.ledger import LedgerReader, Submission, numbers
from producers.submissions.publishing import TIMEOUT_S, publish
from producers.submissions.sender import CUT, Message, Progress, Sender
from producers.tables.headers import EXTRA, Column, Recognised, match_columns
from producers.tables.rows import compile_row

CHUNK_ROWS = 1000
# Such rows wait for a person's decision, not for a code.
_NEVER = frozenset({"NATURAL_PERSON"})
_COUNTS = ("rows", "accepted", "duplicates", "conflicts")


# No slots: the id, asked for with every row, is kept.
@dataclass(frozen=True)
class Resolution(Submission):
    """The rows of one submission that were resolved later: a submission of their own, which grows."""

    original: str = ""

    @functools.cached_property
    def id(self) -> str:
        """Return the id: the original's, with a mark."""
        return f"{self.original}.s"


@dataclass(slots=True)
class Outcome:
    """What became of the waiting rows: ``by`` counts the resolved ones by what their subject was found."""

    waiting: int = 0
    ambiguous: int = 0
    unknown: int = 0
    still_bad: int = 0
    by: Counter[str] = field(default_factory=Counter)

    @property
    def resolved(self) -> int:
        """Return how many rows were resolved."""
        return self.by.total()


def read_directory(config: BusConfig, registry: Registry) -> Directory:
    """Return the directory of what is in force: of every record its newest version, unless that withdrew it."""
    decode = Decoder(registry)
    newest: dict[bytes, tuple[str, str, dict[str, Any], str | None]] = {}
    for message in scan(config, RECORD):
        key, value = message.key(), message.value()
        if not isinstance(key, bytes) or not isinstance(value, bytes):
            continue
        envelope, _, schema_id, payload = decode.record(value)
        if envelope.item not in ITEMS:
            continue
        if envelope.op == Op.REPORT:
            values = decode.payload(schema_id, payload) or {}
            marks = {name: values[name] for name in MARKS if values.get(name)}
            newest[key] = (envelope.item, envelope.subject, marks, envelope.subject_name)
        else:
            newest.pop(key, None)
    found = Directory()
    while newest:
        found.add(*newest.popitem()[1])
    return found


class Resolver:
    """Goes through the waiting rows once; only one runs at a time, a second one ends the first."""

    def __init__(self, config: BusConfig, registry: Registry, cipher: Cipher, catalogue: Catalogue) -> None:
        self._config, self._registry, self._cipher, self._catalogue = config, registry, cipher, catalogue
        self._mark = Encoder(registry, UNRESOLVED, wire.UNRESOLVED)

    def run(self, *, dry_run: bool = False) -> Outcome:
        """Resolve what can be resolved; raises Unavailable when Kafka is away: what was committed stays."""
        settings = {"transactional.id": self._config.topic("resolve"), "transaction.timeout.ms": 20_000, "log_level": 2}
        producer = clients.producer(self._config, **settings)
        outcome = Outcome()
        ledger = LedgerReader(self._config, self._registry)
        try:
            # First of all: it ends the transaction of a killed run, so that what is read below is the last word.
            producer.init_transactions(TIMEOUT_S)
            held = ledger.refresh()
            directory = read_directory(self._config, self._registry)
            waiting = self._waiting()
            outcome.waiting = sum(map(len, waiting.values()))
            for submission, rows in waiting.items():
                if submission not in held:
                    outcome.unknown += len(rows)
                    continue
                for messages in self._resolved(_resolution(submission, held), held, rows, directory, outcome):
                    if not dry_run:
                        publish(self._config, producer, messages)
        except KafkaException as exc:
            raise Unavailable(f"Kafka did not take it: {exc}.", remedy="Run the same command again.") from exc
        finally:
            ledger.close()
        return outcome

    def _waiting(self) -> dict[str, list[dict[str, Any]]]:
        decode, newest = Decoder(self._registry), dict[bytes, dict[str, Any]]()
        for message in scan(self._config, UNRESOLVED):
            key, value = message.key(), message.value()
            if not isinstance(key, bytes) or not isinstance(value, bytes):
                continue
            row = decode(value)
            newest.pop(key, None)
            if row["state"] == "WAITING" and row["reason"] not in _NEVER:
                newest[key] = row
        found: dict[str, list[dict[str, Any]]] = {}
        for row in newest.values():
            found.setdefault(row["submission_id"], []).append(row)
        return found

    def _resolved(
        self,
        sub: Resolution,
        held: Mapping[str, Mapping[str, Any]],
        rows: Iterable[Mapping[str, Any]],
        directory: Directory,
        outcome: Outcome,
    ) -> Iterator[list[Message]]:
        """Yield, in chunks, events, marks and progress of the rows of one submission that can be resolved."""
        item = self._catalogue.item(sub.item)
        before = held.get(sub.id, {})
        done, messages = Progress(**{name: before.get(name, 0) for name in _COUNTS}), list[Message]()
        sender: Sender | None = None
        for row in sorted(rows, key=lambda r: int(r["row"])):
            raw: list[list[str]] = json.loads(self._cipher.open(row["sealed"], f"{sub.item}.raw"))
            if [CUT, CUT] in raw:
                # Too long to be kept whole: the department has to send it again.
                outcome.still_bad += 1
                continue
            seen, cells = _table(item, raw)
            answer = _asked(directory, item, seen, cells)
            if not isinstance(answer, Answer):
                outcome.ambiguous += isinstance(answer, Ambiguous)
                outcome.unknown += answer is None
                continue
            place = next(i for i, c in seen.columns.items() if c.field.name == item.subject.uscc)
            cells[place] = answer.subject
            sender = Sender(self._registry, self._cipher, sub, item, seen)
            counts = replace(done, totals=dict(done.totals))
            _, message = sender.take(row["row"], cells, counts)
            if counts.accepted == done.accepted or message is None:
                # It has other faults: it goes on waiting, with the reason it has.
                outcome.still_bad += 1
                continue
            done = counts
            outcome.by[answer.by] += 1
            mark = {**row, "state": "RESOLVED", "message": f"主体已确定：{answer.subject}"}
            messages += [message, Message(UNRESOLVED, _key(row), self._mark(mark))]
            if len(messages) >= 2 * CHUNK_ROWS:
                yield [*messages, sender.progress(done, "COMPLETED")]
                messages = []
        if sender is not None and messages:
            yield [*messages, sender.progress(done, "COMPLETED")]


def _resolution(original: str, ledger: Mapping[str, Mapping[str, Any]]) -> Resolution:
    said = ledger[original]
    return Resolution(
        **{name: said[name] for name in ("item", "unit", "region", "mode", "period", "data_date", "correction")},
        **{name: said[name] for name in ("file_name", "file_sha256", "sheet")},
        revision=numbers(original)[1],
        original=original,
    )


def _table(item: Item, raw: Sequence[Sequence[str]]) -> tuple[Recognised, list[Cell]]:
    """Return a sealed row as a table of one row, with a column for the subject's code."""
    titles = [title for title, _ in raw]
    columns, _, _ = match_columns(item, titles)
    extra = {i: t for i, t in enumerate(titles) if t in EXTRA}
    if item.subject.uscc is not None and item.subject.uscc not in {c.field.name for c in columns.values()}:
        code = item.field(item.subject.uscc)
        columns[len(titles)] = Column(code, code.zh)
    cells: list[Cell] = [*(text for _, text in raw), *([None] if len(titles) in columns else [])]
    return Recognised(item, 0, columns, "", [], extra, len(cells)), cells


def _asked(directory: Directory, item: Item, seen: Recognised, cells: list[Cell]) -> Answer | Ambiguous | None:
    """Ask by the row's values; an old code that stands in the column of the USCC counts as it is written."""
    if item.subject.uscc is None:
        return None
    row = compile_row(item, seen.columns, seen.extra)(0, cells)
    values: dict[str, Any] = dict(row.values) if row is not None else {}
    for index, column in seen.columns.items():
        if column.field.name == item.subject.uscc:
            values[column.field.name] = cells[index]
    return directory.ask(item, values)


def _key(row: Mapping[str, Any]) -> str:
    return f"{row['unit']}:{row['submission_id']}:{row['row']:08d}"
