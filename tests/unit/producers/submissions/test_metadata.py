"""What titles and names declare: whole or not, of which period, as of when; and what they only seem to declare."""

from datetime import date

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from producers.submissions.declarations import DeclaredIn, Hint, SubmissionMode
from producers.submissions.metadata import declared_date, declared_mode, declared_period

CATALOGUE = load_catalogue()
PLACES = (DeclaredIn.TITLE, DeclaredIn.FILE_NAME, DeclaredIn.SHEET)


def around(title: str = "", file_name: str = "", sheet: str = "") -> list[Hint]:
    return [Hint(text, place) for text, place in zip((title, file_name, sheet), PLACES, strict=True)]


@pytest.mark.parametrize(
    ("full", "hints", "item", "flagged", "mode", "place"),
    [
        (None, around("", "企业登记信息_2025"), "1", False, "INCREMENTAL", "CATALOGUE"),
        (None, around("", "企业登记信息", "全量"), "1", False, "FULL", "SHEET"),
        (None, around("2025年3月全量数据", "名单"), "5", False, "FULL", "TITLE"),
        (None, around("", "企业登记信息_全量"), "2", False, "FULL", "FILE_NAME"),
        (None, around("", "企业登记信息全量（2025年）"), "2", False, "FULL", "FILE_NAME"),
        (None, around("报送方式：全量"), "2", False, "FULL", "TITLE"),
        (None, around("", "全量企业登记信息"), "1", False, "FULL", "FILE_NAME"),
        (None, around("增量", "全量或增量"), "2", False, "INCREMENTAL", "TITLE"),
        (None, around("", "企业登记信息（非全量）"), "2", False, "INCREMENTAL", "FILE_NAME"),
        (None, around("说明：本表不是全量数据", "企业登记信息"), "2", False, "INCREMENTAL", "TITLE"),
        (None, around("□全量 ☑增量", "企业登记信息"), "2", False, "INCREMENTAL", "TITLE"),
        (None, around("安全量化评价企业名单", "完全量表"), "5", False, "INCREMENTAL", "CATALOGUE"),
        (None, around("新增量统计", "企业登记信息"), "2", False, "SET", "CATALOGUE"),
        (None, around("", "股东"), "2", False, "SET", "CATALOGUE"),
        (None, around("", "股东"), "2", True, "INCREMENTAL", "COLUMN"),
        (False, around("", "企业登记信息_全量"), "1", False, "INCREMENTAL", "OPTION"),
        (True, around("", "股东"), "2", True, "FULL", "OPTION"),
    ],
)
def test_a_list_is_whole_only_when_it_says_so(
    full: bool | None, hints: list[Hint], item: str, flagged: bool, mode: str, place: str
) -> None:
    declared = declared_mode(full, hints, CATALOGUE.item(item), flagged=flagged)
    assert (declared.value, declared.place) == (SubmissionMode(mode), DeclaredIn(place))


@pytest.mark.parametrize(
    "hints",
    [
        around("企业名单（全量）", "企业名单_增量"),
        around("", "企业名单_全量", "增量"),
        around("本期非增量", "企业名单"),
        around("", "名单全量咨询"),
    ],
)
def test_a_mode_that_is_contradicted_or_unclear_is_asked(hints: list[Hint]) -> None:
    with pytest.raises(FileRefused, match="--incremental") as refused:
        declared_mode(None, hints, CATALOGUE.item("5"), flagged=False)
    assert any(hint.text and hint.text in refused.value.message for hint in hints)


@pytest.mark.parametrize(
    ("hints", "period", "place"),
    [
        (around("", "用水信息_2025-03"), "2025-03", "FILE_NAME"),
        (around("用水信息2025年3月", "用水"), "2025-03", "TITLE"),
        (around("所属期：2025-01-01 至 2025-03-31", "用水_2024年"), "2025-Q1", "TITLE"),
        (around("税款所属期:2025年2月 打印日期:2025-04-01", "用水"), "2025-02", "TITLE"),
        (around("", "用水202503"), "2025-03", "FILE_NAME"),
        (around("", "用水_2025年第一季度"), "2025-Q1", "FILE_NAME"),
        (around("", "用水_2025-03名单"), "2025-03", "FILE_NAME"),
        (around("", "2025年名单"), "2025", "FILE_NAME"),
        (around("", "用水_2025-03-名单"), "2025-03", "FILE_NAME"),
        (around("", "附件1-2025年3月用水"), "2025-03", "FILE_NAME"),
        (around("", "百强与2000强名单"), None, None),
        (around("", "用水2025Q2"), "2025-Q2", "FILE_NAME"),
        (around("2025年用水情况", "用水_2025年3月"), "2025-03", "FILE_NAME"),
        (around("", "用水_2025年度", "3月"), "2025-03", "SHEET"),
        (around("", "用水_2025年", "一季度"), "2025-Q1", "SHEET"),
        (around("", "2025年1-3月用水"), "2025-Q1", "FILE_NAME"),
        (around("依据《条例》（2019年修订）、市发〔2018〕12号", "用水_2025-03"), "2025-03", "FILE_NAME"),
        # No day is a period, and least of all the day of an export.
        (around("", "用水_2025-03-31"), None, None),
        (around("", "用水_20250331"), None, None),
        (around("", "用水_导出202504"), None, None),
        (around("制表时间：2025年4月", "用水"), None, None),
        (around("", "用水2018版模板"), None, None),
        (around("", "用水", "3月"), None, None),
    ],
)
def test_a_period_is_one_that_is_written_as_such(hints: list[Hint], period: str | None, place: str | None) -> None:
    declared = declared_period(None, hints, CATALOGUE.item("64"))
    assert (declared.value, declared.place) == (period, place and DeclaredIn(place))


