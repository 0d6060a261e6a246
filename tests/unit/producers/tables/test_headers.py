"""Every item of the list is recognised from its header, however the header is laid out."""

import random

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from catalogue.model import Item
from catalogue.titles import title_keys
from connectors.tables import Cell
from producers.tables.headers import TableRecogniser
from producers.tables.lookalikes import ItemQuestion

CATALOGUE = load_catalogue()
recognise = TableRecogniser(CATALOGUE).recognise
LOOKALIKES = {34, 35, 37, 38, 39, 60, 61}


def _named(*titles: Cell) -> list[tuple[int, list[Cell]]]:
    return [(1, list(titles))]


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda i: str(i.seq))
def test_an_item_is_recognised_whatever_order_and_width(item: Item) -> None:
    fields = [f for f in item.fields if not f.added]
    random.Random(item.seq).shuffle(fields)
    titles: list[Cell] = [f" {f.zh.replace('(', '（ ').replace(')', '）')}\n" for f in fields]
    rows: list[tuple[int, list[Cell]]] = [(1, ["某市信用信息报送表"]), (2, []), (3, titles), (4, ["甲"])]
    hints = [item.zh] if item.seq in LOOKALIKES else []
    found = recognise(rows, hints)
    assert found.item is item
    assert found.header_row == 3
    assert found.title_text == "某市信用信息报送表"
    assert [found.columns[i].field.name for i in range(len(titles))] == [f.name for f in fields]


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda i: str(i.seq))
def test_the_lists_own_text_matches_in_its_order(item: Item) -> None:
    titles: list[Cell] = [f.source for f in item.fields if f.source]
    found = recognise(_named(*titles), item=item)
    split = sum(len({g.source for g in (f,)}) for f in item.fields if f.source)
    assert len(found.columns) == split
    assert not found.unknown


def test_repeated_headers_go_to_the_fields_that_share_them() -> None:
    item = CATALOGUE.item("45")
    found = recognise(_named("主体名称", "证件号码", "证件号码", "案号"), item=item)
    assert [c.field.zh for _, c in sorted(found.columns.items())] == ["主体名称", "证件类型", "证件号码", "案号"]


def test_a_merged_header_is_joined() -> None:
    rows: list[tuple[int, list[Cell]]] = [
        (1, ["企业法人信息表"]),
        (2, ["企业名称", "统一社会信用代码", "法定代表人", None, "住所"]),
        (3, [None, None, "姓名", "证件号码", None]),
        (4, ["甲公司", "x", "张三", "1", "某路"]),
    ]
    found = recognise(rows, item=CATALOGUE.item("3"))
    assert found.header_row == 3
    assert [c.field.name for _, c in sorted(found.columns.items())] == [
        "subject_name", "uscc", "legal_rep_name", "legal_rep_id_number", "address",
    ]  # fmt: skip


def test_a_unit_in_the_header_is_the_columns() -> None:
    found = recognise(_named("企业名称", "统一社会信用代码", "注册资本(元)"), item=CATALOGUE.item("1"))
    assert (found.columns[2].field.name, found.columns[2].unit) == ("registered_capital", "元")


def test_look_alikes_are_told_apart_by_hint_then_value_else_asked() -> None:
    item = CATALOGUE.item("35")
    titles: list[Cell] = [f.zh for f in item.fields if not f.added]
    with pytest.raises(ItemQuestion) as asked:
        recognise(_named(*titles))
    assert [i.seq for i in asked.value.candidates] == [34, 35]
    assert "35" in asked.value.message
    assert recognise(_named(*titles), ["2025物业.xlsx"]).item is item
    value: list[Cell] = [None] * len(titles)
    value[titles.index("行业信息评价名称")] = "物业服务企业信用评价"
    assert recognise([(1, titles), (2, value)]).item is item


def test_a_missing_required_column_is_named() -> None:
    with pytest.raises(FileRefused, match="变更日期"):
        recognise(_named("企业名称", "统一社会信用代码", "变更事项"), item=CATALOGUE.item("4"))
    with pytest.raises(FileRefused, match="统一社会信用代码"):
        recognise(_named("变更日期", "变更事项"), item=CATALOGUE.item("4"))


def test_added_columns_and_month_columns_are_known() -> None:
    found = recognise(
        _named("企业名称", "户号", "2025年1月", "12月用水量", "增删改标志", "数据日期", "说不清"),
        item=CATALOGUE.item("64"),
    )
    assert found.extra == {4: "op_flag", 5: "data_date"}
    assert (found.columns[2].year, found.columns[2].month, found.columns[2].sub) == (2025, 1, "amount_paid")
    assert (found.columns[3].month, found.columns[3].sub) == (12, "usage")
    assert found.unknown == ["说不清"]


