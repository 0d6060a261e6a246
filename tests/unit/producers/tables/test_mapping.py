"""A table is read by what a person confirmed of its columns, and by nothing that nobody did."""

from decimal import Decimal

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.headers import TableRecogniser
from producers.tables.mapping import ColumnMapping, MappedColumn, mapping_of, parse_mapping
from producers.tables.rows import compile_row

CATALOGUE = load_catalogue()
RECOGNISER = TableRecogniser(CATALOGUE)
TEXT = """
item: 53
confirmed: true
columns:
  - {column: A01, field: subject_name}
  - {column: A02, field: uscc}
  - {column: A03, field: penalty_decision_number}
  - {column: A04, field: fine_amount, unit: 万元}
  - {column: A05, field: subject_type, codes: {企: "1", 个: "3"}}
  - {column: A06, field: authority_name}
  - {column: A07, field: data_date}
  - {column: A08, field: ""}
"""
TITLES: list[Cell] = [f"A0{n}" for n in range(1, 9)]
RECORD: list[Cell] = ["虚构甲公司", "91110000600037341L", "虚罚1号", "5", "个", "虚构局", "2025-03-01", "x"]


def test_a_table_of_the_mappings_shape_is_read_by_it() -> None:
    table = RECOGNISER.mapped([(1, ["导出表"]), (2, TITLES), (3, RECORD)], parse_mapping(TEXT, CATALOGUE))
    assert table is not None
    assert (table.item.seq, table.header_row, table.unknown, table.extra) == (53, 2, ["A08"], {6: "data_date"})
    row = compile_row(table.item, table.columns, table.extra)(3, RECORD)
    assert row is not None
    assert row.problems == []
    assert row.values["fine_amount"] == Decimal(50_000)
    # As a file that writes the code itself would have it.
    assert row.values["subject_type"] == "3"


def test_the_order_of_the_columns_is_free_and_another_shape_is_none() -> None:
    mapping = parse_mapping(TEXT, CATALOGUE)
    turned = RECOGNISER.mapped([(1, TITLES[::-1])], mapping)
    assert turned is not None
    assert turned.columns[7].field.name == "subject_name"
    assert RECOGNISER.mapped([(1, TITLES[:-1])], mapping) is None
    assert RECOGNISER.mapped([(1, [*TITLES, "A09"])], mapping) is None
    assert mapping.difference([(1, [*TITLES[:-1], "A09"])]) == "表中没有 a08；对照表没有 a09"


def test_repeated_titles_are_taken_in_their_order() -> None:
    mapping = ColumnMapping("market.registration", (MappedColumn("X", "subject_name"), MappedColumn("X", "uscc")))
    table = RECOGNISER.mapped([(1, ["X", "X"])], mapping)
    assert table is not None
    assert [table.columns[i].field.name for i in (0, 1)] == ["subject_name", "uscc"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("confirmed: true", "confirmed: false", "还没有经人核对"),
        ("confirmed: true", "", "还没有经人核对"),
        ("item: 53", "item: 99", "没有“99”"),
        ("field: authority_name", "field: authority", "没有字段“authority”"),
        ("field: authority_name", "field: uscc", "两列都对应"),
        ("field: authority_name", 'field: ""', "缺少必需的列：行政机关名称"),
        ("unit: 万元", "unit: 吨", "A04"),
        ('企: "1"', '企: ""', "“企”还没有写对应的代码"),
        ("columns:", "columnen:", "读不懂"),
        ("item: 53", "item: [", "读不懂"),
    ],
)
def test_a_mapping_that_is_incomplete_or_wrong_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        parse_mapping(TEXT.replace(old, new), CATALOGUE)


def test_a_unit_that_contradicts_the_tables_own_is_refused() -> None:
    mapping = parse_mapping(TEXT, CATALOGUE)
    assert RECOGNISER.mapped([(1, ["单位：万元"]), (2, TITLES)], mapping) is not None
    with pytest.raises(FileRefused, match="表头上方写的单位是元，对照表写的是万元"):
        RECOGNISER.mapped([(1, ["单位：元"]), (2, TITLES)], mapping)
    with pytest.raises(FileRefused, match="列名写的是元，对照表写的是万元"):
        parse_mapping(TEXT.replace("column: A04", "column: 金额(元)"), CATALOGUE)


def test_what_a_table_was_read_as_is_a_mapping_for_the_next() -> None:
    mapping = parse_mapping(TEXT, CATALOGUE)
    table = RECOGNISER.mapped([(1, TITLES)], mapping)
    assert table is not None
    titles = dict(enumerate(map(str, TITLES)))
    units = {index: "万元" for index, column in table.columns.items() if column.unit}
    assert mapping_of(table.item, titles, table.columns, table.extra, units) == mapping
    # The values decide anew what a number means, and months are no columns of their own.
    licence: list[Cell] = ["行政相对人名称", "行政许可决定书号", "许可机关", "行政相对人代码_2"]
    numbered = RECOGNISER.recognise([(1, licence), (2, ["甲", "1", "乙", "59000071-2"])])
    assert mapping_of(numbered.item, dict(enumerate(map(str, licence))), numbered.columns, numbered.extra, {}) is None
