"""Find the header of a table, which field each column is, and which item the table holds."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from catalogue.errors import FileRefused
from catalogue.model import Catalogue, Field, FieldType, Item
from connectors.files.tables import Cell
from producers.tables.lookalikes import ItemQuestion, told_apart

HEAD_ROWS = 30  # how many rows the header is looked for in

EXTRA: Mapping[str, tuple[str, ...]] = {
    "op_flag": ("增删改标志", "操作标志", "数据操作标志", "操作类型", "增删改标识"),
    "data_date": ("数据日期", "数据截止日期", "数据时点"),
    "period": ("所属期", "数据所属期", "报告期", "数据期别"),
    "region": ("区划代码", "行政区划代码", "行政区划", "所属区划代码"),
}
_BRACKETS = str.maketrans(dict.fromkeys("[{【〔〈《「『<", "(") | dict.fromkeys("]}】〕〉》」』>", ")"))
_MONEY_UNIT = r"(?:[百千]?[万亿]|千|百)?元"
_UNIT = re.compile(
    rf"\(?(?:单位:)?(?:人民币)?({_MONEY_UNIT}|[百千]?[万亿]|%|万?(?:千瓦时|立方米|平方米|吨|度|人|条)|kwh|m3|m2)(?:人民币)?\)?$"
)
# Above a table, for all of its amounts; other units may stand beside it: 单位：户、万元.
_UNIT_ABOVE = re.compile(
    rf"单位:\s*(?:[户人家个件次条%]\s*[、,/]\s*)*(?:人民币)?({_MONEY_UNIT})(?:人民币)?(?![\u4e00-\u9fff])"
)
_UNIT_IN_BRACKETS = re.compile(r"\((?:单位:)?(?:人民币)?([^()]+?)(?:人民币)?\)$")
_MONTH_COLUMN = re.compile(r"(?:(\d{4})年?[-/.]?)?(1[0-2]|0?[1-9])月(?:份)?(.*)")
_LEAST_SCORE = 0.3
_TIE = 0.02


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its field, its title as the file has it, its unit when the title names one.

    A column a month (1月…12月) of a DETAILS field carries ``month``, ``year`` when the title has one, and the
    name ``sub`` of the details' own column.
    """

    field: Field
    title: str
    unit: str = ""
    month: int | None = None
    year: int | None = None
    sub: str = ""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a table is. Indexes are positions in a row; ``header_row`` is the last row of the header.

    ``unknown`` are titles that are nothing of the item; ``width``: behind so many cells no title stands.
    """

    item: Item
    header_row: int
    columns: dict[int, Column]
    title_text: str
    unknown: list[str]
    extra: dict[int, str]
    width: int


def normal(text: str) -> str:
    """Return a title half-width, without blanks and marks, its brackets round."""
    plain = unicodedata.normalize("NFKC", text).translate(_BRACKETS)
    return "".join(plain.split()).strip("*:;、,.·").lower()


@lru_cache(maxsize=4096)
def title_keys(title: str) -> tuple[tuple[str, str], ...]:
    """Return what a title may be looked up as, the most literal first, each with the unit cut off it."""
    plain = normal(title)
    found = [(plain, "")]
    match = _UNIT_IN_BRACKETS.search(plain)
    if match and _UNIT.fullmatch(match[0]):
        unit = match[1]
        found[0] = (plain, unit)
        found.append((plain[: match.start()], unit))
    return tuple(dict.fromkeys(found + [(re.sub(r"[()]", "", key), unit) for key, unit in found]))


Titles = dict[str, list[Field]]
# An item cannot be hashed; each is kept beside its titles, so that its id stays its own.
_TITLES: dict[int, tuple[Item, tuple[Titles, Titles, Titles]]] = {}


def _titles(item: Item) -> tuple[Titles, Titles, Titles]:
    """Return an item's fields by Chinese name, by the list's own text, and by alias."""
    held = _TITLES.get(id(item))
    if held is not None:
        return held[1]
    tables: tuple[Titles, Titles, Titles] = ({}, {}, {})
    for field in item.fields:
        for table, texts in zip(tables, ((field.zh,), (field.source,), field.aliases), strict=True):
            for text in filter(None, texts):
                for key, _ in title_keys(text):
                    if field not in table.setdefault(key, []):
                        table[key].append(field)
    _TITLES[id(item)] = (item, tables)
    return tables


_EXTRA_KEYS = {normal(title): name for name, titles in EXTRA.items() for title in titles}


def match_columns(item: Item, titles: Sequence[str]) -> tuple[dict[int, Column], dict[int, str], list[str]]:
    """Return the columns, the added columns every item accepts, and the titles that are nothing of the item.

    A title that occurs twice goes, in order, to the fields that share that text in the list.
    """
    by_name, by_source, by_alias = _titles(item)
    normals = [normal(t) for t in titles]
    columns: dict[int, Column] = {}
    taken: set[str] = set()

    def take(index: int, table: dict[str, list[Field]]) -> None:
        for key, unit in title_keys(titles[index]):
            for field in table.get(key, ()):
                if field.name not in taken:
                    measured = field.type in (FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER)
                    columns[index] = Column(field, titles[index].strip(), unit if measured else "")
                    taken.add(field.name)
                    return

    repeated = {i for i, n in enumerate(normals) if n and normals.count(n) > 1}
    for index in range(len(titles)):
        if normals[index] and index not in repeated:
            take(index, by_name)
    for index in sorted(repeated):
        # 证件号码 printed twice is 证件类型 and 证件号码: the list's own text decides before the name.
        shared = len(by_source.get(normals[index], ())) > 1
        for table in (by_source, by_name) if shared else (by_name, by_source):
            if index not in columns:
                take(index, table)
    for table in (by_source, by_alias):
        for index in range(len(titles)):
            if normals[index] and index not in columns:
                take(index, table)
    extra = {i: _EXTRA_KEYS[n] for i, n in enumerate(normals) if i not in columns and n in _EXTRA_KEYS}
    for index in range(len(titles)):
        if index not in columns and index not in extra and (column := _month_column(item, titles[index])):
            columns[index] = column
    unknown = [t.strip() for i, t in enumerate(titles) if normals[i] and i not in columns and i not in extra]
    return columns, extra, unknown


def _month_column(item: Item, title: str) -> Column | None:
    found = _MONTH_COLUMN.fullmatch(normal(title))
    field = next((f for f in item.fields if f.type is FieldType.DETAILS), None)
    if found is None or field is None or not any(s.name == "month" for s in field.details):
        return None
    rest = found[3]
    money = [s for s in field.details if s.type is FieldType.MONEY]
    named = [s for s in field.details for t in (s.zh, *s.aliases) if rest and title_keys(rest)[-1][0] == normal(t)]
    if rest and not named and not _UNIT.fullmatch(rest):
        return None
    if not (named or money):
        return None
    unit = title_keys(title)[0][1]
    sub = (named or money[-1:])[0]
    return Column(field, title.strip(), unit, int(found[2]), int(found[1]) if found[1] else None, sub.name)


def recognise(
    catalogue: Catalogue,
    table_head_rows: Sequence[tuple[int, list[Cell]]],
    hints: Sequence[str] = (),
    item: Item | None = None,
) -> Recognised:
    """Return what a table is, from its first rows (up to HEAD_ROWS) and ``hints``, the most telling first.

    Hints are the names of sheet, file and folder. With ``item`` only the columns are looked for. Raises
    FileRefused when there is no header, no item fits or a required column is missing; ItemQuestion when items
    with the same header cannot be told apart.
    """
    rows = [(n, cells) for n, cells in table_head_rows[:HEAD_ROWS] if any(_title(c) for c in cells)]
    wanted = (item,) if item is not None else catalogue.items
    known = {key for i in wanted for table in _titles(i) for key in table}
    best: tuple[int, int, list[str], int] | None = None
    for position in range(len(rows)):
        for titles, last in _header_candidates(rows, position, known):
            count = sum(_is_known(t, known) for t in titles if t)
            if best is None or (count, last == position) > (best[0], best[1] == best[3]):
                best = (count, last, titles, position)
    if best is None or best[0] < (1 if item is not None else 2):
        raise FileRefused(
            "找不到表头：前几行中没有一行的列名与清单相符。",
            remedy="请使用清单的列名，或用 credithub template 生成模板。",
        )
    _, last, titles, first = best
    above = [" ".join(filter(None, map(_title, cells))) for _, cells in rows[:first]]
    title_text = " ".join(above)
    chosen = item or _closest(catalogue, titles, rows[last + 1 :], [title_text, *hints])
    columns, extra, unknown = match_columns(chosen, titles)
    columns = _measured(columns, title_text)
    missing = missing_columns(chosen, columns)
    if missing:
        raise FileRefused(
            f"按“{chosen.zh}”读取，缺少必需的列：{'、'.join(missing)}。",
            remedy="请补上这些列（列名可用清单名称或别名）后重新报送；若不是这一项，请用 --item 指明。",
        )
    width = max((i for i, title in enumerate(titles, start=1) if title), default=0)
    return Recognised(chosen, rows[last][0], columns, title_text, unknown, extra, width)


def _measured(columns: dict[int, Column], title_text: str) -> dict[int, Column]:
    """Give the unit that stands above the table to the amounts whose own title names none."""
    found = _UNIT_ABOVE.search(unicodedata.normalize("NFKC", title_text))
    if found is None:
        return columns
    return {
        index: replace(column, unit=found[1]) if not column.unit and _is_amount(column) else column
        for index, column in columns.items()
    }


def _is_amount(column: Column) -> bool:
    if column.month is None:
        return column.field.type is FieldType.MONEY
    return any(s.name == column.sub and s.type is FieldType.MONEY for s in column.field.details)


def _title(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else ""


def _header_candidates(
    rows: Sequence[tuple[int, list[Cell]]], position: int, known: set[str]
) -> list[tuple[list[str], int]]:
    """Return the row as a header, and joined with the next one as a merged header."""
    upper = [_title(c) for c in rows[position][1]]
    found = [(upper, position)]
    if position + 1 == len(rows):
        return found
    below_cells = rows[position + 1][1]
    if any(top and _is_data(top, cell, known) for top, cell in zip(upper, below_cells, strict=False)):
        return found
    lower = [_title(c) for c in below_cells]
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    joined, group = [], ""
    for top, below in zip(upper, lower, strict=True):
        group = top or (group if below else "")
        options = (group + below, below, top) if group and below else (below or top,)
        joined.append(next((o for o in options if _is_known(o, known)), options[0]))
    # A title line above a header joins with it too, and adds nothing; a real merged header adds columns.
    return [*found, (joined, position + 1)]


def _is_data(top: str, cell: Cell, known: set[str]) -> bool:
    """Whether a cell below a title that is known by itself is a record's value rather than the title's second line."""
    if cell is None or not _is_known(top, known):
        return False
    if not isinstance(cell, str):
        return True
    text = cell.strip()
    return any(c.isdigit() for c in text) and not (_is_known(text, known) or _is_known(top + text, known))


def _is_known(title: str, known: set[str]) -> bool:
    return any(key in known for key, _ in title_keys(title))


def missing_columns(item: Item, columns: Mapping[int, Column]) -> list[str]:
    """Return the Chinese names of required columns that are absent; one column of the subject suffices."""
    present = {c.field.name for c in columns.values()}
    subject = {n for n in (item.subject.uscc, item.subject.name, *item.subject.codes) if n}
    missing = [f.zh for f in item.fields if f.required and f.name not in present and f.name not in subject]
    if subject and not subject & present:
        missing.insert(0, " 或 ".join(f.zh for f in item.fields if f.name in subject))
    return missing


def _closest(
    catalogue: Catalogue,
    titles: Sequence[str],
    below: Sequence[tuple[int, list[Cell]]],
    hints: Sequence[str],
) -> Item:
    filled = sum(bool(t) for t in titles)
    scored: list[tuple[float, Item, dict[int, Column]]] = []
    spoken = [normal(h) for h in hints]
    for item in catalogue.items:
        columns, extra, _ = match_columns(item, titles)
        if not columns:
            continue
        exact = sum(normal(c.title) in (normal(c.field.zh), normal(c.field.source)) for c in columns.values())
        fields = sum(not f.added for f in item.fields)
        matched = len({c.field.name for c in columns.values()})
        score = (2 * matched + 0.2 * exact) / (1.1 * (filled - len(extra) + fields))
        score -= 0.15 * len(missing_columns(item, columns))
        score += 0.3 if any(normal(item.zh) in h or item.id in h for h in spoken) else 0.0
        scored.append((score, item, columns))
    if not scored or max(s for s, _, _ in scored) < _LEAST_SCORE:
        raise FileRefused("表头与清单的任何一项都不够接近。", remedy="请用 --item 指明是哪一项，或改用模板的列名。")
    top = max(s for s, _, _ in scored)
    tied = [(item, columns) for score, item, columns in scored if score >= top - _TIE]
    if len(tied) == 1:
        return tied[0][0]
    chosen = told_apart(tied, below, hints)
    if chosen is None:
        raise ItemQuestion(tuple(item for item, _ in tied))
    return chosen


__all__ = ["EXTRA", "Column", "ItemQuestion", "Recognised", "match_columns", "missing_columns", "recognise"]
