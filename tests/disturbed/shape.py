"""Faults of the table's shape: its titles, columns, rows that are no records, and what stands around it."""

import random
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from catalogue.load import load_catalogue
from catalogue.model import FieldType, Item
from tests.disturbed.tables import UNLISTED, Draft, Line, Sheet, TableColumn, plain

_QUALIFIERS = (
    "{}(必填)",
    "{}【必填】",
    "*{}",
    "{}*",
    "{}（选填）",
    "{}(文本)",
    "{} ",
    "{}\u3000",
    "{}：",
    "（{}）",
    "{}(中文)",
)
_EXTRA_TITLES = ("序号", "经办科室", "录入人", "区县", "联系方式备注", "数据状态码")
_REMARKS = (
    "2026年7月3日导出",
    "请于7月5日前报送",
    "内部资料，注意保管",
    "填报单位（盖章）：样例局",
    "填表日期：2026-07-02",
)
_FOOTERS = (
    ("填表人：赵甲", "审核人：钱乙"), ("制表：孙丙",), ("说明：以上数据截至报送日",), ("注：空白处无数据",),
    ("以下空白",), ("填报日期：2026-07-02",), ("审核：", "复核："),
)  # fmt: skip


@cache
def _titles(item_id: str) -> Mapping[str, tuple[str, ...]]:
    """Return the other titles of an item's fields, those that only one field has."""
    item: Item = load_catalogue().item(item_id)
    owners: dict[str, set[str]] = defaultdict(set)
    for field in item.fields:
        for title in (field.zh, field.source, field.name, *field.aliases):
            owners[plain(title)].add(field.name)
    return {
        field.name: tuple(t for t in (*field.aliases, field.name) if owners[plain(t)] == {field.name})
        for field in item.fields
    }


def renamed(draft: Draft, rng: random.Random) -> bool:
    """Titles by aliases, by the list's own text, or by the ids of the list."""
    titles = _titles(draft.item.id)
    share = rng.choice((0.2, 0.6, 1.0))
    for index, column in enumerate(draft.columns):
        others = titles.get(column.name, ())
        if others and rng.random() < share:
            draft.retitled(index, rng.choice(others))
    return True


def renamed_to_ids(draft: Draft, rng: random.Random) -> bool:
    """The header of a program: the list's own ids."""
    return sum(draft.retitled(i, c.name) for i, c in enumerate(draft.columns) if c.field is not None) > 0


def qualified(draft: Draft, rng: random.Random) -> bool:
    """Marks and brackets around titles that say how to fill the column in."""
    for column in draft.columns:
        if column.field is not None and rng.random() < 0.5:
            bracket = f"{{}}({rng.choice(('18位', '不超过50字', 'yyyy-mm-dd', '非空', '唯一'))})"
            column.title = rng.choice((*_QUALIFIERS, bracket)).format(column.title)
    return True


def spelt(draft: Draft, rng: random.Random) -> bool:
    """Titles with blanks inside, in full or half width, or broken over two lines."""
    for column in draft.columns:
        way, at = rng.randrange(4), rng.randrange(len(column.title) + 1)
        if way == 0:
            column.title = f"{column.title[:at]} {column.title[at:]}"
        elif way == 1:
            column.title = unicodedata.normalize("NFKC", column.title)
        elif way == 2:
            column.title = column.title.replace("(", "（").replace(")", "）")
        elif draft.is_workbook:
            column.title = f"{column.title[:at]}\n{column.title[at:]}"
    return True


def reordered(draft: Draft, rng: random.Random) -> bool:
    """The columns in another order."""
    _rearrange(draft, rng.sample(range(len(draft.columns)), len(draft.columns)))
    return True


