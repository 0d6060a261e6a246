"""Lists as lines and tables, in Chinese, for people at a terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from hub.printing import grid
from queries.list_view import ListCounts, ListForecast, SubjectList, SubjectLists
from queries.lists import KeptMembership
from rules.lists.definition import ListDefinition, ListKind
from rules.lists.membership import (
    BETWEEN,
    CLEARING,
    DAYS,
    GRADE,
    LITTLE_KNOWN,
    NO_RATING,
    REVIEW_PENDING,
    SCORE,
    VETO,
    Status,
)
from rules.rating.grades import GRADES
from rules.rating.model import Basis

_BASIS = {Basis.PUBLIC: "公开信息", Basis.AUTHORISED: "授权信息，未经授权不告知"}
_REASONS = {
    NO_RATING: "没有可依据的信用评价",
    REVIEW_PENDING: "评价待人工复核",
    LITTLE_KNOWN: "已知信息不足（待观察）",
    SCORE: "分数未达到",
    GRADE: "等级未达到",
    DAYS: "已达到条件，天数未满",
    BETWEEN: "信号已消除，尚未恢复到退出线",
    CLEARING: "已恢复，观察天数未满",
}
_WARNED = {SCORE: "分数低于下限", GRADE: "评价等级过低"}
_NAMED = 3


def print_counts(console: Console, counts: Iterable[ListCounts]) -> None:
    """Print how many stand where on each list, and the most frequent reasons of those who are not on it."""
    table = grid("名单", "", "依据", "在册", "等待", "未列入", "未列入的主要原因", right=("在册", "等待", "未列入"))
    for one in counts:
        definition = one.definition
        why = "，".join(f"{_reason(code, {})} {count:,}" for code, count in [*one.reasons.items()][:_NAMED])
        table.add_row(
            definition.id, definition.zh, _BASIS[definition.basis], f"{one.members:,}", f"{one.waiting:,}",
            f"{one.out:,}", why,
        )  # fmt: skip
    console.print(table)


def print_members(console: Console, definition: ListDefinition, members: Sequence[KeptMembership]) -> None:
    """Print who is on a list."""
    console.print(f"{definition.zh}（依据{_BASIS[definition.basis]}）", style="bold", markup=False, highlight=False)
    console.print(_rule_of(definition), markup=False, highlight=False, soft_wrap=True)
    warns = definition.kind is ListKind.WARNING
    table = grid("统一社会信用代码", "自", *(("原因",) if warns else ()))
    for one in members:
        table.add_row(one.subject, one.since.isoformat(), *((_reasons(one, {}),) if warns else ()))
    console.print(table if table.row_count else "没有企业在册", highlight=False)


def print_subject(console: Console, found: SubjectLists) -> None:
    """Print where an enterprise stands on every list."""
    console.print(f"{found.subject_name or ''}  {found.subject}".strip(), style="bold", markup=False, highlight=False)
    for one in found.lists:
        console.print()
        _print_standing(console, one, found.vetoes)


def _print_standing(console: Console, one: SubjectList, vetoes: Mapping[str, str]) -> None:
    definition, held, rating = one.definition, one.held, one.rating
    warns = definition.kind is ListKind.WARNING
    console.print(f"{definition.zh}：{_status(held)}", style="bold", markup=False, highlight=False)
    said = [f"依据{_BASIS[definition.basis]}", _rule_of(definition)]
    if rating is not None:
        said.insert(1, f"现评价 {rating.grade}，{rating.score} 分（{rating.model}）")
    if held is not None and held.reasons:
        said.append(f"原因：{_reasons(held, vetoes)}")
    if held is not None and held.due is not None:
        what = "可退出" if warns else "可进入"
        said.append(f"自 {held.counted_from} 起计天数，{held.due} 日终{what}")
    is_member = held is not None and held.status == Status.MEMBER
    if not warns and not is_member and one.points_missing:
        said.append(f"距进入线还差 {one.points_missing} 分（`credithub rating show` 列出可得分的办法）")
    for text in said:
        console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)


def print_forecast(console: Console, forecast: Iterable[ListForecast]) -> None:
    """Print what the end of this day would change."""
    table = grid(
        "名单", "", "判定模型", "日终在册", "将进入", "将退出", "等待", right=("日终在册", "将进入", "将退出", "等待")
    )
    for one in forecast:
        table.add_row(
            one.definition.id, one.definition.zh, one.model or "没有可用的模型", f"{one.members:,}", f"{one.enter:,}",
            f"{one.leave:,}", f"{one.waiting:,}",
        )  # fmt: skip
    console.print(table)


def _status(held: KeptMembership | None) -> str:
    if held is None:
        return "未列入"
    names = {Status.MEMBER: "在册", Status.WAITING: "等待进入", Status.OUT: "未列入"}
    return f"{names[Status(held.status)]}，{held.since} 起（{held.as_of} 日终判定，第 {held.sequence} 次变动）"


def _rule_of(definition: ListDefinition) -> str:
    upper, lower = (_threshold(one.score, one.grades) for one in (definition.upper, definition.lower))
    if definition.kind is ListKind.MERIT:
        return f"连续 {definition.days} 天{upper}进入；不满足{lower}或有否决情形即退出"
    return f"不满足{lower}或有否决情形即进入；连续 {definition.days} 天{upper}退出"


def _threshold(score: int, grades: Iterable[str]) -> str:
    return f"“{score} 分以上且为{'、'.join(sorted(grades, key=GRADES.index))}”"


def _reasons(held: KeptMembership, vetoes: Mapping[str, str]) -> str:
    warned = _WARNED if held.status == Status.MEMBER else {}
    return "；".join(warned.get(code) or _reason(code, vetoes) for code in held.reasons)


def _reason(code: str, vetoes: Mapping[str, str]) -> str:
    if code.startswith(VETO):
        name = code.removeprefix(VETO)
        return f"否决情形：{vetoes.get(name, name)}"
    return _REASONS[code]
