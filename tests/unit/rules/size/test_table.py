"""企业规模 by the table of 国统字〔2017〕213号: its rows, its borders, and what is said where a figure is missing."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import CatalogueError
from rules.size.industry import section_names
from rules.size.table import FILE, SIZES, UNSIZED, SizedIndustry, load_size_table

TABLE = load_size_table()
# A second time, as the notice prints it: persons, and amounts of ten thousand yuan.
PRINTED = {
    "农、林、牧、渔业": ("0111", {"revenue": (20000, 500, 50)}),
    "工业": ("1311", {"employees": (1000, 300, 20), "revenue": (40000, 2000, 300)}),
    "建筑业": ("4710", {"revenue": (80000, 6000, 300), "assets": (80000, 5000, 300)}),
    "批发业": ("5199", {"employees": (200, 20, 5), "revenue": (40000, 5000, 1000)}),
    "零售业": ("5211", {"employees": (300, 50, 10), "revenue": (20000, 500, 100)}),
    "交通运输业": ("5430", {"employees": (1000, 300, 20), "revenue": (30000, 3000, 200)}),
    "仓储业": ("5920", {"employees": (200, 100, 20), "revenue": (30000, 1000, 100)}),
    "邮政业": ("6020", {"employees": (1000, 300, 20), "revenue": (30000, 2000, 100)}),
    "住宿业": ("6110", {"employees": (300, 100, 10), "revenue": (10000, 2000, 100)}),
    "餐饮业": ("6210", {"employees": (300, 100, 10), "revenue": (10000, 2000, 100)}),
    "信息传输业": ("6420", {"employees": (2000, 100, 10), "revenue": (100000, 1000, 100)}),
    "软件和信息技术服务业": ("6513", {"employees": (300, 100, 10), "revenue": (10000, 1000, 50)}),
    "房地产开发经营": ("7010", {"revenue": (200000, 1000, 100), "assets": (10000, 5000, 2000)}),
    "物业管理": ("7020", {"employees": (1000, 300, 100), "revenue": (5000, 1000, 500)}),
    "租赁和商务服务业": ("7211", {"employees": (300, 100, 10), "assets": (120000, 8000, 100)}),
    "其他未列明行业": ("7481", {"employees": (300, 100, 10)}),
}
INDUSTRIES = st.sampled_from(TABLE.industries)
AMOUNTS = st.decimals(0, 3_000_000_000, places=2)


def yuan(figures: dict[str, Decimal | int]) -> dict[str, Decimal | int | None]:
    """Return amounts of ten thousand yuan in yuan."""
    return {name: value if name == "employees" else value * 10_000 for name, value in figures.items()}


def of(zh: str) -> SizedIndustry:
    found = TABLE.industry(PRINTED[zh][0])
    assert found is not None
    assert found.zh == zh
    return found


def test_the_table_is_as_it_is_printed() -> None:
    assert {one.zh for one in TABLE.industries} == {*PRINTED}
    for zh, (_, limits) in PRINTED.items():
        assert of(zh).limits == {name: tuple(yuan({name: one})[name] for one in own) for name, own in limits.items()}


@pytest.mark.parametrize("zh", PRINTED)
def test_a_lower_limit_is_of_its_class_and_what_is_below_in_any_figure_of_the_next(zh: str) -> None:
    limits = PRINTED[zh][1]
    for place, size in enumerate(SIZES[:-1]):
        exact: dict[str, Decimal | int] = {name: own[place] for name, own in limits.items()}
        assert of(zh).size(yuan(exact)) == size
        for name in limits:
            below = 1 if name == "employees" else Decimal("0.000001")
            assert of(zh).size(yuan(exact | {name: exact[name] - below})) == SIZES[place + 1]


def test_the_largest_class_counts_whose_limits_are_all_met() -> None:
    # A thousand people, and little revenue: 大型 by one figure, and 微型 by the other.
    assert of("工业").size(yuan({"employees": 5000, "revenue": 299})) == "微型"
    assert of("工业").size(yuan({"employees": 5000, "revenue": 300})) == "小型"
    assert of("房地产开发经营").size(yuan({"revenue": 200000, "assets": 5000})) == "中型"


def test_where_a_figure_is_missing_only_a_micro_one_is_sized() -> None:
    assert of("工业").size({"employees": 19, "revenue": None}) == "微型"
    assert of("工业").size({"employees": 20}) == UNSIZED
    assert of("工业").size({"employees": 100_000}) == UNSIZED
    assert of("工业").size({}) == UNSIZED
    # What the industry does not ask for may be missing.
    assert of("其他未列明行业").size({"employees": 300, "revenue": None}) == "大型"


@given(INDUSTRIES, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_more_never_makes_smaller(
    industry: SizedIndustry, employees: Decimal, revenue: Decimal, assets: Decimal, more: Decimal
) -> None:
    figures = {"employees": employees, "revenue": revenue, "assets": assets}
    before = SIZES.index(industry.size(figures))
    for name in figures:
        assert SIZES.index(industry.size(figures | {name: figures[name] + more})) <= before


@given(INDUSTRIES, AMOUNTS, AMOUNTS, AMOUNTS, st.sets(st.sampled_from(["employees", "revenue", "assets"])))
def test_what_is_missing_changes_no_answer_but_to_none(
    industry: SizedIndustry, employees: Decimal, revenue: Decimal, assets: Decimal, lost: set[str]
) -> None:
    figures = {"employees": employees, "revenue": revenue, "assets": assets}
    some = {name: value for name, value in figures.items() if name not in lost}
    assert industry.size(some) in (UNSIZED, industry.size(figures))


@pytest.mark.parametrize(
    ("digits", "zh"),
    [
        ("53", None), ("5310", None), ("59", None), ("5910", "交通运输业"), ("5990", "仓储业"), ("58", "交通运输业"),
        ("70", None), ("7030", "其他未列明行业"), ("7040", None), ("7090", "其他未列明行业"), ("66", None),
        ("83", None), ("84", None), ("8510", "其他未列明行业"), ("90", "其他未列明行业"), ("91", None), ("", None),
        ("46", "工业"), ("47", "建筑业"), ("05", "农、林、牧、渔业"), ("06", "工业"),
        ("97", None), ("63", "信息传输业"),
    ],
)  # fmt: skip
def test_a_code_is_of_the_industry_that_the_notice_names(digits: str, zh: str | None) -> None:
    found = TABLE.industry(digits)
    assert (None if found is None else found.zh) == zh


def test_sections_are_those_of_the_standard() -> None:
    assert "".join(section_names()) == "ABCDEFGHIJKLMNOPQRST"


@pytest.mark.parametrize(
    ("was", "now", "problem"),
    [
        ('codes: ["51"]', 'codes: ["52"]', "52 is of 批发业 already"),
        ("employees: [200, 20, 5]", "employees: [20, 200, 5]", "employees has no limits"),
        ("revenue_fields: [total_revenue]", "revenue_fields: [total_tax]", "total_tax is no revenue"),
        ('codes: ["60"]', 'codes: ["6"]', "6 is no division"),
        ("zh: 邮政业, ", "zh: 邮政业, profit: [1], ", "there is no profit"),
    ],
)
def test_a_wrong_table_is_refused_with_file_and_line(tmp_path: Path, was: str, now: str, problem: str) -> None:
    text = FILE.read_text("utf-8")
    assert was in text
    file = tmp_path / "sizes.yaml"
    file.write_text(text.replace(was, now), "utf-8")
    with pytest.raises(CatalogueError, match=f"sizes.yaml, line [0-9]+: .*{problem}"):
        load_size_table(file)