@pytest.mark.parametrize(
    "hints",
    [
        around("用水信息2025年3月", "用水信息_2025年2月"),
        around("", "年报_2023-2025年"),
        around("", "用水_2025年1-5月"),
        around("", "用水_2025年上半年"),
        around("", "用水_2025Q1-Q2"),
        around("", "用水_2025-01-2025-03"),
        around("", "用水_202501-202503"),
        around("2025年前三季度用水", "用水"),
        around("", "2025年第1-2季度用水"),
        around("2025年1月以来用水", "用水"),
        around("", "用水2025年至今"),
        around("2024年度年报（2025年6月）", "年报"),
    ],
)
def test_several_periods_are_asked_about_unless_each_row_has_its_own(hints: list[Hint]) -> None:
    with pytest.raises(FileRefused, match="--period"):
        declared_period(None, hints, CATALOGUE.item("64"))
    in_rows = declared_period(None, hints, CATALOGUE.item("64"), in_rows=True)
    assert (in_rows.value, in_rows.place) == (None, DeclaredIn.COLUMN)
    assert declared_period("2025-02", hints, CATALOGUE.item("64")).value == "2025-02"


@pytest.mark.parametrize(
    ("hints", "day", "place"),
    [
        (around("（样例）2025-06 数据日期：2026-06-30", "名单_2026-06-30"), "2026-06-30", "TITLE"),
        (around("数据截止日期为2025年3月31日", "名单_导出20250405"), "2025-03-31", "TITLE"),
        (around("", "名单（截至2025年3月31日）"), "2025-03-31", "FILE_NAME"),
        (around("", "名单_截至2025年3月"), "2025-03-31", "FILE_NAME"),
        (around("", "名单_截至2024年底"), "2024-12-31", "FILE_NAME"),
        (around("统计时间：2025-01-01至2025-03-31", "名单"), "2025-03-31", "TITLE"),
        (around("", "名单_2025-03-31"), "2025-03-31", "FILE_NAME"),
        (around("", "名单20250331(1)"), "2025-03-31", "FILE_NAME"),
        (around("", "2025.3.31名单"), None, None),
        (around("", "名单", "2025-03-31"), "2025-03-31", "SHEET"),
        # The day on which somebody made the file.
        (around("导出时间：2025-04-01 09:30", "名单"), None, None),
        (around("打印日期：2025-04-01", "名单"), None, None),
        (around("2025-04-01制表", "名单_导出20250401"), None, None),
        (around("", "export_名单_20250401"), None, None),
        (around("", "名单_20250401_153000"), None, None),
        (around("", "名单_20250401153000"), None, None),
        (around("", "请求 20250103-7"), None, None),
        (around("", "名单_20250101-20250331"), "2025-03-31", "FILE_NAME"),
        (around("", "名单_20250331_2"), "2025-03-31", "FILE_NAME"),
        (around("自2025-01-01起施行的名单", "名单"), None, None),
        (around("", "名单_20250231"), None, None),
    ],
)
def test_a_data_date_is_one_that_is_said_to_be(hints: list[Hint], day: str | None, place: str | None) -> None:
    declared = declared_date(None, hints)
    assert (declared.value and declared.value.isoformat(), declared.place) == (day, place and DeclaredIn(place))


@pytest.mark.parametrize("name", ["名单_截至2025-02-28", "名单_2025-02-28", "名单_20250405"])
def test_data_dates_that_contradict_each_other_are_asked_about(name: str) -> None:
    hints = around("截至2025-03-31", name)
    with pytest.raises(FileRefused, match="--data-date"):
        declared_date(None, hints)
    assert declared_date("2025-02-28", hints).value == date(2025, 2, 28)


def test_an_option_that_says_nothing_is_refused() -> None:
    for option, period in (("2025-03", "2025-03"), (" 2025年3月", "2025-03"), ("2025-Q1", "2025-Q1"), ("2025", "2025"),
                           ("2025-03-05", "2025-03-05")):  # fmt: skip
        assert declared_period(option, [], CATALOGUE.item("64")).value == period
    for option in ("上个月", "第二期", "2025-13", "2025年上半年", "2025.1", "2025-02-30", "2024 2025"):
        with pytest.raises(FileRefused):
            declared_period(option, [], CATALOGUE.item("64"))
    with pytest.raises(FileRefused):
        declared_date("31.3.2025", [])
