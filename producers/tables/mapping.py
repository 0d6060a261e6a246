"""A mapping (对照表): which field each column of a table is, as a person confirmed it.

It makes tables readable whose titles say nothing by themselves, such as dumps of a database with abbreviated names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from catalogue.errors import FileRefused
from catalogue.model import Catalogue, Field, Item
from catalogue.titles import normal, title_keys
from producers.tables.column_problems import column_converter
from producers.tables.columns import EXTRA, MEASURED, Column, TitleMatch, missing_columns
from producers.tables.header_rows import HeaderRows, NumberedCells, title_of
from producers.tables.numbered_codes import is_numbered
from producers.tables.problems import ValueProblem


class _PlainLoader(yaml.SafeLoader):
    """Reads YAML without references: a file of a page can have them stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a reference")
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """One column: its title as the file has it; ``field_name``: of the item or an added
    column, "" for none of them."""

    column: str
    field_name: str = ""
    unit: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)  # the file's word -> the list's code

    def as_column(self, item: Item) -> Column:
        """Return the column of an item that this is; raises KeyError for an added column or none."""
        return _column(item.field(self.field_name), self)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns of one shape of table, of one item."""

    item: str
    columns: tuple[MappedColumn, ...]

    @property
    def shape(self) -> tuple[str, ...]:
        """The titles that a table of this shape has, in any order."""
        return tuple(sorted(normal(column.column) for column in self.columns))

    def with_units(self, units: Mapping[str, str]) -> "ColumnMapping":
        """Return the mapping with other units, by their columns' titles in looked-up form."""
        return replace(self, columns=tuple(replace(m, unit=units.get(normal(m.column), m.unit)) for m in self.columns))

    def text(self) -> str:
        """Return the mapping as it is written to a file; equal ones are equal."""
        columns = [
            {"column": c.column, "field": c.field_name, "unit": c.unit, "codes": dict(c.codes)} for c in self.columns
        ]
        value = {"item": self.item, "confirmed": True, "columns": columns}
        return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)

    def header_in(self, rows: Sequence[NumberedCells]) -> HeaderRows | None:
        """Return the row that has exactly the mapping's titles; None where the table has another shape."""
        for position, (_, cells) in enumerate(rows):
            titles = [title_of(cell) for cell in cells]
            if tuple(sorted(normal(title) for title in titles if title)) == self.shape:
                return HeaderRows(titles, len(self.columns), position, position)
        return None

    def difference(self, rows: Sequence[NumberedCells]) -> str:
        """Return in which titles the nearest row differs from the mapping."""
        wanted = {normal(column.column) for column in self.columns}
        titled = [{normal(title) for cell in cells if (title := title_of(cell))} for _, cells in rows]
        nearest = max(titled, key=lambda titles: len(titles & wanted), default=set())
        lacking, beyond = sorted(wanted - nearest), sorted(nearest - wanted)
        parts = [f"表中没有 {'、'.join(lacking)}"] if lacking else []
        parts += [f"对照表没有 {'、'.join(beyond)}"] if beyond and nearest & wanted else []
        return "；".join(parts) or "列的个数不同"

    def match(self, item: Item, titles: Sequence[str]) -> TitleMatch:
        """Return the columns of a header of the mapping's shape; repeated titles are taken in their order."""
        left = list(self.columns)
        columns: dict[int, Column] = {}
        extra: dict[int, str] = {}
        unknown: list[str] = []
        for index, title in enumerate(titles):
            mapped = next((m for m in left if title and normal(m.column) == normal(title)), None)
            if mapped is None:
                continue
            left.remove(mapped)
            if mapped.field_name in EXTRA:
                extra[index] = mapped.field_name
            elif mapped.field_name:
                columns[index] = replace(mapped.as_column(item), title=title)
            else:
                unknown.append(title)
        return TitleMatch(columns, extra, unknown, frozenset())


