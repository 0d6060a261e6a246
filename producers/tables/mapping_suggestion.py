"""Suggest a mapping (对照表) for a table: what its titles, their pinyin initials and its values say."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from catalogue.identifiers import looks_like_id_number
from catalogue.initials import initials
from catalogue.model import Field, Item, Sensitivity
from catalogue.titles import normal
from connectors.tables import Cell
from producers.tables.columns import EXTRA, MEASURED, RETURNED, Column, ColumnMatcher
from producers.tables.problems import ValueProblem
from producers.tables.texts import as_text, is_empty
from producers.tables.values import value_converter

MOST_ROWS = 2000  # so many rows of a table are looked at
_MOST_SAMPLES, _MOST_WORDS, _LONGEST_CHARS = 3, 30, 20
_HIDDEN = "***"
# In a column that nobody knows yet, these may be persons: numbers, telephones, mails, short names.
_MAY_BE_PERSONAL = re.compile(r".*@.*|[+0-9 -]{7,}|[\u4e00-\u9fff·]{2,4}|.*[0-9]{6,}.*")


@dataclass(frozen=True, slots=True)
class SuggestedColumn:
    """What one column may be. ``codes``: words of a list of codes that the list has not, to be filled in.

    ``candidates`` are several fields of which the title may be one.
    """

    title: str
    field: Field | None
    extra: str
    unit: str
    codes: tuple[str, ...]
    samples: tuple[str, ...]
    candidates: tuple[Field, ...] = ()


def likely_items(matchers: Sequence[ColumnMatcher], titles: Sequence[str]) -> list[Item]:
    """Return the items of which most of a table's titles may be columns, by name or by initials."""
    counts = {m.item.seq: len(m.match(titles).columns) + _abbreviated(m, titles) for m in matchers}
    most = max(counts.values(), default=0)
    return [m.item for m in matchers if most > 1 and counts[m.item.seq] == most]


def _abbreviated(matcher: ColumnMatcher, titles: Sequence[str]) -> int:
    known = matcher.match(titles).columns
    taken = {column.field.name for column in known.values()}
    return sum(
        bool(title) and index not in known and _only(_by_initials(matcher.item, title, taken)) is not None
        for index, title in enumerate(titles)
    )


