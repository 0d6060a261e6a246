"""Tell items with the same header apart, by the words around the table or by values in it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from catalogue.errors import Question
from catalogue.model import Field, Item
from connectors.tables import Cell


class HasField(Protocol):
    """A column that knows its field."""

    @property
    def field(self) -> Field: ...


class ItemQuestion(Question):
    """Several items fit a table equally: ``candidates``, in the order of the choices."""

    def __init__(self, candidates: tuple[Item, ...]) -> None:
        names = [f"{i.seq} {i.zh}" for i in candidates]
        self.candidates = candidates
        question = f"这张表的列名同时符合：{'、'.join(names)}。它是哪一项？"
        super().__init__(question, names, remedy="请用 --item 指明，或在文件名、工作表名、标题中写明。")


def told_apart(
    tied: Sequence[tuple[Item, Mapping[int, HasField]]],
    below: Sequence[tuple[int, list[Cell]]],
    hints: Sequence[str],
) -> Item | None:
    """Return the one item that a hint names, the first hint that decides; else the one its values name."""
    for hint in hints:
        lengths = [_longest(hint, (*item.told_apart_by.get("name", ()), item.zh)) for item, _ in tied]
        if (winner := _only_highest(lengths)) is not None:
            return tied[winner][0]
    lengths = [
        max(
            (
                _longest(str(cells[index]), item.told_apart_by[column.field.name])
                for index, column in columns.items()
                if column.field.name in item.told_apart_by
                for _, cells in below
                if index < len(cells) and cells[index] is not None
            ),
            default=0,
        )
        for item, columns in tied
    ]
    winner = _only_highest(lengths)
    return None if winner is None else tied[winner][0]


def _longest(text: str, words: Sequence[str]) -> int:
    return max((len(word) for word in words if word in text), default=0)


def _only_highest(lengths: Sequence[int]) -> int | None:
    highest = max(lengths)
    return lengths.index(highest) if highest and lengths.count(highest) == 1 else None
