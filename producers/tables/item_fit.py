"""Which item a header fits: the one that has most of the file's columns, and is clearly ahead of every other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catalogue.errors import FileRefused
from catalogue.model import Item
from catalogue.titles import normal
from connectors.tables import Cell
from producers.tables.columns import TitleMatch, missing_columns, subject_fields
from producers.tables.lookalikes import ItemQuestion, told_apart

# A column that an item asks for says more about a table than one that it may have.
_REQUIRED_WEIGHT = 2.0
# Ahead by one column, and by thrice as much as the other has beyond it: 企业注销信息 has all that its file has.
_LEAST_LEAD, _LEAD_RATIO = 1.0, 3.0
# So few optional columns may be another table's, beside those of an item that is there by so much more of its own.
_FEW_COLUMNS, _FULLER_BY = 2, 0.2
# A title that more items know, and one of them only as an alias, is nobody's mark: 状态, 年度.
_FEW_ITEMS = 4
# So much of the columns beside the subject's must be the item's, or the table is none of the list.
_LEAST_SHARE, _LEAST_MARKED_SHARE = 0.3, 0.1
# So many columns more than the item that the file's own name says make the name doubtful.
_DOUBT_LEAD = 3.0
_MOST_NAMED = 8
# What helps where the titles are none of the list's.
MAPPED = "列名与清单不同的，请用 credithub mapping suggest 文件 -o 对照表.yaml 生成对照表，核对后用 --mapping 报送。"


class NoItem(FileRefused):
    """A table is no item of the list, or lacks what its item requires.

    ``near``: it names subjects, and says of them what an item does, so that its rows may well be records. ``sample``:
    it says by its name that it has none.
    """

    def __init__(self, message: str, *, remedy: str, near: bool = False, sample: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.near, self.sample = near, sample


@dataclass(frozen=True, slots=True)
class ItemFit:
    """How a header fits one item: the match, what the item requires and the header lacks, and what columns weigh."""

    item: Item
    match: TitleMatch
    missing: tuple[str, ...]
    filled: int
    known_by: Mapping[int, int]  # by position, how many items know the title

    @property
    def own_share(self) -> float:
        """The share of the item's columns among the file's, the subject's and the added ones aside."""
        subject = subject_fields(self.item)
        beside = [c for c in self.match.columns.values() if c.field.name not in subject]
        others = self.filled - len(self.match.extra) - (len(self.match.columns) - len(beside))
        return len(beside) / others if others else 0.0

    @property
    def own_part(self) -> float:
        """How much of the item is there: the share of its fields that have a column."""
        return len(self.match.columns) / sum(not field.added for field in self.item.fields)

    @property
    def is_near(self) -> bool:
        """Whether the table names subjects, and enough of its other columns are the item's."""
        return self.own_share >= _LEAST_SHARE and any(
            column.field.name in subject_fields(self.item) for column in self.match.columns.values()
        )

    def lead_over(self, other: "ItemFit") -> float:
        """Return the weight of the columns that this item has, and the other has not."""
        known = other.match.columns.keys() | other.match.extra.keys()
        return sum(self._weight_of(index) for index in self.match.columns if index not in known)

    @property
    def verbatim(self) -> bool:
        """Whether the file is the whole of the item, column for column, in the list's own words: its template."""
        own = {self.match.columns[index].field.name for index in self.match.own}
        return len(own) == self.filled and all(f.added or f.name in own for f in self.item.fields)

    def is_ahead_of(self, other: "ItemFit") -> bool:
        """Whether this item is clearly nearer: by a column, or where both have all of them, by being verbatim.

        One title that many items know and this one only as an alias decides nothing, nor do a few optional columns
        beside the better part of a smaller item.
        """
        if self.has_more_than(other):
            alone = [i for i in self.match.columns if i not in other.match.columns and i not in other.match.extra]
            optional = len(alone) <= _FEW_COLUMNS and not any(self.match.columns[i].field.required for i in alone)
            if optional and not other.missing and other.own_part >= self.own_part + _FULLER_BY:
                return False
            return len(alone) > 1 or not self._is_anybodys(alone[0])
        return not other.lead_over(self) and self.verbatim and not other.verbatim

    def has_more_than(self, other: "ItemFit") -> bool:
        """Whether this item has a column more of the file, and thrice as much as the other has beyond it."""
        lead = self.lead_over(other)
        return lead >= _LEAST_LEAD and lead >= _LEAD_RATIO * other.lead_over(self)

    @property
    def has_all(self) -> bool:
        """Whether every column of the file is the item's."""
        return len(self.match.columns) + len(self.match.extra) == self.filled

    @property
    def is_likely(self) -> bool:
        """Whether enough of the file's columns beside its subject are the item's.

        Fewer do where it requires some of them. One alone does only where it is the only one: of 企业登记信息 and
        others nothing is required but the subject, so that any table has a column of them.
        """
        subject = subject_fields(self.item)
        if any(f.required and f.name not in subject for f in self.item.fields):
            return self.own_share >= _LEAST_MARKED_SHARE
        beside = sum(column.field.name not in subject for column in self.match.columns.values())
        return self.own_share >= (_LEAST_SHARE if beside > 1 else 1)

    def _weight_of(self, index: int) -> float:
        return _REQUIRED_WEIGHT if self.match.columns[index].field.required else 1.0

    def _is_anybodys(self, index: int) -> bool:
        """Whether a title is known to several items, and to this one only as an alias: 状态, 年度."""
        return index not in self.match.own and self.known_by[index] > _FEW_ITEMS


