"""What a submission says of itself as a whole: by an option, else in a phrase above its table or in a name.

A word counts only where it stands for itself: 非全量 and 安全量化 say nothing of a whole list, and the day of an
export nothing of the data. Where two places contradict each other, somebody has to say which one holds.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from catalogue.errors import FileRefused
from catalogue.model import Item, Send
from catalogue.periods import period_end
from catalogue.written_dates import data_dates, half_width_text
from catalogue.written_periods import contains, part_of_year, periods
from producers.submissions.declarations import PLACE_ZH, Declared, DeclaredIn, Hint, SubmissionMode

# The period of what is reported by the day.
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAMES = frozenset({DeclaredIn.SHEET, DeclaredIn.FILE_NAME})
_MODE_WORD = re.compile(r"(?P<not>非|不是|并非|不含|不属于|[□☐○]\s*)?(?P<word>全量|增量)")
# Other words that end or begin with the same characters: 安全量化, 完全量, 新增量.
_OTHER_WORD_BEFORE = {"全量": "安完健齐俱周保", "增量": "新猛激"}
_OTHER_WORD_BEHIND = re.compile(r"[化级具子刑力变角纲词程身体度才]")
# What may follow the word in its own sense.
_BEHIND = re.compile(
    r"$|[^\u4e00-\u9fff]|数据|信息|名单|清单|列表|表|库|更新|报送|上报|推送|同步|导[入出]|版|文件|汇总|记录|目录|归集|共享|"
    r"交换|模式|方式|样例|企业|主体|法人|个体|登记|行政|第|[一二三四五六七八九十]|或|和|与|及|及其|是|为|部分"
)


class _Said(NamedTuple):
    text: str
    place: DeclaredIn
    value: str
    outright: bool


def declared_mode(full: bool | None, hints: Sequence[Hint], item: Item, *, flagged: bool) -> Declared[SubmissionMode]:
    """Return how a table is sent; ``flagged``: it has a column 增删改标志.

    A list is whole (FULL) only when it says so. What says nothing replaces its subjects' sets where the item is sent
    so, and else adds. Raises FileRefused where places contradict each other, or a word cannot be told from another.
    """
    if full is not None:
        return Declared(SubmissionMode.FULL if full else SubmissionMode.INCREMENTAL, DeclaredIn.OPTION)
    said: list[_Said] = []
    for hint in hints:
        modes = _modes(hint, item)
        # 全量或增量 names the choice, and makes none.
        if len(modes) == 1:
            said.append(_Said(hint.text, hint.place, modes.pop(), outright=True))
    if len({each.value for each in said}) > 1:
        raise _contradiction(
            said, "报送方式", {"FULL": "全量", "INCREMENTAL": "增量"}, "--full（全量）或 --incremental（增量）"
        )
    if said:
        return Declared(SubmissionMode(said[0].value), said[0].place)
    # A table that says of each row whether it came, changed or went lists the moves, not the set.
    mode = SubmissionMode.SET if item.send is Send.SET and not flagged else SubmissionMode.INCREMENTAL
    return Declared(mode, DeclaredIn.COLUMN if flagged else DeclaredIn.CATALOGUE)


def _modes(hint: Hint, item: Item) -> set[str]:
    """Return the modes that a text names; raises FileRefused for a word that may be one and may be none."""
    plain, modes = half_width_text(hint.text), set[str]()
    for match in _MODE_WORD.finditer(plain):
        word, negation = match["word"], (match["not"] or "").strip()
        before, behind = plain[: match.start("word")][-1:], plain[match.end() :]
        if negation in {"□", "☐", "○"} or (before and before in _OTHER_WORD_BEFORE[word]):
            continue
        if not negation and _OTHER_WORD_BEHIND.match(behind):
            continue
        if negation and word == "全量":
            modes.add("INCREMENTAL")
        elif not negation and (_BEHIND.match(behind) or behind.startswith(item.zh[:2])):
            modes.add("FULL" if word == "全量" else "INCREMENTAL")
        else:
            raise FileRefused(
                f"{PLACE_ZH[hint.place]}“{_cut(hint.text)}”里的“{word}”，看不出是不是说这份表的报送方式。",
                remedy="请用 --full（全量）或 --incremental（增量）指明。",
            )
    return modes


def declared_period(
    option: str | None, hints: Sequence[Hint], item: Item, *, in_rows: bool = False
) -> Declared[str | None]:
    """Return the period of a submission: --period, else the one that title and names write, where the item has one.

    ``in_rows``: each row says its own, and the declared one holds for those that do not. Raises FileRefused for an
    option that writes no period, and for several periods of which none is told to be the one.
    """
    if option:
        period = _period_of_option(option)
        if period is None:
            raise FileRefused(f"看不懂所属期“{option}”。", remedy="请写作 2025、2025-03 或 2025-Q1。")
        return Declared(period, DeclaredIn.OPTION)
    nothing: Declared[str | None] = Declared(None, DeclaredIn.COLUMN if in_rows else None)
    if not (item.period_declared or item.reporting_period):
        return Declared(None, None)
    said = [_Said(hint.text, hint.place, *written) for hint in hints for written in periods(hint.text)]
    said = [each for each in said if each.outright] or said
    finest = max((each.value for each in said), key=len, default="")
    if not said:
        return nothing
    if not all(each.value and contains(each.value, finest) for each in said):
        if in_rows:
            return nothing
        raise _contradiction(said, "所属期", {"": "不成一期的几个月或几年"}, "--period")
    place = next(each.place for each in said if each.value == finest)
    if len(finest) == len("2025"):
        # Sheets 1月, 2月 … of a workbook that is named after the year.
        parts = {part for hint in hints if hint.place is DeclaredIn.SHEET and (part := part_of_year(hint.text))}
        if len(parts) == 1:
            return Declared(finest + parts.pop(), DeclaredIn.SHEET)
    return Declared(finest, place)


def declared_date(option: str | None, hints: Sequence[Hint], *, in_rows: bool = False) -> Declared[date | None]:
    """Return the data date of a submission: --data-date, else what a phrase or a name gives as that.

    Raises FileRefused for an option that is no date, and for several dates: a name with another date than the phrase
    above the table may be of last month's table, or of a new one under last month's title.
    """
    if option:
        try:
            return Declared(date.fromisoformat(option), DeclaredIn.OPTION)
        except ValueError as exc:
            raise FileRefused(f"看不懂数据日期“{option}”。", remedy="请写作 2025-03-31。") from exc
    said = [
        _Said(hint.text, hint.place, written.day.isoformat(), written.outright)
        for hint in hints
        for written in data_dates(hint.text, is_name=hint.place in _NAMES)
    ]
    if any(each.outright for each in said):
        said = [each for each in said if each.outright or each.place in _NAMES]
    if len({each.value for each in said}) > 1:
        raise _contradiction(said, "数据日期", {}, "--data-date")
    if said:
        return Declared(date.fromisoformat(said[0].value), said[0].place)
    return Declared(None, DeclaredIn.COLUMN if in_rows else None)


def _contradiction(said: Sequence[_Said], what: str, words: dict[str, str], option: str) -> FileRefused:
    sayings = dict.fromkeys(
        f"{PLACE_ZH[each.place]}“{_cut(each.text)}”写的是{words.get(each.value, each.value)}" for each in said
    )
    return FileRefused(f"{what}说法不一：{'；'.join(sayings)}。", remedy=f"请核对后用 {option} 指明。")


def _period_of_option(option: str) -> str | None:
    own = option.strip()
    written = {own} if _DAY.fullmatch(own) else {period for period, _ in periods(own)}
    if len(written) != 1:
        return None
    period = written.pop()
    try:
        period_end(period)
    except ValueError:
        return None
    return period


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
