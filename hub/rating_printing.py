"""Ratings and their models as lines and tables, in Chinese, for people at a terminal."""

from collections.abc import Iterable
from datetime import timedelta

from rich.console import Console

from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from hub.printing import grid, print_indicator
from hub.reference_printing import BASIS, standing_text
from queries.rating_view import RatingExplanation, SubjectRatings
from queries.ratings import KeptRating, RatingCoverage, RatingReason, WaitingRating
from queries.values import clock
from rules.rating.grades import GRADES, MOST_POINTS, UNRATED
from rules.rating.reviews import EntryKind
from rules.rating.schedule import ModelVersion, Role, Running

APPEAL_ANSWERED_WITHIN = timedelta(days=20)
"""征信业管理条例 25, adopted as a ceiling."""
_ROLES = {Role.RULING: "正式", Role.SHADOW: "试算"}


def print_ratings(console: Console, found: SubjectRatings, catalogue: Catalogue) -> None:
    """Print what the ruling model says of an enterprise, with its reasons, and what the others say beside it."""
    console.print(f"{found.subject_name or ''}  {found.subject}".strip(), style="bold", markup=False, highlight=False)
    rating = found.ruling
    if rating is None:
        console.print("没有正式模型的信用评价（`credithub rating models` 列出各模型）", highlight=False)
    else:
        _print_rating(console, found, rating, catalogue)
    for shadow in found.ratings:
        if not shadow.rules:
            console.print(
                f"试算 {_model_name(found, shadow)}：{shadow.grade}，{shadow.score} 分", markup=False, highlight=False
            )
            if (standing := found.standings.get(shadow.model)) is not None:
                console.print(f"  {standing_text(standing)}", markup=False, highlight=False, soft_wrap=True)
    for one in found.entries:
        entry, at = one.entry, one.at.astimezone(SHANGHAI)
        if entry.kind is EntryKind.REVIEW:
            text = f"复核 {entry.number}：{entry.proposed} → {entry.grade}，有效至 {entry.until.isoformat()}"
        else:
            text = f"申诉 {entry.number}：应于 {(at + APPEAL_ANSWERED_WITHIN):%Y-%m-%d} 前答复"
        console.print(f"{text}；{one.by}，{at:%Y-%m-%d}：{one.reason}", markup=False, highlight=False)


def _print_rating(console: Console, found: SubjectRatings, rating: KeptRating, catalogue: Catalogue) -> None:
    model = found.models.get(rating.model_hash)
    segment = next((one.zh for one in model.segments if one.id == rating.segment), "") if model else ""
    score = "" if rating.grade == UNRATED else f"，{rating.score} 分（满分 {MOST_POINTS}）"
    text = f"信用评价：{rating.grade}{score}，{_model_name(found, rating)}"
    console.print(text, style="bold", markup=False, highlight=False)
    day, known = rating.as_of.isoformat(), f"{rating.coverage / 10:.1f}%"
    since = f"{day} 当日，由现有记录计算" if found.is_computed else f"{day} 起，第 {rating.sequence} 次变动"
    console.print(f"{since}；分段 {segment or rating.segment}；已知信息占 {known}", markup=False, highlight=False)
    if rating.waits_for:
        text = f"待人工复核：模型拟评“{rating.proposed}”，复核前不作为评价结果（`credithub rating review`）"
        console.print(text, style="yellow", highlight=False)
    elif rating.review:
        console.print(f"等级由第 {rating.review} 号复核决定，模型拟评“{rating.proposed}”", highlight=False)
    if rating.appeal:
        console.print(f"第 {rating.appeal} 号申诉尚未答复", style="yellow", highlight=False)
    for veto in rating.vetoes:
        console.print(f"限制等级：{veto['text']}", style="red", markup=False, highlight=False)
    if (standing := found.standings.get(rating.model)) is not None:
        console.print(standing_text(standing), markup=False, highlight=False, soft_wrap=True)
    _print_reasons(console, "扣分", rating.lowered)
    _print_reasons(console, "可得", rating.raises)
    if rating.missing:
        names = "、".join(catalogue.item(name).zh for name in rating.missing)
        console.print(f"缺少信息：{names}", markup=False, highlight=False, soft_wrap=True)


def _print_reasons(console: Console, title: str, reasons: Iterable[RatingReason]) -> None:
    table = grid(title, "指标", "说明", right=(title,))
    for reason in reasons:
        table.add_row(str(reason.points), reason.band, reason.text)
    if table.row_count:
        console.print(table)


def print_explained_rating(console: Console, explained: RatingExplanation, catalogue: Catalogue) -> None:
    """Print a rating, then each indicator behind it with the records that it counts."""
    print_ratings(console, explained.ratings, catalogue)
    for indicator in explained.indicators:
        console.print()
        print_indicator(console, indicator)


def print_versions(console: Console, versions: Iterable[ModelVersion], running: Iterable[Running]) -> None:
    """Print the versions that were published, and which of them run."""
    runs = {one.version.number: "正式" if one.rules else "试算" for one in running}
    table = grid("版次", "模型", "发布为", "生效日", "现在", "批准人", "内容", right=("版次",))
    for one in versions:
        table.add_row(
            str(one.number), one.model, _ROLES[one.role], one.since.isoformat(), runs.get(one.number, ""),
            "、".join(one.approved_by), one.hash[:12],
        )  # fmt: skip
    console.print(table if table.row_count else "没有发布过模型：`credithub prepare`", highlight=False)


def print_coverage(console: Console, coverage: RatingCoverage) -> None:
    """Print how many are rated, and why the others are not."""
    table = grid("", "户数", right=("户数",))
    table.add_row("登记在册", f"{coverage.registered:,}")
    table.add_row("已评价", f"{coverage.rated:,}")
    for grade in GRADES:
        table.add_row(f"  {grade}", f"{coverage.grades.get(grade, 0):,}")
    table.add_row("待观察：已知信息不足", f"{coverage.watched:,}")
    table.add_row("已注销，不评价", f"{coverage.deregistered:,}")
    table.add_row("待人工复核", f"{coverage.waiting:,}")
    table.add_row("机关、事业单位等，不评价", f"{coverage.no_enterprises:,}")
    table.add_row("差额", f"{coverage.difference:,}")
    console.print(table)


def print_waiting(console: Console, waiting: Iterable[WaitingRating]) -> None:
    """Print which ratings wait for a person."""
    table = grid("统一社会信用代码", "模型", "等级", "拟评", "待办", "自")
    for one in waiting:
        what = "复核" if one.waits_for else ""
        if one.appeal:
            what = f"{what} 答复第 {one.appeal} 号申诉".strip()
        table.add_row(one.subject, one.model, one.grade, one.proposed, what, one.as_of.isoformat())
    console.print(table if table.row_count else "没有待办", highlight=False)


def _model_name(found: SubjectRatings, rating: KeptRating) -> str:
    model = found.models.get(rating.model_hash)
    if model is None:
        return rating.model
    return f"{model.zh}，依据{BASIS[model.basis]}，{clock(rating.changed_at)}"