def closest_item(
    items: Sequence[Item],
    match: Callable[[Item], TitleMatch],
    titles: Sequence[str],
    below: Sequence[tuple[int, list[Cell]]],
    hints: Sequence[str],
) -> Item:
    """Return the item that a header fits.

    Raises FileRefused with the nearest item and what it lacks where no item has all its required columns and enough
    of the file's; ItemQuestion where several do and neither the names around the table nor its values decide.
    """
    filled = sum(bool(title) for title in titles)
    matches = [(item, match(item)) for item in items]
    known_by = Counter(index for _, matched in matches for index in matched.columns)
    fits = [ItemFit(i, m, tuple(missing_columns(i, m.columns)), filled, known_by) for i, m in matches]
    complete = [fit for fit in fits if not fit.missing and fit.is_likely]
    if not complete:
        raise _no_item(fits, titles)
    # Of three, each may be ahead of one: then none is.
    leading = [fit for fit in complete if not any(other.is_ahead_of(fit) for other in complete)] or complete
    # An item that lacks a column and has more of the file all the same is the one that is meant.
    nearer = [fit for fit in fits if fit.missing and all(fit.has_more_than(other) for other in leading)]
    if nearer:
        raise _no_item(nearer, titles)
    named = _named(complete, hints)
    if named is not None and named not in leading:
        if not any(_makes_doubtful(other, named) for other in leading):
            return named.item
        # The name says one item, and the columns another.
        raise ItemQuestion(tuple(fit.item for fit in [*leading, named]))
    chosen = leading[0] if len(leading) == 1 else _told_apart(leading, below, hints)
    return chosen.item


def _makes_doubtful(other: ItemFit, named: ItemFit) -> bool:
    """Whether the columns are another item's so clearly that the file's own name may be wrong."""
    return other.has_all or other.lead_over(named) - named.lead_over(other) >= _DOUBT_LEAD


def _told_apart(leading: list[ItemFit], below: Sequence[tuple[int, list[Cell]]], hints: Sequence[str]) -> ItemFit:
    tied = [(fit.item, fit.match.columns) for fit in leading]
    item = told_apart(tied, below, hints) if leading else None
    if item is None:
        raise ItemQuestion(tuple(fit.item for fit in leading[:_MOST_NAMED]))
    return next(fit for fit in leading if fit.item is item)


def _named(complete: Sequence[ItemFit], hints: Sequence[str]) -> ItemFit | None:
    """Return the item whose whole name the first hint that names any writes; None where several are named."""
    for hint in map(normal, hints):
        named = [fit for fit in complete if normal(fit.item.zh) in hint or fit.item.id in hint]
        if named:
            return named[0] if len(named) == 1 else None
    return None


def _no_item(fits: Sequence[ItemFit], titles: Sequence[str]) -> NoItem:
    nearest = max(fits, key=lambda fit: (len(fit.match.columns), -len(fit.missing)))
    if not nearest.match.columns:
        return NoItem("表头与清单的任何一项都不够接近。", remedy=f"请用 --item 指明是哪一项；{MAPPED}")
    words = f"表头与清单的任何一项都不够接近：最接近的是“{nearest.item.seq} {nearest.item.zh}”"
    if nearest.missing:
        words += f"，但缺少必需的列：{'、'.join(nearest.missing)}"
    else:
        others = [
            t for i, t in enumerate(titles) if t and i not in nearest.match.columns and i not in nearest.match.extra
        ]
        words += f"，但这些列它没有：{'、'.join(others[:_MOST_NAMED])}"
    remedy = f"若确是这一项，请补上缺少的列，并用 --item 指明；{MAPPED}"
    return NoItem(words + "。", remedy=remedy, near=any(fit.is_near for fit in fits))
