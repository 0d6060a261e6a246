"""Which field of an item each column of a table is."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalogue.model import Field, FieldType, Item
from catalogue.month_titles import MonthTitles
from catalogue.titles import normal, title_keys, title_parts

RETURNED = "returned"
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
    # What the hub wrote beside rows that it gave back to be mended: read, and not taken.
    RETURNED: ("退回原因", "修改办法", "原文件行号"),
}  # fmt: skip
# These mean a period in the tables of items that have one, and anything elsewhere.
_PERIOD_WORDS = frozenset({"年度", "年份", "年月", "月份", "季度", "期间", "期别", "账期", "报表期", "会计期间"})
# Parts of a title that do not narrow what it means: 处罚机关(单位), 企业名称(盖章).
_SAYS_NOTHING = frozenset(
    {"单位", "部门", "机关", "机构", "企业", "个体户", "个体工商户", "法人", "公章", "盖章", "签章", "加盖公章", "等"}
)
# In a column of unified codes each code is checked, so that what else the title allows does no harm.
_OTHER_CODE = re.compile(r".*(?:注册号|登记号|登记码|证号|机构代码|证书号|识别号|税号|身份证号码|证件号码)")
# 行政相对人代码_2 says nothing by itself: its number means different codes in the templates of 2016 and 2018.
NUMBERED_CODE = re.compile(r"(?:行政)?(?:处罚|许可)?相对人代码_?[2-9]")
_LATIN = re.compile(r"[a-z0-9_. ]+")
_FieldsByTitle = dict[str, list[Field]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its field, its title as the file has it, its unit when the title names one.

    A column a month (1月…12月) of a DETAILS field carries ``month``, ``year`` when the title has one, and the
    name ``sub`` of the details' own column. ``code_words`` are the file's own words for codes, from a mapping.
    ``keeps_digits``: the first rows hold long numbers whole, so that one may end in zeros.
    """

    field: Field
    title: str
    unit: str = ""
    month: int | None = None
    year: int | None = None
    sub: str = ""
    code_words: Mapping[str, str] | None = None
    keeps_digits: bool = False


@dataclass(frozen=True, slots=True)
class TitleMatch:
    """What an item knows of a header: by position its columns and the added ones; the titles that are nothing of it.

    ``own`` are the positions whose title is the item's own text, and no alias.
    """

    columns: dict[int, Column]
    extra: dict[int, str]
    unknown: list[str]
    own: frozenset[int]