def columns_dropped(draft: Draft, rng: random.Random) -> bool:
    """Some optional columns are not there; now and then all."""
    share = rng.choice((0.2, 0.5, 0.8, 1.0))
    subject = draft.item.subject
    keep = {subject.uscc, subject.name, subject.person, *draft.item.reporting_period}
    kept = [
        i for i, c in enumerate(draft.columns)
        if c.field is None or c.field.required or c.name in keep or rng.random() >= share
    ]  # fmt: skip
    gone = {c.name for i, c in enumerate(draft.columns) if i not in kept}
    _rearrange(draft, kept)
    for line in draft.records:
        line.truth = {name: None if name in gone else value for name, value in (line.truth or {}).items()}
    return True


def column_added(draft: Draft, rng: random.Random) -> bool:
    """A column that the list does not have, or one without a title."""
    for title in rng.sample((*_EXTRA_TITLES, ""), rng.randrange(1, 4)):
        if any(plain(title) == plain(c.title) for c in draft.columns):
            continue
        at = 0 if title == "序号" else rng.randrange(len(draft.columns) + 1)
        draft.columns.insert(at, TableColumn(UNLISTED, title))
        for number, line in enumerate(draft.lines, start=1):
            line.cells.insert(at, number if title == "序号" else rng.choice(("甲", "1", "已核", None)))
    return True


def numbered_codes(draft: Draft, rng: random.Random) -> bool:
    """行政相对人代码_2 and _3, whose numbers mean different codes in different templates."""
    names = ["business_registration_number", "organization_code"]
    if draft.item.seq not in (52, 53):
        return False
    rng.shuffle(names)
    for number, name in enumerate(names, start=2):
        for index, column in enumerate(draft.columns):
            if column.name == name:
                draft.retitled(index, f"行政相对人代码_{number}")
    return True


def _rearrange(draft: Draft, order: list[int]) -> None:
    draft.columns = [draft.columns[i] for i in order]
    for line in draft.lines:
        line.cells = [line.cells[i] for i in order]


def totals(draft: Draft, rng: random.Random) -> bool:
    """Subtotals and a total among and behind the records."""
    for word in rng.sample(("合计", "小计", "总计", "本页小计", "合 计", "合计：", "总计（元）"), rng.randrange(1, 3)):
        cells: list[object] = [None] * len(draft.columns)
        places = [0] if rng.random() < 0.6 else draft.positions(FieldType.TEXT)[:3] or [0]
        cells[rng.choice(places)] = word
        for index in draft.positions(FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER):
            if cells[index] is None:
                cells[index] = "12345"
        _insert(draft, rng, cells, last=rng.random() < 0.5)
    return True


def total_like_a_record(draft: Draft, rng: random.Random) -> bool:
    """A subtotal of each enterprise, with its code and name: 样例公司小计."""
    record = rng.choice(draft.records)
    cells = list(record.cells)
    name = next((i for i, c in enumerate(draft.columns) if c.name == draft.item.subject.name), None)
    if name is None or draft.item.about_persons:
        return False
    cells[name] = (
        f"{(record.truth or {}).get(draft.columns[name].name)}{rng.choice(('小计', '合计', ' 小计', '（合计）'))}"
    )
    for index in draft.positions(FieldType.DATE, FieldType.CODE):
        if (field := draft.columns[index].field) is not None and not field.required:
            cells[index] = None
    draft.lines.insert(draft.lines.index(record) + 1, Line(cells))
    return True


def sample_row(draft: Draft, rng: random.Random) -> bool:
    """The template's sample stands above the records."""
    cells = list(rng.choice(draft.records).cells)
    name = next((i for i, c in enumerate(draft.columns) if c.name == draft.item.subject.name), 0)
    if rng.random() < 0.5:
        cells[0] = rng.choice(("示例", "例：", "（示例）", "填写示例"))
    else:
        cells[name] = rng.choice(("示例", "示例：某某公司", "例如：样例公司"))
    draft.lines.insert(0, Line(cells))
    return True