def mapping_of(
    item: Item,
    titles: Mapping[int, str],
    columns: Mapping[int, Column],
    extra: Mapping[int, str],
    units: Mapping[int, str],
) -> ColumnMapping | None:
    """Return what a table was read as, to be kept for the next of its shape; None where a mapping cannot say it.

    ``units`` are those that a person said: what a table says of itself, the next one may say otherwise. Months are
    several columns of one field, and a numbered code is decided by the values of each table anew.
    """
    if any(column.month is not None for column in columns.values()) or any(map(is_numbered, titles.values())):
        return None
    mapped: list[MappedColumn] = []
    for index, title in titles.items():
        column = columns.get(index)
        codes = column.code_words or {} if column is not None else {}
        name = column.field.name if column is not None else extra.get(index, "")
        mapped.append(MappedColumn(title, name, units.get(index, ""), codes))
    return ColumnMapping(item.id, tuple(mapped))


def _column(of: Field, mapped: MappedColumn) -> Column:
    unit = _title_unit(mapped.column) if of.type in MEASURED else ""
    if unit and mapped.unit and not same_unit(unit, mapped.unit):
        raise _refused(f"列“{mapped.column}”的列名写的是{unit}，对照表写的是{mapped.unit}", "请改正对照表的 unit。")
    return Column(of, mapped.column, mapped.unit or unit, code_words=mapped.codes or None)


def _title_unit(title: str) -> str:
    return next((unit for _, unit in title_keys(title)), "")


def same_unit(one_unit: str, other: str) -> bool:
    """Whether two units of money are one: 万 is 万元."""
    return one_unit.removesuffix("元") == other.removesuffix("元")


def parse_mapping(text: str, catalogue: Catalogue) -> ColumnMapping:
    """Return the mapping that a file writes.

    Raises FileRefused, in Chinese, for one that nobody confirmed, that is incomplete or contradicts the list.
    """
    try:
        raw: Any = yaml.load(text, Loader=_PlainLoader)
        columns = tuple(_mapped(entry) for entry in raw["columns"])
        mapping, confirmed = ColumnMapping(str(raw["item"]), columns), raw.get("confirmed") is True
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as exc:
        raise _refused("读不懂对照表的格式", "请用 credithub mapping suggest 重新生成后再修改。") from exc
    try:
        item = catalogue.item(mapping.item)
    except KeyError as exc:
        raise _refused(f"清单里没有“{mapping.item}”", "请在 item 后写清单的序号或名称。") from exc
    if not confirmed:
        raise _refused("对照表还没有经人核对", "请逐列核对，再把 confirmed 改为 true。")
    _check(item, mapping)
    return replace(mapping, item=item.id)


def _mapped(entry: Mapping[str, Any]) -> MappedColumn:
    codes = {str(word): str(code or "") for word, code in (entry.get("codes") or {}).items()}
    return MappedColumn(str(entry["column"]), str(entry.get("field") or ""), str(entry.get("unit") or ""), codes)


def _check(item: Item, mapping: ColumnMapping) -> None:
    fields = {f.name: f for f in item.fields}
    taken: set[str] = set()
    columns: dict[int, Column] = {}
    for index, mapped in enumerate(mapping.columns):
        if not mapped.field_name:
            continue
        if mapped.field_name not in fields and mapped.field_name not in EXTRA:
            raise _refused(f"“{item.zh}”没有字段“{mapped.field_name}”", "请改用这一项的字段名；不采集就留空。")
        if mapped.field_name in taken:
            raise _refused(f"两列都对应“{mapped.field_name}”", "请只留一列，另一列的 field 留空。")
        taken.add(mapped.field_name)
        if mapped.field_name in fields:
            columns[index] = mapped.as_column(item)
            _check_codes(columns[index], mapped)
    if missing := missing_columns(item, columns):
        raise _refused(f"缺少必需的列：{'、'.join(missing)}", "请在对照表里写明是哪一列；若表中没有，请先补上。")


def _check_codes(column: Column, mapped: MappedColumn) -> None:
    read = column_converter(replace(column, code_words=None))
    for word, code in mapped.codes.items():
        if not code:
            raise _refused(f"列“{mapped.column}”的“{word}”还没有写对应的代码", "请在 codes 里补上，或删去这一行。")
        try:
            read(code)
        except ValueProblem as exc:
            raise _refused(f"列“{mapped.column}”的“{word}”对应的“{code}”不在代码表里", f"{exc.remedy}。") from exc


def _refused(message: str, remedy: str) -> FileRefused:
    return FileRefused(f"对照表：{message}。", remedy=remedy)