class ColumnMatcher:
    """Finds an item's columns among titles. It is compiled from the item once, and kept by whoever matches tables."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._by_name = _by_title((field.zh, field) for field in item.fields if not field.added)
        self._by_source = _by_title((field.source, field) for field in item.fields)
        self._by_alias = _by_title((alias, field) for field in item.fields for alias in field.aliases)
        # Behind the aliases of what the list has: 许可部门 alone is the authority, beside 许可机关 the added column.
        self._by_added = _by_title((field.zh, field) for field in item.fields if field.added)
        self._by_id = _by_title((field.name, field) for field in item.fields)
        self._tables = (self._by_name, self._by_source, self._by_alias, self._by_added, self._by_id)
        self._ranks = _ranks(item)
        self._months = MonthTitles(item)
        # All that a title of the item may be looked up as.
        self.keys = frozenset(key for table in self._tables for key in table) | self._months.keys()

    def match(self, titles: Sequence[str]) -> TitleMatch:
        """Return which titles are which columns of the item.

        A title that occurs twice goes, in order, to the fields that share that text in the list.
        """
        normals = [normal(t) for t in titles]
        keys = [title_keys(t) for t in titles]
        columns: dict[int, Column] = {}
        taken: set[str] = set()
        own: set[int] = set()

        def take(index: int, table: _FieldsByTitle) -> None:
            for key, unit in keys[index]:
                if key not in table:
                    continue
                for field in table[key]:
                    if field.name not in taken:
                        columns[index] = _column(field, titles[index], unit)
                        taken.add(field.name)
                        if table is not self._by_alias:
                            own.add(index)
                        return

        counts = Counter(normals)
        repeated = {i for i, n in enumerate(normals) if n and counts[n] > 1}
        for index in range(len(titles)):
            if normals[index] and index not in repeated:
                take(index, self._by_name)
        for index in sorted(repeated):
            # 证件号码 printed twice is 证件类型 and 证件号码: the list's own text decides before the name.
            shared = len(self._by_source.get(normals[index], ())) > 1
            for table in (self._by_source, self._by_name) if shared else (self._by_name, self._by_source):
                if index not in columns:
                    take(index, table)
        for index in _open(normals, columns):
            take(index, self._by_source)
        # The nearer alias first, wherever it stands: 许可机关 before 许可部门.
        for index in sorted(_open(normals, columns), key=lambda i: min(self._ranks.get(k, 0) for k, _ in keys[i])):
            take(index, self._by_alias)
        for table in (self._by_added, self._by_id):
            for index in _open(normals, columns):
                take(index, table)
        for index in _open(normals, columns):
            whole = self.meant(titles[index])
            if whole is not None and whole.name not in taken:
                columns[index] = _column(whole, titles[index], keys[index][0][1])
                taken.add(whole.name)
        extra = {i: _EXTRA_KEYS[n] for i, n in enumerate(normals) if i not in columns and n in _EXTRA_KEYS}
        if self.item.period_declared or self.item.reporting_period:
            extra |= {i: "period" for i, n in enumerate(normals) if i not in columns and n in _PERIOD_WORDS}
        for index in _open(normals, columns):
            if index not in extra and (month := self._months.read(titles[index])) is not None:
                columns[index] = Column(
                    month.field, titles[index].strip(), month.unit, month.month, month.year, month.sub
                )
        unknown = [titles[i].strip() for i in _open(normals, columns) if i not in extra]
        return TitleMatch(columns, extra, unknown, frozenset(own))

    def meant(self, title: str) -> Field | None:
        """Return the field that a title of several parts means, such as 法定代表人（负责人）; None where they disagree.

        Each part has to mean the same field: an unknown one may narrow what the others say, as in 企业名称(曾用名).
        """
        joined, alternatives = title_parts(title)
        for text in joined:
            fields = self._fields(text)
            if len(fields) == 1:
                return fields[0]
        if len(alternatives) < 2:
            return None
        first, *others = alternatives
        named = self._fields(first)
        if not named and (NUMBERED_CODE.fullmatch(first) or _LATIN.fullmatch(first)):
            # The number, or a code of another system, leaves the meaning to what stands in brackets.
            inner = [field for part in others for field in self._fields(part)]
            return inner[0] if inner and all(f.name == inner[0].name for f in inner) else None
        if len(named) != 1:
            return None
        field = named[0]
        if field.type is FieldType.USCC and all(_OTHER_CODE.fullmatch(part) for part in others):
            return field
        agree = all(part in _SAYS_NOTHING or [f.name for f in self._fields(part)] == [field.name] for part in others)
        return field if agree else None

    def _fields(self, title: str) -> list[Field]:
        for key, _ in title_keys(title):
            for table in self._tables:
                if key in table:
                    return table[key]
        return []


_EXTRA_KEYS = {normal(title): name for name, titles in EXTRA.items() for title in titles}
MEASURED = frozenset({FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER})


def _open(normals: Sequence[str], columns: Mapping[int, Column]) -> list[int]:
    """Return the positions of titles that are no column yet."""
    return [index for index, text in enumerate(normals) if text and index not in columns]


def _by_title(titles: Iterable[tuple[str, Field]]) -> _FieldsByTitle:
    fields: _FieldsByTitle = {}
    for title, field in titles:
        for key, _ in title_keys(title) if title else ():
            if field not in fields.setdefault(key, []):
                fields[key].append(field)
    return fields


def _ranks(item: Item) -> dict[str, int]:
    """Return at which place of its field's aliases a title stands; behind them all, what is an added column's name."""
    ranks: dict[str, int] = {}
    added = {key for field in item.fields if field.added for key, _ in title_keys(field.zh)}
    for field in item.fields:
        for place, alias in enumerate(field.aliases):
            for key, _ in title_keys(alias):
                rank = place + len(field.aliases) if key in added else place
                ranks[key] = min(rank, ranks.get(key, rank))
    return ranks


def _column(field: Field, title: str, unit: str) -> Column:
    return Column(field, title.strip(), unit if field.type in MEASURED else "")


def missing_columns(item: Item, columns: Mapping[int, Column]) -> list[str]:
    """Return the Chinese names of required columns that are absent; one column of the subject suffices."""
    present = {c.field.name for c in columns.values()}
    subject = subject_fields(item)
    missing = [f.zh for f in item.fields if f.required and f.name not in present and f.name not in subject]
    if subject and not subject & present:
        missing.insert(0, " 或 ".join(f.zh for f in item.fields if f.name in subject))
    return missing


def subject_fields(item: Item) -> set[str]:
    """Return the names of the fields that may say whom a row is about."""
    return {n for n in (item.subject.uscc, item.subject.name, *item.subject.codes) if n}
