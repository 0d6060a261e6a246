"""Details (明细) in a sheet of their own, one row a month, linked to the main sheet by 户号 or 统一社会信用代码."""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain

from catalogue.errors import FileRefused
from catalogue.model import Field, FieldType, Item
from catalogue.titles import normal, title_keys
from connectors.tables import Cell, SourceTable
from producers.tables.columns import Column
from producers.tables.headers import HEAD_ROWS, HeadedTable, RecognisedTable
from producers.tables.texts import half_width, is_empty, shown

Numbered = tuple[int, Sequence[Cell]]
Recognise = Callable[[HeadedTable], RecognisedTable]
Link = tuple[str, ...]
_WORD = "明细"


class StrayDetail(list[Cell]):
    """The cells of a detail whose main row is missing, in the main sheet's columns; ``sheet`` is where it stands."""

    def __init__(self, cells: Iterable[Cell], sheet: str) -> None:
        super().__init__(cells)
        self.sheet = sheet


@dataclass(frozen=True, slots=True)
class DetailLayout:
    """Where a sheet of details holds what: ``links`` by the item's field names, ``subs`` by position, with units."""

    field: Field
    header_row: int
    links: Mapping[str, int]
    subs: Mapping[int, tuple[Field, str]]


def layout_of(item: Item, head: Sequence[tuple[int, Sequence[Cell]]]) -> DetailLayout | None:
    """Return how a sheet holds details of ``item``; None when it holds none.

    A sheet of details names whose they are, and has two or more columns of the details.
    """
    main = next((f for f in item.fields if f.type is FieldType.DETAILS), None)
    if main is None:
        return None
    by_link = {normal(t): f.name for f in _linking(item) for t in (f.zh, f.source, *f.aliases) if t}
    by_sub = {normal(t): s for s in main.details for t in (s.zh, s.name, *s.aliases) if s.name != "raw_text"}
    best: DetailLayout | None = None
    for number, cells in head[:HEAD_ROWS]:
        links: dict[str, int] = {}
        subs: dict[int, tuple[Field, str]] = {}
        for index, cell in enumerate(cells):
            for key, unit in title_keys(cell) if isinstance(cell, str) and cell.strip() else ():
                if key in by_link:
                    links.setdefault(by_link[key], index)
                elif key in by_sub and all(by_sub[key] is not taken for taken, _ in subs.values()):
                    subs[index] = by_sub[key], unit
                else:
                    continue
                break
        if links and len(subs) > 1 and (best is None or len(subs) > len(best.subs)):
            best = DetailLayout(main, number, links, subs)
    return best


def _linking(item: Item) -> list[Field]:
    """Return the fields that say whose a detail is: codes before the name, which is not always unique."""
    names = (item.subject.uscc, *item.identity.fields, *item.subject.codes, item.subject.name)
    return [item.field(name) for name in dict.fromkeys(names) if name]


@dataclass(frozen=True, slots=True)
class _StrayEntry:
    """A detail that no main row takes: where it stands, whose it says that it is, and its JSON."""

    row_no: int
    sheet: str
    link: Link
    entry: str


@dataclass(slots=True)
class DetailSheets:
    """The details of one workbook: ``names`` are their sheets, which are no tables of their own."""

    names: frozenset[str] = frozenset()
    _last_main_sheet: str = ""
    _link_fields: tuple[str, ...] = ()
    _field: Field | None = None
    _entries: dict[Link, list[str]] = field(default_factory=dict)
    _strays: list[_StrayEntry] = field(default_factory=list)

    def joined(
        self, table: SourceTable, recognised: RecognisedTable, rows: Iterable[Numbered]
    ) -> tuple[RecognisedTable, Iterator[Numbered]]:
        """Return a main sheet's columns and data rows with their details in them.

        Behind the rows of the last main sheet come, as StrayDetail, the details that no main row takes.
        """
        main = self._field
        if main is None or main not in recognised.item.fields:
            return recognised, iter(rows)
        columns = recognised.columns
        positions = _positions(recognised)
        at = next((i for i, c in columns.items() if c.field.name == main.name and c.month is None), -1)
        if at < 0:
            at = max(chain(columns, recognised.extra)) + 1
            recognised = replace(recognised, columns={**columns, at: Column(main, main.zh)})
        strays = self._strays if table.sheet == self._last_main_sheet else []
        return recognised, chain(self._with_details(rows, positions, at), self._stray_rows(strays, positions, at))

    def _with_details(self, rows: Iterable[Numbered], positions: Mapping[str, int], at: int) -> Iterator[Numbered]:
        for number, cells in rows:
            entries = self._entries.get(_link(cells, positions, self._link_fields))
            if entries is None:
                yield number, cells
                continue
            wide = [*cells, *[None] * (at + 1 - len(cells))]
            own = wide[at]
            # What the main sheet says itself is kept beside.
            own_entry = [] if is_empty(own) else [json.dumps({"raw_text": str(own)}, ensure_ascii=False)]
            wide[at] = f"[{','.join([*entries, *own_entry])}]"
            yield number, wide

    def _stray_rows(self, strays: Sequence[_StrayEntry], positions: Mapping[str, int], at: int) -> Iterator[Numbered]:
        for stray in strays:
            cells: list[Cell] = [None] * (at + 1)
            for name, text in zip(self._link_fields, stray.link, strict=True):
                cells[positions[name]] = text
            cells[at] = f"[{stray.entry}]"
            yield stray.row_no, StrayDetail(cells, stray.sheet)

    def add(self, main_links: Container[Link], table: HeadedTable, layout: DetailLayout) -> None:
        """Take in the rows of a sheet of details; one whose main row is not among ``main_links`` is astray."""
        for number, cells in table.below(layout.header_row):
            entry = _entry(cells, layout)
            if not entry:
                continue
            link = _link(cells, layout.links, self._link_fields)
            if link in main_links and any(link):
                self._entries.setdefault(link, []).append(entry)
            else:
                self._strays.append(_StrayEntry(number, str(table.table.sheet), link, entry))

    def sort(self) -> None:
        """Bring the details of each main row into one order: that of a sheet's rows says nothing."""
        for entries in self._entries.values():
            entries.sort()