def suggest(
    matcher: ColumnMatcher, titles: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> tuple[SuggestedColumn, ...]:
    """Return what the columns of a table may be, from its titles and first rows; personal values are masked."""
    match = matcher.match(titles)
    columns = dict(match.columns)
    taken = {column.field.name for column in columns.values()}
    guesses: dict[int, list[Field]] = {}
    for index, title in enumerate(titles):
        if title and index not in columns and index not in match.extra:
            guesses[index] = _by_initials(matcher.item, title, taken)
            guess = _only(guesses[index]) or _by_values(matcher.item, _cells(rows, index), taken)
            if guess is not None:
                columns[index] = Column(guess, title)
                taken.add(guess.name)
    hides = matcher.item.about_persons
    return tuple(
        replace(
            _suggested(title, columns.get(index), match.extra.get(index, ""), list(_cells(rows, index)), hides),
            candidates=() if index in columns else tuple(guesses.get(index, ())),
        )
        for index, title in enumerate(titles)
        if title
    )


def _cells(rows: Sequence[Sequence[Cell]], index: int) -> Iterator[Cell]:
    return (cells[index] for cells in rows if index < len(cells) and not is_empty(cells[index]))


def _by_initials(item: Item, title: str, taken: Collection[str]) -> list[Field]:
    """Return the fields whose Chinese name has these letters for its pinyin initials, as in TYSHXYDM or F_QYMC."""
    whole = re.sub(r"[^a-z0-9]", "", normal(title))
    behind = re.sub(r"[^a-z0-9]", "", normal(title).partition("_")[2])
    for letters in filter(None, (whole, behind)):
        fields = [field for field in item.fields if field.name not in taken and letters in _initials(field)]
        if fields:
            return fields
    return []


def _only(fields: Sequence[Field]) -> Field | None:
    return fields[0] if len(fields) == 1 else None


def _initials(field: Field) -> set[str]:
    return {initials(title) for title in (field.zh, field.source, *field.aliases) if title}


def _by_values(item: Item, cells: Iterator[Cell], taken: set[str]) -> Field | None:
    """Return the subject's unified code, where all values are such codes: no other kind of value says what it is."""
    samples = list(islice(cells, 50))
    if not samples or item.subject.uscc is None or item.subject.uscc in taken:
        return None
    field = item.field(item.subject.uscc)
    return field if all(_readable(field, cell) for cell in samples) else None


def _readable(field: Field, cell: Cell) -> bool:
    try:
        value_converter(field)(cell)
    except ValueProblem:
        return False
    return True


def _suggested(
    title: str, column: Column | None, extra: str, cells: Sequence[Cell], hides_all: bool
) -> SuggestedColumn:
    field = column.field if column is not None else None
    distinct = tuple(islice(dict.fromkeys(as_text(cell).strip() for cell in cells), _MOST_WORDS))
    words: tuple[str, ...] = ()
    if field is not None and field.codes:
        listed = {*field.codes, *field.codes.values()}
        words = tuple(word for word in distinct if word not in listed and len(word) <= _LONGEST_CHARS)
    unit = column.unit if column is not None else ""
    samples = (_HIDDEN if hides_all else _shown(field, extra, text) for text in distinct[:_MOST_SAMPLES])
    return SuggestedColumn(title, field, extra, unit, words, tuple(dict.fromkeys(samples)))


def _shown(field: Field | None, extra: str, text: str) -> str:
    hidden = looks_like_id_number(text) or (field is not None and field.sensitivity is Sensitivity.PERSONAL)
    if hidden or (field is None and not extra and _MAY_BE_PERSONAL.fullmatch(text)):
        return _HIDDEN
    return text if len(text) <= _LONGEST_CHARS else text[:_LONGEST_CHARS] + "…"


def mapping_text(item: Item, columns: Sequence[SuggestedColumn]) -> str:
    """Return a suggestion as the file that a person goes through and confirms."""
    lines = [
        "# 对照表：每一列对应清单的哪个字段。请逐列核对，改好后把 confirmed 改为 true，再用",
        "#   credithub push 文件 --mapping 这个文件",
        "# 报送。field 留空的列不采集；unit 是金额等的单位；codes 左边是表里的写法，右边填清单的代码；",
        "# samples 只供核对。",
        "# 可用的字段：",
        *(f"#   {field.name}  {field.zh}{'（必需）' if field.required else ''}" for field in item.fields),
        *(f"#   {name}  {titles[0]}" for name, titles in EXTRA.items() if name != RETURNED),
        f"item: {item.id}  # {item.seq} {item.zh}",
        "confirmed: false",
        "columns:",
    ]
    for column in columns:
        name = column.field.name if column.field is not None else column.extra
        lines += [f"  - column: {_quoted(column.title)}", f"    field: {_quoted(name)}  # {_meaning(column)}"]
        if column.field is not None and column.field.type in MEASURED:
            lines.append(f"    unit: {_quoted(column.unit)}" + ("" if column.unit else "  # 表中没有写明，请填写"))
        if column.codes:
            lines += ["    codes:", *(f'      {_quoted(word)}: ""' for word in column.codes)]
            lines.append(f"      # {_listed(column.field.codes) if column.field and column.field.codes else ''}")
        lines.append(f"    samples: [{', '.join(map(_quoted, column.samples))}]")
    return "\n".join(lines) + "\n"


def _meaning(column: SuggestedColumn) -> str:
    if column.field is not None:
        return column.field.zh
    if column.extra:
        return EXTRA[column.extra][0]
    choices = "、".join(f"{field.name} {field.zh}" for field in column.candidates)
    return f"请选一个：{choices}" if choices else "没有认出，请填写"


def _listed(codes: Mapping[str, str]) -> str:
    return "；".join(f"{code} {meaning}" for code, meaning in codes.items())


def _quoted(text: str) -> str:
    # YAML takes JSON's strings.
    return json.dumps(text, ensure_ascii=False)
