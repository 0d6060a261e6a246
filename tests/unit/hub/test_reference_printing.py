"""What is said of a rating among its like, whichever cell it is looked up in, and why nothing is said."""

from collections import Counter
from dataclasses import replace
from datetime import date

from hub.reference_printing import standing_text
from queries.references import PeerStanding
from rules.rating.model import Basis
from rules.reference.cells import ALL, cell_of, cells_of
from rules.reference.placement import PeerGroup
from rules.reference.reference import Reference

CELLS = cells_of({("F", "小型"): Counter(range(600, 640)), ("F", "微型"): Counter([700] * 5)})
REFERENCE = Reference(
    "public_v1", "aa", Basis.PUBLIC, date(2026, 11, 1), date(2026, 10, 31), "bb", 45, CELLS, {}
)  # fmt: skip


def standing(sector: str, size: str, score: int = 610, *, is_there: bool = True) -> PeerStanding:
    cell = cell_of(CELLS, sector, size)
    return PeerStanding(
        PeerGroup(sector, size, is_there), REFERENCE, cell, None if cell is None else cell.percentile(score)
    )


def test_the_cell_is_named_with_its_number_and_month() -> None:
    assert standing_text(standing("F", "小型")) == (
        "分位：高于同行业同规模（批发和零售业·小型）共 40 户中的 25%（2026 年 11 月基准）"
    )


def test_a_wider_cell_says_what_the_enterprise_is() -> None:
    assert standing_text(standing("F", "微型", 700)) == (
        "分位：高于同行业（批发和零售业）共 45 户中的 88%"
        "（2026 年 11 月基准，本企业为批发和零售业·微型，同类不足 30 户）"
    )
    assert "高于全部已评价企业共 45 户中的 22%" in standing_text(standing("C", "未划型"))
    assert "本企业为行业不详·未划型" in standing_text(standing("", "未划型"))


def test_it_is_said_why_there_is_no_percentile() -> None:
    whole = standing("F", "小型")
    assert "未登记" in standing_text(standing("F", "小型", is_there=False))
    assert "尚无基准" in standing_text(replace(whole, reference=None, cell=None, percentile=None))
    none = replace(whole, cell=None, percentile=None)
    assert "没有可比的等级" in standing_text(none)
    few = replace(REFERENCE, rated=29, cells=())
    assert "不足 30 户" in standing_text(replace(none, reference=few))
    assert cell_of((), ALL, ALL) is None