def footer(draft: Draft, rng: random.Random) -> bool:
    """Who filled the table in, who checked it, and a remark."""
    for texts in rng.sample(_FOOTERS, rng.randrange(1, 3)):
        cells: list[object] = [None] * len(draft.columns)
        for number, text in enumerate(texts[: len(cells)]):
            cells[min(number * 2, len(cells) - 1)] = text
        draft.lines.append(Line(cells))
    return True


def header_again(draft: Draft, rng: random.Random) -> bool:
    """The header of the next page."""
    _insert(draft, rng, [c.title for c in draft.columns], last=False)
    return True


def blank_rows(draft: Draft, rng: random.Random) -> bool:
    """Rows of nothing."""
    for _ in range(rng.randrange(1, 4)):
        _insert(draft, rng, [None] * len(draft.columns), last=rng.random() < 0.3)
    return True


def filling_row(draft: Draft, rng: random.Random) -> bool:
    """A row below the header that says what must be filled in."""
    cells: list[object] = [("必填" if c.field and c.field.required else "选填") for c in draft.columns]
    draft.lines.insert(0, Line(cells))
    return True


def _insert(draft: Draft, rng: random.Random, cells: list[object], *, last: bool) -> None:
    draft.lines.insert(len(draft.lines) if last else rng.randrange(len(draft.lines) + 1), Line(cells))


def cover(draft: Draft, rng: random.Random) -> bool:
    """A title and remarks above the table."""
    draft.above.insert(0, [rng.choice((f"{draft.item.zh}统计表", f"{draft.unit_zh}{draft.item.zh}", "数据报送表"))])
    for text in rng.sample(_REMARKS, rng.randrange(3)):
        draft.above.append([text] if rng.random() < 0.5 else [])
    return True


def grouped(draft: Draft, rng: random.Random) -> bool:
    """A header of two rows: groups, and the columns below them; 法定代表人 | 姓名, 证件号码."""
    if not draft.is_workbook:
        return False
    groups = ["基本信息" if i == 0 else "业务信息" if i == 2 else "" for i in range(len(draft.columns))]
    representative = {"legal_rep_name": "姓名", "legal_rep_id_type": "证件类型", "legal_rep_id_number": "证件号码"}
    positions = [i for i, c in enumerate(draft.columns) if c.name in representative]
    if len(positions) > 1 and positions == list(range(positions[0], positions[-1] + 1)):
        groups[positions[0]] = "法定代表人"
        if positions[-1] + 1 < len(groups):
            groups[positions[-1] + 1] = "其他信息"
        for index in positions:
            draft.columns[index].title = representative[draft.columns[index].name]
    draft.groups = groups
    return True


def other_sheets(draft: Draft, rng: random.Random) -> bool:
    """A cover, a summary and notes beside the table, and the table in two parts."""
    if not draft.is_workbook:
        return False
    name = next((c.title for c in draft.columns if c.name == draft.item.subject.name), "名称")
    choices = [
        Sheet("封面", [["数据报送"], [], ["报送单位", draft.unit_zh], ["报送日期", "2026-07-02"]]),
        Sheet("汇总", [["区县", "户数", "金额"], ["样例区", 12, 3456], ["合计", 12, 3456]], behind=True),
        Sheet("汇总表", [["指标", "本期"], ["总户数", len(draft.records)]], behind=True),
        Sheet("填表说明", [["1. 请如实填写"], ["2. 金额按表头单位"]]),
        Sheet("目录", [["序号", "表名"], [1, draft.item.zh]]),
        Sheet("字典", [["代码", "含义"], ["1", name]], behind=True),
    ]
    draft.sheets += rng.sample(choices, rng.randrange(1, 4))
    if len(draft.lines) > 3 and rng.random() < 0.5:
        draft.sheet_names = ["第一批", "第二批"]
    return True


TITLES = (columns_dropped, renamed, renamed_to_ids, reordered, numbered_codes, column_added)
SPELLINGS = (qualified, spelt)
ROWS = (total_like_a_record, totals, blank_rows, header_again, footer, filling_row, sample_row)
AROUND = (cover, grouped, other_sheets)
