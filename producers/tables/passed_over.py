"""Rows among the records that are none: totals, samples, footers and the header once more.

Each row is looked at, so the look is short: its first and its name's cell, and whether any cell is a word such as
合计. Only a row that such a look stops at is read closely.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from catalogue.identifiers import is_uscc
from catalogue.titles import normal
from connectors.notes import NoteKind
from connectors.tables import Cell
from producers.tables.problems import ReasonCode, RowProblem

# Returns why a row is no record, or why nobody can tell whether it is; None for a record.
Screen = Callable[[Sequence[Cell]], NoteKind | RowProblem | None]

_TOTALS = (
    "合计",
    "小计",
    "总计",
    "累计",
    "共计",
    "总合计",
    "本页小计",
    "本页合计",
    "本月合计",
    "本年累计",
    "平均",
    "平均值",
)
_BLANKS = ("", " ", "  ", "\N{IDEOGRAPHIC SPACE}")
_TOTAL_CELLS = frozenset(
    f"{before}{blank.join(total)}{behind}"
    for total in _TOTALS
    for blank in _BLANKS
    for before, behind in (("", ""), ("", "："), ("", ":"), ("（", "）"), ("(", ")"), ("【", "】"))
)
_TOTAL = re.compile(
    r"(?:本[页月季年表期]|全[市区县年]|以上|各项?|总)?(?:合计|小计|总计|累计|共计|平均值?)(?:金额|[户家人]?数)?(?:[:：(（\d￥¥].*)?",
    re.DOTALL,
)
_NAMED_TOTAL = re.compile(r".*(?:小计|合计|总计|汇总)[)）】\]:：]?", re.DOTALL)
# What stands below a table. It is followed by a colon, or it is all that its row says.
_FOOTER = re.compile(
    r"[(（【\[]?(?:备?注(?:释|意(?:事项)?)?\d{0,2}|(?:填[表写报]|编制|使用)?说明|填[表报写](?:人|单位|日期|时间|部门)?"
    r"|制[表单](?:人|单位|日期|时间)?|审[核批](?:人|意见)?|复核人?|经办人?|报送(?:人|单位|日期)|负责人(?:签[字名章])?"
    r"|单位负责人|主管领导|分管领导|联系(?:人|电话|方式)|单位[(（]?(?:盖章|公章)[)）]?|盖章|公章|签[字名章]|日期|单位|数据来源"
    r"|(?:共|总共)\s*\d+\s*[页条行家户笔]|第\s*\d+\s*页.*|打印(?:时间|日期|人)|导出(?:时间|日期|人)|以下(?:无正文|空白))"
    r"[)）】\]]?\s*(?:[:：、.．].*|\s*)",
    re.DOTALL,
)
_SAMPLE = re.compile(
    r"[(（【\[]?(?:示例|样例|举例|填写示例|填报示例|样表|范例|例如|例)[)）】\]]?\s*\d{0,2}(?:[:：].*|\s*)", re.DOTALL
)
# It is all that the cell says, or a record's own words might be taken for it: 样例视频已删除.
_SAMPLE_REMARK = re.compile(
    r"[(（【\[*※注:：\s]*(?:[此本该]行(?:为|是)?(?:填写|填报)?[示样]例.{0,20}"
    r"|[示样]例(?:行|数据)?[,，。：:\s]?.{0,10}(?:删除|删去|勿填?|不要填).{0,6})",
    re.DOTALL,
)
_INVENTED_NAME = re.compile(r"(?:[示样范]例|例如?)[:：]|某|[Xx×*＊Ｘ]{2}")
_NUMERALS = "一二三四五六七八九十"
_SECTION = re.compile(rf"[(（]?(?:[{_NUMERALS}]{{1,3}}|\d{{1,2}})[)）]?\s*[、.．:：]\s*\D.*", re.DOTALL)
# With what any of these begins: two characters, so that few names do.
_BEGINNINGS = frozenset(
    word[:2]
    for word in (
        *_TOTAL_CELLS, "本页", "本月", "本季", "本年", "本表", "本期", "全市", "全区", "全县", "全年", "以上", "以下",
        "各项", "总合", "备注", "注：", "注:", "注1", "注释", "注意", "注", "说明", "填表", "填写", "填报", "编制",
        "使用", "制表", "制单", "审核", "审批", "复核", "经办", "报送", "负责", "单位", "主管", "分管", "联系", "盖章",
        "公章", "签字", "签名", "签章", "日期", "数据", "总共", "打印", "导出", "示例", "样例", "举例", "样表", "范例",
        "例如", "例：", "例:", "例",
    )
) | frozenset(
    f"{first}{second}"
    for firsts, seconds in (
        ("共第", " 0123456789"), ("(（【[", f"合小总累备注说填示样例{_NUMERALS}"), (_NUMERALS, "、.．：:十"),
        ("0123456789", "、"),
    )
    for first in firsts
    for second in seconds
)  # fmt: skip
_NAME_ENDS = frozenset({"小计", "合计", "总计", "汇总", "计）", "计)", "计："})


def compile_screen(titles: Mapping[int, str], name_column: int | None, texts: Sequence[int]) -> Screen:
    """Return what passes rows over, of a table with these titles by position.

    ``name_column`` is where the subject's name stands, ``texts`` are where texts and codes do: 小计 in one of them
    is a total, even where the row names a subject.
    """
    keys = frozenset(map(normal, titles.values()))
    known = frozenset(titles.values())
    columns = frozenset(texts)
    no_total, begins = _TOTAL_CELLS.isdisjoint, _BEGINNINGS

    def screen(cells: Sequence[Cell]) -> NoteKind | RowProblem | None:
        if not cells:
            return None
        first = cells[0]
        if type(first) is not str or first in known or not no_total(cells):
            return close_look(cells)
        if (first[:2] in begins or first[:1] == " ") and _says_no_record(first):
            return close_look(cells)
        if name_column == 0:
            return close_look(cells) if first[-2:] in _NAME_ENDS else None
        return close_look(cells) if name_column and _names_no_subject(cells, name_column) else None

    def close_look(cells: Sequence[Cell]) -> NoteKind | RowProblem | None:
        filled = {
            index: cell.strip() if isinstance(cell, str) else cell
            for index, cell in enumerate(cells)
            if cell is not None and not (isinstance(cell, str) and not cell.strip())
        }
        if not filled:
            return None
        if _is_header(filled, keys):
            return NoteKind.HEADER_ROWS
        texts_of_row = [cell for cell in filled.values() if isinstance(cell, str)]
        leading = next(iter(filled.values()))
        name = filled.get(name_column) if name_column is not None else None
        if any(_SAMPLE_REMARK.fullmatch(text) for text in texts_of_row):
            return NoteKind.SAMPLE_ROWS
        if isinstance(name, str) and _SAMPLE.fullmatch(name):
            return NoteKind.SAMPLE_ROWS
        if isinstance(leading, str) and _SAMPLE.fullmatch(leading):
            real = any(map(is_uscc, texts_of_row)) and not any(map(_INVENTED_NAME.search, texts_of_row[1:]))
            return _sample_or_record() if real and name is not None else NoteKind.SAMPLE_ROWS
        if _is_total(filled, leading, name):
            return NoteKind.TOTAL_ROWS
        if isinstance(leading, str) and _is_footer(leading, texts_of_row, len(filled), len(titles)):
            return NoteKind.FOOTER_ROWS
        return None

    def _is_total(filled: Mapping[int, Cell], leading: Cell, name: Cell) -> bool:
        if any(cell in _TOTAL_CELLS for index, cell in filled.items() if index in columns or cell is leading):
            return True
        if isinstance(leading, str) and _is_total_text(leading):
            return True
        return isinstance(name, str) and _NAMED_TOTAL.fullmatch("".join(name.split())) is not None

    return screen


def _sample_or_record() -> RowProblem:
    message = "这一行标着示例，却写明了企业和有效的统一社会信用代码，看不出是示例还是记录"
    remedy = "是示例请删去这一行；是记录请删去“示例”等字"
    return RowProblem("", "", ReasonCode.SAMPLE_OR_RECORD, message, remedy)


def _names_no_subject(cells: Sequence[Cell], name_column: int) -> bool:
    name = cells[name_column] if name_column < len(cells) else None
    if type(name) is not str:
        return name is None
    return name[-2:] in _NAME_ENDS or (name[:2] in _BEGINNINGS and _says_no_record(name))


def _says_no_record(text: str) -> bool:
    """Whether a cell that begins like a total, a sample or a footer is one to its end."""
    bare = text.strip()
    return any(words.fullmatch(bare) for words in (_SAMPLE, _FOOTER, _SECTION)) or _is_total_text(bare)


def _is_total_text(text: str) -> bool:
    return _TOTAL.fullmatch("".join(text.split())) is not None


def _is_header(filled: Mapping[int, Cell], keys: frozenset[str]) -> bool:
    titles = [normal(cell) for cell in filled.values() if isinstance(cell, str)]
    return len(titles) >= 2 and sum(title in keys for title in titles) > max(1, len(filled) // 2)


def _is_footer(leading: str, texts: Sequence[str], filled: int, width: int) -> bool:
    """Whether a row is a footer: it says so, and says less than a record does."""
    if filled > max(2, width // 2):
        # 填表人：张三, 审核人：李四 and 填报日期：… stand side by side.
        return filled == len(texts) and all(_FOOTER.fullmatch(text) for text in texts)
    if _FOOTER.fullmatch(leading) is not None:
        return True
    return filled == 1 and _SECTION.fullmatch(leading) is not None