def find_details(names: Sequence[str], tables: Iterable[HeadedTable], recognise: Recognise) -> DetailSheets:
    """Return the details that sheets of a workbook, of these ``names``, hold for its main sheets.

    Only a sheet with 明细 in its name is taken for one, and only beside a main sheet that it fits. ``tables`` are
    walked only where there may be one.
    """
    if len(names) < 2 or not any(_WORD in name for name in names):
        return DetailSheets()
    every = list(tables)
    mains: list[tuple[HeadedTable, RecognisedTable]] = []
    for table in every:
        sheet = table.table.sheet
        if sheet is None or _WORD in sheet or is_note(sheet):
            continue
        try:
            recognised = recognise(table)
        except FileRefused:
            continue  # refused in its turn
        if any(f.type is FieldType.DETAILS for f in recognised.item.fields):
            mains.append((table, recognised))
    if not mains or any(recognised.item.id != mains[0][1].item.id for _, recognised in mains):
        return DetailSheets()
    item = mains[0][1].item
    found = [
        (table, layout)
        for table in every
        if table.table.sheet and _WORD in table.table.sheet and (layout := layout_of(item, table.head))
    ]
    fields = _link_fields(item, [_positions(r) for _, r in mains] + [layout.links for _, layout in found])
    if not found or not fields:
        return DetailSheets()
    details = DetailSheets(
        frozenset(str(table.table.sheet) for table, _ in found),
        str(mains[-1][0].table.sheet),
        fields,
        found[0][1].field,
    )
    main_links = {
        _link(cells, positions, fields)
        for table, recognised in mains
        for positions in [_positions(recognised)]
        for _, cells in table.below(recognised.header_row)
    }
    for table, layout in found:
        details.add(main_links, table, layout)
    details.sort()
    return details


def is_note(sheet: str) -> bool:
    """Whether a sheet explains how to fill in the others, by its name."""
    return "说明" in sheet


def _link_fields(item: Item, sheets: Sequence[Mapping[str, int]]) -> tuple[str, ...]:
    """Return the fields that link a detail to its main row: those that every sheet has; not the name if others do."""
    shared = [f.name for f in _linking(item) if all(f.name in positions for positions in sheets)]
    return tuple(name for name in shared if name != item.subject.name) or tuple(shared[:1])


def _positions(recognised: RecognisedTable) -> dict[str, int]:
    return {column.field.name: index for index, column in recognised.columns.items() if column.month is None}


def _link(cells: Sequence[Cell], positions: Mapping[str, int], fields: Sequence[str]) -> Link:
    return tuple(_text(cells[at]).upper() if (at := positions[name]) < len(cells) else "" for name in fields)


def _text(cell: Cell) -> str:
    if is_empty(cell):
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return shown(cell)
    return cell.isoformat() if isinstance(cell, date) else "".join(half_width(str(cell)).split())


def _entry(cells: Sequence[Cell], layout: DetailLayout) -> str:
    """Return one detail as JSON, its values as they are written, with their column's unit; "" for an empty row."""
    found = {
        sub.name: f"{text}{unit if text[-1:].isdigit() else ''}"
        for index, (sub, unit) in layout.subs.items()
        if index < len(cells) and (text := _text(cells[index]))
    }
    return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else ""
