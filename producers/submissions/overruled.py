"""What the texts around a table say otherwise than the command's options, which hold.

An option is given for many files at once, and one of them may be of another month.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import TypeVar

from catalogue.errors import FileRefused
from catalogue.model import Item
from catalogue.written_periods import contains
from connectors.notes import NoteKind, TableNote
from producers.submissions.declarations import PLACE_ZH, Declared, Hint, SubmissionMode
from producers.submissions.metadata import declared_date, declared_mode, declared_period
from producers.submissions.options import Options

T = TypeVar("T")
_MODE_ZH = {SubmissionMode.FULL: "全量", SubmissionMode.INCREMENTAL: "增量"}


def overruled_notes(options: Options, hints: Sequence[Hint], item: Item) -> tuple[TableNote, ...]:
    """Return a note for each option that the texts around a table contradict."""
    return tuple(
        TableNote(
            NoteKind.OVERRULED,
            f"{PLACE_ZH[said.place]}写的是{said.value}，命令选项是{option}，按命令选项，请核对",
            column=what,
        )
        for what, option, said in _differences(options, hints, item)
        if said.place is not None
    )


def _differences(options: Options, hints: Sequence[Hint], item: Item) -> Iterator[tuple[str, str, Declared[str]]]:
    if options.full is not None:
        full = SubmissionMode.FULL if options.full else SubmissionMode.INCREMENTAL
        said = _said(lambda: declared_mode(None, hints, item, flagged=False))
        # What the catalogue says where nothing else does is no contradiction.
        if said is not None and said.place in {hint.place for hint in hints} and said.value is not full:
            yield "报送方式", _MODE_ZH[full], Declared(_MODE_ZH.get(said.value, ""), said.place)
    if options.period:
        period = declared_period(options.period, [], item).value or ""
        written = _said(lambda: declared_period(None, hints, item))
        if written is not None and written.value and not _agree(period, written.value):
            yield "所属期", period, Declared(written.value, written.place)
    if options.data_date:
        day = date.fromisoformat(options.data_date)
        dated = _said(lambda: declared_date(None, hints))
        if dated is not None and dated.value is not None and dated.value != day:
            yield "数据日期", day.isoformat(), Declared(dated.value.isoformat(), dated.place)


def _said(read: Callable[[], Declared[T]]) -> Declared[T] | None:
    # Places that contradict each other are what the option decides.
    with suppress(FileRefused):
        return read()
    return None


def _agree(period: str, other: str) -> bool:
    return contains(period, other) or contains(other, period)
