"""Which item a header fits: the one that has most of the file's columns, and is clearly ahead of every other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalogue.errors import FileRefused
from catalogue.model import Item
from connectors.tables import Cell
from producers.tables.columns import TitleMatch, missing_columns, subject_fields
from producers.tables.lookalikes import ItemQuestion, told_apart
from producers.tables.titles import normal

# A column that an item asks for says more about a table than one that it may have.
_REQUIRED_WEIGHT = 2.0
# Ahead by one column, and by twice as much as the other has beyond it: 企业注销信息 has all that its file has.
_LEAST_LEAD, _LEAD_RATIO = 1.0, 2.0
# So much of the columns beside the subject's must be the item's, or the table is none of the list.
_LEAST_SHARE = 0.3
# So many columns more than the item that the file's own name says make the name doubtful.
_DOUBT_LEAD = 3.0
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class ItemFit:
    """How a header fits one item: the match, what the item requires and the header lacks, and what columns weigh."""

    item: Item
    match: TitleMatch
    missing: tuple[str, ...]
    filled: int

    @property
    def own_share(self) -> float:
        """The share of the item's columns among the file's, the subject's and the added ones aside."""
        subject = subject_fields(self.item)
        beside = [c for c in self.match.columns.values() if c.field.name not in subject]
        others = self.filled - len(self.match.extra) - (len(self.match.columns) - len(beside))
        return len(beside) / others if others else 0.0

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
        """Whether this item is clearly nearer: by a column, or where both have all of them, by being verbatim."""
        lead, behind = self.lead_over(other), other.lead_over(self)
        if lead >= _LEAST_LEAD and lead >= _LEAD_RATIO * behind:
            return True
        return not behind and self.verbatim and not other.verbatim

    def _weight_of(self, index: int) -> float:
        return _REQUIRED_WEIGHT if self.match.columns[index].field.required else 1.0


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
    fits = [_fit(item, match(item), filled) for item in items]
    complete = [fit for fit in fits if not fit.missing and fit.own_share >= _LEAST_SHARE]
    if not complete:
        raise _no_item(fits, titles)
    leading = [fit for fit in complete if not any(other.is_ahead_of(fit) for other in complete)]
    named = _named(complete, hints)
    if named is not None and named not in leading:
        if max(other.lead_over(named) - named.lead_over(other) for other in leading) < _DOUBT_LEAD:
            return named.item
        # The name says one item, and the columns another.
        raise ItemQuestion(tuple(fit.item for fit in [*leading, named]))
    chosen = leading[0] if len(leading) == 1 else _told_apart(leading, below, hints)
    nearer = [fit for fit in fits if fit.missing and _leaves_behind(fit, chosen)]
    if nearer:
        raise _no_item(nearer, titles)
    return chosen.item


def _fit(item: Item, match: TitleMatch, filled: int) -> ItemFit:
    return ItemFit(item, match, tuple(missing_columns(item, match.columns)), filled)


def _told_apart(leading: list[ItemFit], below: Sequence[tuple[int, list[Cell]]], hints: Sequence[str]) -> ItemFit:
    tied = [(fit.item, fit.match.columns) for fit in leading]
    item = told_apart(tied, below, hints) if leading else None
    if item is None:
        raise ItemQuestion(tuple(fit.item for fit in leading[:_MOST_NAMED]))
    return next(fit for fit in leading if fit.item is item)


def _leaves_behind(fit: ItemFit, chosen: ItemFit) -> bool:
    """Whether an item that lacks a required column has so much more of the file that the chosen one is not meant."""
    lead = fit.lead_over(chosen)
    return lead >= _DOUBT_LEAD and lead >= _LEAD_RATIO * chosen.lead_over(fit)


def _named(complete: Sequence[ItemFit], hints: Sequence[str]) -> ItemFit | None:
    """Return the item whose whole name the first hint that names any writes; None where several are named."""
    for hint in map(normal, hints):
        named = [fit for fit in complete if normal(fit.item.zh) in hint or fit.item.id in hint]
        if named:
            return named[0] if len(named) == 1 else None
    return None


def _no_item(fits: Sequence[ItemFit], titles: Sequence[str]) -> FileRefused:
    nearest = max(fits, key=lambda fit: (len(fit.match.columns), -len(fit.missing)))
    if not nearest.match.columns:
        return FileRefused("表头与清单的任何一项都不够接近。", remedy="请用 --item 指明是哪一项，或改用模板的列名。")
    words = f"表头与清单的任何一项都不够接近：最接近的是“{nearest.item.seq} {nearest.item.zh}”"
    if nearest.missing:
        words += f"，但缺少必需的列：{'、'.join(nearest.missing)}"
    else:
        others = [
            t for i, t in enumerate(titles) if t and i not in nearest.match.columns and i not in nearest.match.extra
        ]
        words += f"，但这些列它没有：{'、'.join(others[:_MOST_NAMED])}"
    return FileRefused(
        words + "。", remedy="若确是这一项，请补上缺少的列或改用清单的列名，并用 --item 指明；否则请核对文件。"
    )
