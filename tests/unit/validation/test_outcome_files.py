"""Files of outcomes: what is taken, and what is refused by row and column."""

from datetime import date
from pathlib import Path

import pytest

from catalogue.errors import FileRefused
from rules.rating.outcomes import OutcomeKind, OverdueOutcome
from validation.outcome_files import read_outcomes

TODAY = date(2026, 7, 1)
ONE, OTHER = "91350100M000100Y43", "91110000600037341L"
HEADER = "统一社会信用代码,观察日,后12个月最大逾期天数"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "结果.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def refused(folder: Path, *lines: str) -> str:
    with pytest.raises(FileRefused) as refusal:
        read_outcomes(written(folder, *lines), TODAY)
    return refusal.value.message


def test_rows_are_read_in_any_order_of_columns(tmp_path: Path) -> None:
    lines = (
        "观察日,统一社会信用代码, 后12个月最大逾期天数,备注",
        f"2025-06-30,{ONE},0,",
        f"2025年6月30日,{OTHER},120天,x",
    )
    found = read_outcomes(written(tmp_path, *lines), TODAY)
    assert found.outcomes == (OverdueOutcome(ONE, date(2025, 6, 30), 0), OverdueOutcome(OTHER, date(2025, 6, 30), 120))
    assert [found.count(one) for one in (OutcomeKind.GOOD, OutcomeKind.INDETERMINATE, OutcomeKind.BAD)] == [1, 0, 1]


def test_every_fault_is_told_by_row_and_column(tmp_path: Path) -> None:
    told = refused(
        tmp_path,
        HEADER,
        f"{ONE},2025-06-30,0",
        f"{ONE[:-1]}1,2025-06-31,-3",
        f"{OTHER},,很多",
        f"{OTHER},2025-07-02,1.5",
        f"{ONE},2025/6/30,90",
    )
    assert "有8处不能采用" in told
    assert "第3行A列“统一社会信用代码”：统一社会信用代码的校验码不对" in told
    assert "第3行B列“观察日”：2025年6月31日不存在" in told
    assert "第3行C列“后12个月最大逾期天数”：“-3”不是 0 至 3660 之间的整数" in told
    assert "第4行B列“观察日”：未填写" in told
    assert "第4行C列“后12个月最大逾期天数”：“很多”不是天数" in told
    assert "第5行B列“观察日”：2025-07-02 之后未满12个月" in told
    assert "第6行A列“统一社会信用代码”：与第2行是同一企业、同一观察日" in told


def test_authorities_are_not_rated(tmp_path: Path) -> None:
    assert "以 9 开头" in refused(tmp_path, HEADER, "12100000400000624D,2025-06-30,0")


def test_missing_columns_are_named(tmp_path: Path) -> None:
    told = refused(tmp_path, "统一社会信用代码,天数", f"{ONE},0")
    assert told == "“结果.csv”首行缺少列：观察日、后12个月最大逾期天数。"
    assert "没有数据" in refused(tmp_path, HEADER)