def test_a_table_without_header_is_refused() -> None:
    with pytest.raises(FileRefused, match="表头"):
        recognise(_named("说明", "本表由某单位填写"))


@pytest.mark.parametrize("word", ["统一社会信用代码", "注册资本", "住所"])
def test_a_record_is_not_taken_for_the_second_line_of_a_header(word: str) -> None:
    rows: list[tuple[int, list[Cell]]] = [
        (1, ["主体代码类型", "企业名称", "统一社会信用代码", "变更事项", "变更日期"]),
        (2, [word, "甲公司", "91350100M000100Y43", "住所", "2025-01-02"]),
        (3, [word, "乙公司", "91110000600037341L", "住所", "2025-01-03"]),
    ]
    found = recognise(rows, item=CATALOGUE.item("4"))
    assert found.header_row == 1
    assert found.unknown == ["主体代码类型"]
    assert {i: c.field.name for i, c in found.columns.items()}[2] == "uscc"


@pytest.mark.parametrize(
    ("above", "unit"),
    [("单位：万元", "万元"), ("金额单位: 元", "元"), ("单位：户、万元", "万元"), ("单位：人民币亿元", "亿元"),
     ("填报单位：元和公司", ""), ("责任单位：税务局", "")],
)  # fmt: skip
def test_the_unit_above_the_table_is_that_of_its_amounts(above: str, unit: str) -> None:
    titles: list[Cell] = ["主体名称", "统一社会信用代码", "欠税所属期起", "欠税所属期止", "欠税税种", "欠税金额"]
    rows: list[tuple[int, list[Cell]]] = [(1, ["企业欠税公告信息", None, above]), (2, titles)]
    found = recognise(rows, item=CATALOGUE.item("tax.arrears"))
    assert (found.columns[5].unit, found.columns[0].unit) == (unit, "")
    # A title's own unit is nearer.
    rows[1] = (2, [*titles[:-1], "欠税金额（亿元）"])
    assert recognise(rows, item=CATALOGUE.item("tax.arrears")).columns[5].unit == "亿元"


@pytest.mark.parametrize("title", ["税额(万)", "税额（万元人民币）", "税额（人民币万元）", "税额(单位:万元)"])
def test_a_titles_unit_is_read_in_every_writing(title: str) -> None:
    assert ("税额", "万元") in {(key, unit if unit.endswith("元") else unit + "元") for key, unit in title_keys(title)}


@pytest.mark.parametrize(
    ("upper", "lower", "subs"),
    [
        (["一季度", None, "二季度"], ["1月", "3月", "4月"], ["amount_paid", "amount_paid", "amount_paid"]),
        (["用水量", None, "应缴金额(元)"], ["1月", "3月", "4月"], ["usage", "usage", "amount_due"]),
        (["1月", None, "4月"], ["用水量", "应缴金额(元)", "用水量"], ["usage", "amount_due", "usage"]),
    ],
)
def test_months_below_or_above_what_is_said_of_them_are_joined(
    upper: list[Cell], lower: list[Cell], subs: list[str]
) -> None:
    base: list[Cell] = ["单位名称", "统一社会信用代码", "户号"]
    rows: list[tuple[int, list[Cell]]] = [(1, [*base, *upper]), (2, [*base, *lower]), (3, ["甲", "x", "1", 5, 6, 7])]
    found = recognise(rows, item=CATALOGUE.item("64"))
    assert found.header_row == 2
    assert [c.sub for _, c in sorted(found.columns.items()) if c.month is not None] == subs


@pytest.mark.parametrize(
    ("titles", "below"),
    [
        # What the columns below a month are, nobody knows; nor which of two amounts a month has.
        (["1月", None, "2月", None], ["吨数", "钱数", "吨数", "钱数"]),
        (["1月", "2月", "1月", "2月"], [5, 6, 7, 8]),
    ],
)
def test_a_month_of_several_columns_is_refused(titles: list[Cell], below: list[Cell]) -> None:
    base: list[Cell] = ["单位名称", "统一社会信用代码", "户号"]
    rows: list[tuple[int, list[Cell]]] = [(1, [*base, *titles]), (2, ["甲", "x", "1", *below])]
    with pytest.raises(FileRefused, match="“1月”有几列"):
        recognise(rows, item=CATALOGUE.item("64"))
