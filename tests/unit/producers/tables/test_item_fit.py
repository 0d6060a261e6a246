"""A table becomes the item that it is, or a question: never another item in silence."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from catalogue.model import Field, Item
from connectors.tables import Cell
from producers.tables.columns import TitleMatch, missing_columns
from producers.tables.headers import TableRecogniser
from producers.tables.lookalikes import ItemQuestion

CATALOGUE = load_catalogue()
RECOGNISER = TableRecogniser(CATALOGUE)
# Their headers are identical: only a name or a value tells them apart.
LOOKALIKES = {34, 35, 37, 38, 39, 60, 61}
SHARES = (0.2, 0.25, 0.35, 0.5, 0.65, 0.8, 1.0)


def _drawn(item: Item, rng: random.Random, every_alias: bool) -> list[str]:
    """Return a header of the item's own titles: all that it requires, and some of the rest."""
    always = {item.subject.uscc, item.subject.name}
    needed = [f for f in item.fields if f.required or f.name in always]
    others = [f for f in item.fields if f not in needed and not f.added]
    chosen = rng.sample(others, min(len(others), max(2, int(len(others) * rng.choice(SHARES)))))
    titles = [rng.choice([f.zh, *(f.aliases if every_alias else f.aliases[:2])]) for f in [*needed, *chosen]]
    rng.shuffle(titles)
    return titles


def _answer(titles: list[str]) -> tuple[str, list[Item]]:
    cells: list[Cell] = list(titles)
    try:
        return "is", [RECOGNISER.recognise([(1, cells)]).item]
    except ItemQuestion as question:
        return "asked", list(question.candidates)
    except FileRefused:
        return "refused", []


def _match(item: Item, titles: list[str]) -> TitleMatch:
    return RECOGNISER.matcher(item).match(titles)


def _has_all(item: Item, titles: list[str]) -> bool:
    match = _match(item, titles)
    return not missing_columns(item, match.columns) and len(match.columns) + len(match.extra) == len(titles)


@pytest.mark.parametrize(("seed", "every_alias", "draws"), [(20261128, False, 20), (15, True, 8)])
def test_no_choice_of_the_lists_own_titles_becomes_another_item(seed: int, every_alias: bool, draws: int) -> None:
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    for item in CATALOGUE.items:
        for _ in range(draws):
            titles = _drawn(item, rng, every_alias)
            if len(set(titles)) < len(titles):
                continue
            answer, items = _answer(titles)
            if answer == "is":
                assert items == [item], (item.zh, items[0].zh, titles)
                outcomes["recognised"] += 1
            else:
                assert answer == "asked", (item.zh, titles)
                assert item in items, (item.zh, titles)
                # Where another item has every column of the file as well, nobody can tell.
                alike = [other for other in CATALOGUE.items if other is not item and _has_all(other, titles)]
                outcomes["alike" if alike else "asked"] += 1
    assert outcomes["asked"] <= 0.03 * outcomes.total(), outcomes
    assert outcomes["recognised"] > 0.8 * outcomes.total(), outcomes


def test_the_item_that_has_more_of_the_file_is_preferred_however_large_it_is() -> None:
    titles = ["单位名称", "信用代码", "注销原因", "注销时间"]
    assert _answer(titles) == ("is", [CATALOGUE.item("企业注销信息")])


def test_titles_that_several_items_only_know_as_aliases_decide_nothing() -> None:
    answer, items = _answer(["名单领域", "单位名称", "认定日期", "认定单位", "退出原因"])
    assert answer == "asked"
    assert {i.seq for i in items} >= {56, 57}


@pytest.mark.parametrize("hint", ["黑名单信息_法人", "2025年黑名单信息_法人(第2批)"])
def test_a_name_around_the_table_answers_the_question(hint: str) -> None:
    cells: list[Cell] = ["名单领域", "单位名称", "认定日期", "认定单位", "退出原因"]
    assert RECOGNISER.recognise([(1, cells)], [hint]).item.seq == 57


def test_a_name_that_the_columns_contradict_is_a_question() -> None:
    penalty: list[Cell] = [f.zh for f in CATALOGUE.item("53").fields if not f.added]
    penalty += ["行政许可决定书号"]
    with pytest.raises(ItemQuestion):
        RECOGNISER.recognise([(1, penalty)], ["行政许可信息.csv"])
    # 强制执行信息 has all of these but the last one; 终结本次执行案件信息 is just these.
    ended: list[Cell] = [f.zh for f in CATALOGUE.item("46").fields]
    with pytest.raises(ItemQuestion):
        RECOGNISER.recognise([(1, ended)], ["强制执行信息.csv"])


