"""Faults of the file: its encoding, its delimiter, rows whose cells have shifted, and its name."""

import random
import re

from catalogue.load import load_catalogue
from catalogue.model import FieldType
from tests.disturbed.tables import Draft

_ENCODINGS = ("gbk", "gb18030", "utf-8-sig", "utf-16", "utf-8")
_WITH_DELIMITERS = ("；零售;批发", "，甲,乙", "|丙|丁", '（"号"）', ";甲;乙;丙")
# What a cell of a kind looks like at the least: nothing else can be one.
_FORMS = {
    FieldType.DATE: re.compile(r".*\d{4}.*|\W+|[A-Za-z]+"),
    FieldType.MONEY: re.compile(r".*\d.*|\W+|[A-Za-z]+"),
    FieldType.USCC: re.compile(r"\W*\w{18}\W*|\W+|[A-Za-z]+"),
    FieldType.TIMESTAMP: re.compile(r".*\d{4}.*|\W+|[A-Za-z]+"),
}


def encoded(draft: Draft, rng: random.Random) -> bool:
    """Another encoding than UTF-8."""
    encoding = rng.choice(_ENCODINGS)
    if draft.is_workbook:
        return False
    try:
        "".join(str(c) for line in draft.lines for c in line.cells).encode(encoding)
    except UnicodeEncodeError:
        encoding = "gb18030"
    draft.encoding = encoding
    return True


def delimited(draft: Draft, rng: random.Random) -> bool:
    """Another delimiter than a comma, or one at the end of each row, or all cells in quotes."""
    if draft.is_workbook:
        return False
    draft.delimiter = rng.choice(",;\t|,,")
    draft.ends_with_delimiter = rng.random() < 0.4
    draft.quotes_all = rng.random() < 0.3
    return True


def texts_with_delimiters(draft: Draft, rng: random.Random) -> bool:
    """Commas, semicolons, bars and quotes inside of texts, properly quoted."""
    columns = draft.positions(FieldType.TEXT)
    for index in columns:
        name = draft.columns[index].name
        for line in draft.records:
            if line.truth and line.truth.get(name) and line.cells[index] == line.truth[name] and rng.random() < 0.3:
                text = f"{line.truth[name]}{rng.choice(_WITH_DELIMITERS)}"
                if (
                    name not in (draft.item.subject.name, draft.item.subject.uscc)
                    and name not in draft.item.told_apart_by
                ):
                    line.cells[index] = line.truth[name] = text
    return bool(columns)


def shifted(draft: Draft, rng: random.Random) -> bool:
    """A delimiter inside of a value without quotes, or a lost cell: what stands behind is in wrong columns.

    Only where a cell comes into a column of a kind that it has not: nobody sees one text in the column of another.
    """
    if draft.is_workbook or draft.quotes_all or len(draft.records) < 2:
        return False
    touched = False
    for line in rng.sample(draft.records, max(1, len(draft.records) // 5)):
        cells = ["" if c is None else str(getattr(c, "value", c)) for c in line.cells]
        if any(draft.delimiter in c or '"' in c or "\n" in c for c in cells):
            continue
        at = rng.randrange(len(cells) - 1)
        if rng.random() < 0.6:
            broken = [*cells[:at], f"{cells[at]}", "乙", *cells[at + 1 :]]
            if not broken[-1]:
                broken.pop() if rng.random() < 0.7 else None
        else:
            broken = [*cells[:at], *cells[at + 1 :]]
            broken += [""] if rng.random() < 0.7 else []
        if not any(_is_strange(draft, i, cell) for i, cell in enumerate(broken[: len(cells)])):
            continue
        line.raw = draft.delimiter.join(broken) + (draft.delimiter if draft.ends_with_delimiter else "")
        touched = True
    return touched


def _is_strange(draft: Draft, index: int, cell: str) -> bool:
    """Whether a cell is of another kind than its column."""
    field = draft.columns[index].field
    form = _FORMS.get(field.type) if field is not None else None
    return bool(cell) and form is not None and not form.fullmatch(cell.strip())


def named_neutrally(draft: Draft, rng: random.Random) -> bool:
    """The file's name says nothing of the item; the period and the data date stand above the table."""
    draft.name = rng.choice(("数据报送", "Sheet1", "20260702", "报送表（终稿）", "新建工作表"))
    declared = [f"所属期：{draft.period}"] if draft.period else []
    draft.above.insert(0, [" ".join([*declared, "数据日期：2026-06-30"])])
    return True


def named_wrongly(draft: Draft, rng: random.Random) -> bool:
    """The file's name is that of another item."""
    names = {column.name for column in draft.columns}
    # A file whose columns are the other's as well is the other's, for all that anybody can see.
    others = [i for i in load_catalogue().items if not names <= {f.name for f in i.fields}]
    if not others:
        return False
    other = rng.choice(others)
    draft.name = draft.name.replace(draft.item.zh.replace("/", "_"), other.zh.replace("/", "_"))
    return True


NAMES = (named_neutrally, named_wrongly)
TEXTS = (texts_with_delimiters, encoded, delimited, shifted)
