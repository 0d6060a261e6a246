"""A suggestion says what it knows, asks for the rest, and shows no person."""

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.columns import ColumnMatcher
from producers.tables.header_rows import likely_header
from producers.tables.headers import TableRecogniser
from producers.tables.mapping import parse_mapping
from producers.tables.mapping_suggestion import likely_items, mapping_text, suggest

CATALOGUE = load_catalogue()
PENALTY = CATALOGUE.item("53")
MATCHER = ColumnMatcher(PENALTY)
TITLES = ["F_QYMC", "F_DM", "F_CFWSH", "F_FKJE", "F_XDRLB", "F_CFJG", "F_FRZJHM", "F_LXR", "F_X"]
ROWS: list[list[Cell]] = [
    ["虚构甲公司", "91110000600037341L", "虚罚1号", 5.0, "企", "虚构局", "630102198001010019", "张虚构", "13900000000"],
    ["虚构乙公司", "91350100M000100Y43", "虚罚2号", 6.0, "自然人", "虚构局", "630102198001010019", "李虚构", "a@b.cn"],
]


def test_titles_values_and_words_are_suggested_and_the_rest_is_asked() -> None:
    columns = {column.title: column for column in suggest(MATCHER, TITLES, ROWS)}
    fields = {title: column.field.name for title, column in columns.items() if column.field is not None}
    assert fields == {
        "F_QYMC": "subject_name", "F_DM": "uscc", "F_CFWSH": "penalty_decision_number", "F_FKJE": "fine_amount",
        "F_XDRLB": "subject_type", "F_FRZJHM": "legal_rep_id_number",
    }  # fmt: skip
    assert columns["F_XDRLB"].codes == ("企",)
    # 处罚机关 and 处罚结果 have the same initials.
    assert {field.name for field in columns["F_CFJG"].candidates} == {"authority_name", "penalty_content"}


def test_a_suggestion_shows_no_person() -> None:
    text = mapping_text(PENALTY, suggest(MATCHER, TITLES, ROWS))
    for personal in ("630102198001010019", "张虚构", "13900000000", "a@b.cn"):
        assert personal not in text
    assert "虚构甲公司" in text
    person = CATALOGUE.item("59")
    assert "甲乙" not in mapping_text(person, suggest(ColumnMatcher(person), ["姓名", "婚姻状况"], [["甲乙", "已婚"]]))


def test_a_suggestion_is_used_only_once_it_is_confirmed_and_complete() -> None:
    text = mapping_text(PENALTY, suggest(MATCHER, TITLES, ROWS))
    with pytest.raises(FileRefused, match="还没有经人核对"):
        parse_mapping(text, CATALOGUE)
    text = text.replace("confirmed: false", "confirmed: true").replace('"企": ""', '"企": "1"')
    with pytest.raises(FileRefused, match="缺少必需的列：行政机关名称"):
        parse_mapping(text, CATALOGUE)
    text = text.replace('- column: "F_CFJG"\n    field: ""', '- column: "F_CFJG"\n    field: authority_name')
    text = text.replace('unit: ""', "unit: 万元")
    mapping = parse_mapping(text, CATALOGUE)
    table = TableRecogniser(CATALOGUE).mapped([(1, list(TITLES)), (2, ROWS[0])], mapping)
    assert table is not None
    assert {c.title: c.unit for c in table.columns.values() if c.unit} == {"F_FKJE": "万元"}


def test_the_item_of_an_abbreviated_header_is_the_one_with_most_of_it() -> None:
    recogniser = TableRecogniser(CATALOGUE)
    matchers = [recogniser.matcher(item) for item in CATALOGUE.items]
    assert likely_items(matchers, TITLES) == [PENALTY]
    assert likely_items(matchers, ["ZZZ", "QQQ"]) == []
    header = likely_header([(1, ["导出"]), (2, list(TITLES)), (3, ROWS[0])], recogniser.keys())
    assert header is not None
    assert (header.first, header.titles) == (1, TITLES)
