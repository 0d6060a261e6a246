"""Which field of an item each column of a table is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.model import Field, FieldType, Item
from producers.tables.titles import UNIT, normal, title_keys

# Columns that every item accepts beside its own.
EXTRA: Mapping[str, tuple[str, ...]] = {
    "op_flag": ("增删改标志", "操作标志", "数据操作标志", "操作类型", "增删改标识"),
    "data_date": ("数据日期", "数据截止日期", "数据时点"),
    "period": (
        "所属期", "数据所属期", "报告期", "数据期别", "所属时期", "所属期间", "所属年度", "所属年月", "所属月份",
        "所属季度", "年报年度", "年报年份", "报告年度", "报告年份", "统计年度", "统计年月", "统计月份", "统计期",
        "统计期间", "税款所属期", "费款所属期", "数据年度", "数据年月", "数据月份",
    ),
    "region": ("区划代码", "行政区划代码", "行政区划", "所属区划代码"),
}  # fmt: skip
# These mean a period in the tables of items that have one, and anything elsewhere.
_PERIOD_WORDS = frozenset({"年度", "年份", "年月", "月份", "季度", "期间", "期别", "账期", "报表期", "会计期间"})
_MONTH_COLUMN = re.compile(r"(?:(\d{4})年?[-/.]?)?(1[0-2]|0?[1-9])月(?:份)?(.*)")
_FieldsByTitle = dict[str, list[Field]]


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


class ColumnMatcher:
    """Finds an item's columns among titles. It is compiled from the item once, and kept by whoever matches tables."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._by_name: _FieldsByTitle = {}
        self._by_source: _FieldsByTitle = {}
        self._by_alias: _FieldsByTitle = {}
        for field in item.fields:
            for fields, titles in (
                (self._by_name, (field.zh,)),
                (self._by_source, (field.source,)),
                (self._by_alias, field.aliases),
            ):
                for title in filter(None, titles):
                    for key, _ in title_keys(title):
                        if field not in fields.setdefault(key, []):
                            fields[key].append(field)
        # All that a title of the item may be looked up as.
        self.keys = frozenset({*self._by_name, *self._by_source, *self._by_alias})

    def match(self, titles: Sequence[str]) -> tuple[dict[int, Column], dict[int, str], list[str]]:
        """Return the columns, the added columns every item accepts, and the titles that are nothing of the item.

        A title that occurs twice goes, in order, to the fields that share that text in the list.
        """
        by_name, by_source, by_alias = self._by_name, self._by_source, self._by_alias
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
        if self.item.period_declared or self.item.reporting_period:
            extra |= {i: "period" for i, n in enumerate(normals) if i not in columns and n in _PERIOD_WORDS}
        for index in range(len(titles)):
            if index not in columns and index not in extra and (column := _month_column(self.item, titles[index])):
                columns[index] = column
        unknown = [t.strip() for i, t in enumerate(titles) if normals[i] and i not in columns and i not in extra]
        return columns, extra, unknown


_EXTRA_KEYS = {normal(title): name for name, titles in EXTRA.items() for title in titles}


def _month_column(item: Item, title: str) -> Column | None:
    found = _MONTH_COLUMN.fullmatch(normal(title))
    field = next((f for f in item.fields if f.type is FieldType.DETAILS), None)
    if found is None or field is None or not any(s.name == "month" for s in field.details):
        return None
    rest = found[3]
    money = [s for s in field.details if s.type is FieldType.MONEY]
    named = [s for s in field.details for t in (s.zh, *s.aliases) if rest and title_keys(rest)[-1][0] == normal(t)]
    if rest and not named and not UNIT.fullmatch(rest):
        return None
    if not (named or money):
        return None
    unit = title_keys(title)[0][1]
    sub = (named or money[-1:])[0]
    return Column(field, title.strip(), unit, int(found[2]), int(found[1]) if found[1] else None, sub.name)


def missing_columns(item: Item, columns: Mapping[int, Column]) -> list[str]:
    """Return the Chinese names of required columns that are absent; one column of the subject suffices."""
    present = {c.field.name for c in columns.values()}
    subject = {n for n in (item.subject.uscc, item.subject.name, *item.subject.codes) if n}
    missing = [f.zh for f in item.fields if f.required and f.name not in present and f.name not in subject]
    if subject and not subject & present:
        missing.insert(0, " 或 ".join(f.zh for f in item.fields if f.name in subject))
    return missing