def test_a_file_that_is_no_item_is_refused_with_the_nearest_and_what_it_lacks() -> None:
    with pytest.raises(FileRefused, match=r"最接近的是“4 企业变更信息”，但缺少必需的列：变更日期"):
        RECOGNISER.recognise([(1, ["企业名称", "统一社会信用代码", "变更事项", "变更前内容", "变更后内容"])])
    with pytest.raises(FileRefused, match=r"这些列它没有：.*食堂等级"):
        RECOGNISER.recognise(
            [
                (
                    1,
                    [
                        "企业名称",
                        "统一社会信用代码",
                        "法定代表人",
                        "食堂等级",
                        "食堂面积",
                        "用餐人数",
                        "消防评分",
                        "卫生评分",
                    ],
                )
            ]
        )


def test_an_item_that_lacks_a_required_column_is_not_replaced_by_one_that_has_fewer_of_the_files() -> None:
    cells: list[Cell] = [
        "企业名称", "统一社会信用代码", "法定代表人", "债权人", "债务人", "主债权种类", "履行债务期限自", "保证的期间",
    ]  # fmt: skip
    with pytest.raises(FileRefused, match="缺少必需的列：主债权数额"):
        RECOGNISER.recognise([(1, cells)])


def _fields_called(title: str) -> Iterator[Field]:
    for item in CATALOGUE.items:
        yield from (c.field for c in _match(item, [title]).columns.values())


def test_one_title_of_everybody_decides_nothing() -> None:
    assert len(list(_fields_called("信用代码"))) > 40
    answer, _ = _answer(["企业名称", "信用代码"])
    assert answer != "is"


def test_a_file_that_lacks_a_required_column_becomes_no_laxer_item() -> None:
    for titles, lacking in (
        (["企业名称", "统一社会信用代码", "登记机关", "承担责任方式", "股东证件类型", "评估方式"], "股东/发起人名称"),
        (["企业名称", "统一社会信用代码", "邮政编码", "电子邮箱", "从业人数", "登记机关", "年报时间"], "年报年度"),
    ):
        cells: list[Cell] = list(titles)
        with pytest.raises(FileRefused, match=lacking):
            RECOGNISER.recognise([(1, cells)])


def test_columns_that_any_table_may_have_do_not_hide_what_an_item_is_known_by() -> None:
    titles = ["序号", "企业名称", "统一社会信用代码", "近3年抽查不合格次数", "法定代表人", "登记机关", "邮政编码"]
    answer, items = _answer(titles)
    assert answer == "asked"
    assert 12 in {item.seq for item in items}
    # 状态 is an alias in many items, and the mark of none.
    answer, items = _answer(["主体名称", "统一社会信用代码", "案号", "立案时间", "代码或证件类型", "状态"])
    assert answer == "asked"
    assert {42, 43} <= {item.seq for item in items}


_COMMON = (
    "备注", "联系人", "联系电话", "创建时间", "经办人", "登记机关", "状态", "年度", "邮政编码", "地址", "法定代表人",
    "处罚机关", "类型", "数据来源",
)  # fmt: skip


@pytest.mark.parametrize("of_another", [False, True])
def test_columns_of_others_make_a_table_a_question_and_never_another_item(of_another: bool) -> None:
    rng = random.Random(6)
    for item in CATALOGUE.items:
        for _ in range(6):
            titles, wanted = _drawn(item, rng, every_alias=False), rng.choice((1, 2, 3))
            other = rng.choice([one for one in CATALOGUE.items if one is not item])
            others = (
                [rng.choice([f.zh, *f.aliases[:2]]) for f in other.fields if not f.added] if of_another else _COMMON
            )
            titles += rng.sample(others, min(len(others), wanted))
            rng.shuffle(titles)
            answer, items = _answer(titles)
            assert len(set(titles)) < len(titles) or answer != "is" or items == [item], (item.zh, items[0].zh, titles)


@pytest.mark.parametrize(
    ("titles", "candidates"),
    [
        (["认缴出资额", "股东姓名", "年度", "单位名称", "统一社会信用代码", "认缴币种", "类型", "登记机关"], {2, 8}),
        (["备注", "法定代表人", "审理程序", "案件编号", "地址", "证件号码", "企业名称", "案由"], {41, 45}),
        (["案件编号", "机构统一社会信用代码", "执行法院", "证件号码", "变更后", "立案日期", "企业名称"], {42, 46}),
    ],
)
def test_a_few_optional_columns_do_not_outweigh_the_better_part_of_a_smaller_item(
    titles: list[str], candidates: set[int]
) -> None:
    answer, items = _answer(titles)
    assert answer == "asked"
    assert candidates <= {item.seq for item in items}
