"""Totals, samples, footers and repeated headers are no records; names that only begin like them are."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.notes import NoteKind
from connectors.tables import Cell
from producers.tables.passed_over import compile_screen
from producers.tables.problems import ReasonCode, RowProblem

TITLES = ("序号", "企业名称", "统一社会信用代码", "税种", "税额(元)", "年度", "备注")
SCREEN = compile_screen(dict(enumerate(TITLES)), 1, [1, 2, 3, 6])
CODE = "91350100M000100Y43"


def row(name: str | None, tax: str | None = "增值税", first: Cell = "1", remark: str | None = None) -> list[Cell]:
    return [first, name, CODE, tax, "100", "2025", remark]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (row("样例公司小计", "小计"), NoteKind.TOTAL_ROWS),
        (row("样例公司", "合 计"), NoteKind.TOTAL_ROWS),
        (row("样例公司合计"), NoteKind.TOTAL_ROWS),
        (row("样例公司", first="总计"), NoteKind.TOTAL_ROWS),
        ([None, "合计：", None, None, 200.0, None, None], NoteKind.TOTAL_ROWS),
        ([None, None, None, "本年累计", 200.0, None, None], NoteKind.TOTAL_ROWS),
        (["合计金额：200元"], NoteKind.TOTAL_ROWS),
        (row("示例：某公司"), NoteKind.SAMPLE_ROWS),
        (row("某公司", first="例"), NoteKind.SAMPLE_ROWS),
        (row("某公司", first="示例", remark="此行为示例，填报时请删除"), NoteKind.SAMPLE_ROWS),
        (["填表人：张三", None, "审核人：李四", None, "填报日期：2025-04-01", None, None], NoteKind.FOOTER_ROWS),
        (["注：1.本表按月报送"], NoteKind.FOOTER_ROWS),
        (["说明：金额单位为元", None, None, None, None, None, None], NoteKind.FOOTER_ROWS),
        (["（一）、续表"], NoteKind.FOOTER_ROWS),
        (["共 3 条"], NoteKind.FOOTER_ROWS),
        (["单位（盖章）："], NoteKind.FOOTER_ROWS),
        (list(TITLES), NoteKind.HEADER_ROWS),
        (["企业名称", "序号", "税种", "统一社会信用代码", "税额（元）", None, None], NoteKind.HEADER_ROWS),
    ],
)
def test_what_is_no_record_is_named(cells: Sequence[Cell], kind: NoteKind) -> None:
    assert SCREEN(cells) is kind


@pytest.mark.parametrize(
    "name", ["合肥样例公司", "小计数器有限公司", "总计算机公司", "注释网络公司", "单位信用公司", "例外公司",
             "说明书印刷厂",
             "（香港）样例公司", "审核咨询公司", "共青样例公司", "第一样例公司", "合计算公司"],
)  # fmt: skip
def test_a_name_that_begins_like_one_is_a_record(name: str) -> None:
    assert SCREEN(row(name)) is None
    assert SCREEN(row(name, first=name)) is None
    by_name = compile_screen(dict(enumerate(TITLES[1:])), 0, [0, 1, 2])
    assert by_name(row(name)[1:]) is None


def test_a_row_that_is_marked_as_a_sample_and_names_an_enterprise_is_a_question() -> None:
    for first in ("样例1", "示例", "例："):
        answer = SCREEN(row("西宁样例商贸有限公司", first=first))
        assert isinstance(answer, RowProblem)
        assert answer.code is ReasonCode.SAMPLE_OR_RECORD
    # Its own remark says it outright; without a valid code nothing speaks for a record.
    remark = "本行为填写示例，请勿删除"
    assert SCREEN(row("西宁样例商贸有限公司", first="示例", remark=remark)) is NoteKind.SAMPLE_ROWS
    assert SCREEN(["示例", "样例公司", "91", "增值税", "100", "2025", None]) is NoteKind.SAMPLE_ROWS


@pytest.mark.parametrize(
    "remark", ["样例", "样例1", "样例视频已按要求整改并删除全部侵权内容，不予处罚", "基本行为样例"]
)
def test_a_remark_that_speaks_of_samples_is_a_records(remark: str) -> None:
    assert SCREEN(row("西宁样例商贸有限公司", remark=remark)) is None


@given(st.lists(st.one_of(st.none(), st.text(max_size=6), st.floats(allow_nan=False)), max_size=9))
def test_every_row_gets_an_answer(cells: list[Cell]) -> None:
    SCREEN(cells)
