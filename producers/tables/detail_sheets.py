"""Details (明细) in a sheet of their own, one row a month, linked to the main sheet by 户号 or 统一社会信用代码."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice
from pathlib import Path

from catalogue.errors import FileRefused
from catalogue.model import Field, FieldType, Item
from connectors.files.tables import Cell, Table, open_tables
from producers.tables import values
from producers.tables.headers import HEAD_ROWS, Column, Recognised, normal, title_keys

Numbered = tuple[int, Sequence[Cell]]
Recognise = Callable[[list[tuple[int, list[Cell]]], str], Recognised]
Link = tuple[str, ...]
_WORD = "明细"


class StrayDetail(list[Cell]):
    """The cells of a detail whose main row is missing, in the main sheet's columns; ``sheet`` is where it stands."""

    def __init__(self, cells: Iterable[Cell], sheet: str) -> None:
        super().__init__(cells)
        self.sheet = sheet


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a sheet of details holds what: ``links`` by the item's field names, ``subs`` by position, with units."""

    field: Field
    header_row: int
    links: Mapping[str, int]
    subs: Mapping[int, tuple[Field, str]]


def layout_of(item: Item, head: Sequence[tuple[int, Sequence[Cell]]]) -> Layout | None:
    """Return how a sheet holds details of ``item``; None when it holds none.

    A sheet of details names whose they are, and has two or more columns of the details.
    """
    main = next((f for f in item.fields if f.type is FieldType.DETAILS), None)
    if main is None:
        return None
    by_link = {normal(t): f.name for f in _linking(item) for t in (f.zh, f.source, *f.aliases) if t}
    by_sub = {normal(t): s for s in main.details for t in (s.zh, s.name, *s.aliases) if s.name != "raw_text"}
    best: Layout | None = None
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
            best = Layout(main, number, links, subs)
    return best


def _linking(item: Item) -> list[Field]:
    """Return the fields that say whose a detail is: codes before the name, which is not always unique."""
    names = (item.subject.uscc, *item.identity.fields, *item.subject.codes, item.subject.name)
    return [item.field(name) for name in dict.fromkeys(names) if name]


@dataclass(slots=True)
class DetailSheets:
    """The details of one workbook: ``names`` are their sheets, which are no tables of their own."""

    names: frozenset[str] = frozenset()
    _last: str = ""
    _fields: tuple[str, ...] = ()
    _field: Field | None = None
    _entries: dict[Link, list[str]] = field(default_factory=dict)
    _strays: list[tuple[int, str, Link, str]] = field(default_factory=list)

    def joined(self, table: Table, seen: Recognised, rows: Iterable[Numbered]) -> tuple[Recognised, Iterator[Numbered]]:
        """Return a main sheet's columns and data rows with their details in them.

        Behind the rows of the last main sheet come, as StrayDetail, the details that no main row takes.
        """
        main = self._field
        if main is None or main not in seen.item.fields:
            return seen, iter(rows)
        places = _places(seen)
        at = next((i for i, c in seen.columns.items() if c.field.name == main.name and c.month is None), -1)
        if at < 0:
            at = max(chain(seen.columns, seen.extra)) + 1
            seen = replace(seen, columns={**seen.columns, at: Column(main, main.zh)})
        strays = self._strays if table.sheet == self._last else []
        return seen, chain(self._with_details(rows, places, at), self._stray_rows(strays, places, at))

    def _with_details(self, rows: Iterable[Numbered], places: Mapping[str, int], at: int) -> Iterator[Numbered]:
        for number, cells in rows:
            found = self._entries.get(_link(cells, places, self._fields))
            if found is None:
                yield number, cells
                continue
            wide = [*cells, *[None] * (at + 1 - len(cells))]
            held = wide[at]
            # What the main sheet says itself is kept beside.
            said = [] if values.is_empty(held) else [json.dumps({"raw_text": str(held)}, ensure_ascii=False)]
            wide[at] = f"[{','.join([*found, *said])}]"
            yield number, wide

    def _stray_rows(
        self, strays: Sequence[tuple[int, str, Link, str]], places: Mapping[str, int], at: int
    ) -> Iterator[Numbered]:
        for number, sheet, link, entry in strays:
            cells: list[Cell] = [None] * (at + 1)
            for name, text in zip(self._fields, link, strict=True):
                cells[places[name]] = text
            cells[at] = f"[{entry}]"
            yield number, StrayDetail(cells, sheet)


def find_details(path: Path, names: Sequence[str], recognise: Recognise) -> DetailSheets:
    """Return the details that sheets of a workbook, of these ``names``, hold for its main sheets.

    Only a sheet with 明细 in its name is taken for one, and only beside a main sheet that it fits.
    """
    if len(names) < 2 or not any(_WORD in name for name in names):
        return DetailSheets()
    tables = [(table, list(islice(table.rows, HEAD_ROWS))) for table in open_tables(path)]
    mains: list[tuple[Table, list[tuple[int, list[Cell]]], Recognised]] = []
    for table, head in tables:
        if table.sheet is None or _WORD in table.sheet or "说明" in table.sheet:
            continue
        try:
            seen = recognise(head, table.sheet)
        except FileRefused:
            continue  # refused in its turn
        if any(f.type is FieldType.DETAILS for f in seen.item.fields):
            mains.append((table, head, seen))
    if not mains or any(seen.item.id != mains[0][2].item.id for _, _, seen in mains):
        return DetailSheets()
    item = mains[0][2].item
    held = [
        (t, head, layout) for t, head in tables if t.sheet and _WORD in t.sheet and (layout := layout_of(item, head))
    ]
    columns = [_places(seen) for _, _, seen in mains]
    shared = [f.name for f in _linking(item) if all(f.name in c for c in (*columns, *(d.links for _, _, d in held)))]
    if not held or not shared:
        return DetailSheets()
    fields = tuple(n for n in shared if n != item.subject.name) or (shared[0],)
    found = DetailSheets(frozenset(str(t.sheet) for t, _, _ in held), str(mains[-1][0].sheet), fields, held[0][2].field)
    known = {
        _link(cells, places, fields)
        for (table, head, seen), places in zip(mains, columns, strict=True)
        for number, cells in chain(head, table.rows)
        if number > seen.header_row
    }
    for table, head, layout in held:
        for number, cells in chain(head, table.rows):
            if number > layout.header_row and (entry := _entry(cells, layout)):
                link = _link(cells, layout.links, fields)
                if link in known and any(link):
                    found._entries.setdefault(link, []).append(entry)
                else:
                    found._strays.append((number, str(table.sheet), link, entry))
    for entries in found._entries.values():
        entries.sort()  # the order of a sheet's rows says nothing
    return found


def _places(seen: Recognised) -> dict[str, int]:
    return {column.field.name: index for index, column in seen.columns.items() if column.month is None}


def _link(cells: Sequence[Cell], places: Mapping[str, int], fields: Sequence[str]) -> Link:
    return tuple(_text(cells[at]).upper() if (at := places[name]) < len(cells) else "" for name in fields)


def _text(cell: Cell) -> str:
    if values.is_empty(cell):
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return values.shown(cell)
    return cell.isoformat() if isinstance(cell, date) else "".join(values.half_width(str(cell)).split())


def _entry(cells: Sequence[Cell], layout: Layout) -> str:
    """Return one detail as JSON, its values as they are written, with their column's unit; "" for an empty row."""
    found = {
        sub.name: f"{text}{unit if text[-1:].isdigit() else ''}"
        for index, (sub, unit) in layout.subs.items()
        if index < len(cells) and (text := _text(cells[index]))
    }
    return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else ""
