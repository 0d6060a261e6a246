"""A title is known however it is written, and its unit is read; nothing is cut off that narrows what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.titles import is_qualifier, normal, title_keys, title_parts

NAMES = ["企业名称", "统一社会信用代码", "行政处罚决定文书号", "许可截止期", "纳税总额"]
QUALIFIERS = [
    "必填", "选填", "必填项", "非必填", "18位", "中文", "全称", "文本", "yyyy-mm-dd", "格式：2025-01-01", "最多200字",
    "不可为空", "没有请填无", "C..18",
]  # fmt: skip
BRACKETS = ["（{}）", "({})", "【{}】", "[{}]", "〔{}〕", "〈{}〉"]


def _texts(title: str) -> set[str]:
    return {key for key, _ in title_keys(title)}


@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.sampled_from(QUALIFIERS), st.sampled_from(BRACKETS)), max_size=3),
    st.sampled_from(["", "*", "★ ", "※", "3.", "（2）", "二、"]),
    st.sampled_from(["", "\n", " ", "*", "："]),
)
def test_qualifiers_marks_and_numbers_are_no_part_of_a_title(
    name: str, qualifiers: list[tuple[str, str]], before: str, behind: str
) -> None:
    title = before + name + behind + "".join(bracket.format(text) for text, bracket in qualifiers)
    assert name in _texts(title)


@pytest.mark.parametrize(
    ("title", "name", "unit"),
    [
        ("注册资本（元）（必填）", "注册资本", "元"), ("注册资本(必填)(万元)", "注册资本", "万元"),
        ("注册资本/万元", "注册资本", "万元"),
        ("*注册资本，万元", "注册资本", "万元"), ("罚款金额万元", "罚款金额", "万元"),
        ("注册资本（单位：亿元）", "注册资本", "亿元"),
        ("注册资本（万元，保留两位小数）", "注册资本", "万元"),
        ("税额（人民币万元）", "税额", "万元"), ("股权比例/%", "股权比例", "%"), ("用水量（吨）", "用水量", "吨"),
    ],
)  # fmt: skip
def test_the_unit_of_a_title_is_read_wherever_it_stands(title: str, name: str, unit: str) -> None:
    assert (name, unit) in title_keys(title)


@pytest.mark.parametrize("title", ["注册资本（万元/万美元）", "注册资本（美元）", "注册资本美元", "年度", "不动产单元"])
def test_what_is_no_unit_of_ours_is_not_cut_off(title: str) -> None:
    assert {unit for _, unit in title_keys(title)} == {""}
    assert "注册资本" not in _texts(title)


@pytest.mark.parametrize("title", ["企业名称（曾用名）", "有效期至（旧）", "罚款金额（已缴）", "法定代表人（原）"])
def test_what_narrows_a_title_stays(title: str) -> None:
    assert normal(title).split("(")[0] not in _texts(title)


def test_a_title_of_parts_is_one_name_or_several_of_one_meaning() -> None:
    assert title_parts("证件号码（法定代表人）")[0] == ("法定代表人证件号码",)
    assert title_parts("法定代表人/负责人(必填)")[1] == ("法定代表人", "负责人")
    assert title_parts("统一社会信用代码（或注册号）")[1] == ("统一社会信用代码", "注册号")
    assert title_parts("企业(机构)名称")[1] == ("企业名称", "机构名称")
    assert title_parts("企业名称") == ((), ())


def test_a_cell_that_says_how_to_fill_in_is_told_from_a_value() -> None:
    assert is_qualifier("文本，必填")
    assert is_qualifier("18位")
    assert not is_qualifier("某公司")
    assert not is_qualifier("食品")


@given(st.text(max_size=200))
def test_any_text_has_keys_without_harm(text: str) -> None:
    assert all(key for key, _ in title_keys(text)[1:])
    title_parts(text)
