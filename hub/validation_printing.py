"""What outcomes, fits and the monitoring say, as lines and tables in Chinese."""

from collections.abc import Sequence
from pathlib import Path

from hub.printing import grid, terminal
from rules.rating.grades import ALL_GRADES
from rules.rating.measures import Discrimination
from rules.rating.outcomes import OutcomeKind
from validation.fitting import Fit
from validation.monitoring import Counted, Monitoring
from validation.outcome_files import OutcomeFile

_STABLE, _MOVED = 0.1, 0.25


def print_outcomes(found: OutcomeFile) -> None:
    """Print what a file of outcomes holds."""
    days = sorted({one.day for one in found.outcomes})
    subjects = len({one.subject for one in found.outcomes})
    console = terminal()
    console.print(
        f"“{found.name}”可以采用：{subjects:,} 个主体，{len(found.outcomes):,} 行，观察日 {len(days)} 个"
        f"（{days[0].isoformat()} 至 {days[-1].isoformat()}）",
        highlight=False,
    )
    counts = {
        "坏（逾期90天以上）": OutcomeKind.BAD,
        "不定（30—89天，不用于拟合）": OutcomeKind.INDETERMINATE,
        "好": OutcomeKind.GOOD,
    }
    console.print("，".join(f"{zh} {found.count(kind):,}" for zh, kind in counts.items()), highlight=False)


def print_fit(found: Fit, path: Path) -> None:
    """Print what was fitted, and where it was written."""
    console = terminal()
    table = grid("指标", "最高分", "系数", "档数", right=("最高分", "系数", "档数"))
    for card in sorted(found.model.cards, key=lambda one: -max(max(points) for points in one.points.values())):
        most = max(max(points) for points in card.points.values())
        table.add_row(card.zh, str(most), f"{found.coefficients[card.indicator]:.2f}", str(len(card.limits) + 1))
    console.print(table)
    if found.left_out:
        console.print(f"未入选（单独或与其他指标一起不能区分好坏）：{'、'.join(found.left_out)}", highlight=False)
    console.print(f"坏样本 {found.bad:,}，好样本 {found.good:,}；已写入 {path}", highlight=False, soft_wrap=True)


def print_monitoring(found: Monitoring) -> None:
    """Print the figures of a model."""
    console = terminal()
    told = "稳定" if found.stability < _STABLE else "有变化" if found.stability < _MOVED else "明显变化，应重新校准"
    console.print(
        f"{found.model}：{found.day.isoformat()} 与基准日 {found.reference.isoformat()}，有评价 {found.rated:,} 户；"
        f"PSI {found.stability:.3f}（{told}）",
        highlight=False,
    )
    if found.discrimination is None:
        console.print("没有可用的结果（好坏都要有），不能计算 AUC、KS", highlight=False)
    else:
        console.print(f"AUC {_auc(found.discrimination)}，KS {found.discrimination.ks:.3f}", highlight=False)
    if found.indeterminate or found.unrated:
        console.print(f"未计入：不定 {found.indeterminate:,}，观察日没有评价 {found.unrated:,}", highlight=False)
    _print_counted("等级", found.grades)
    table = grid("分数段", "基准坏账率", "实际坏账率", "好", "坏", right=("基准坏账率", "实际坏账率", "好", "坏"))
    for band in found.calibration:
        one = band.observed
        table.add_row(band.name, _rate(band.expected), _rate(one.bad_rate), f"{one.good:,}", f"{one.bad:,}")
    console.print(table)
    table = grid("基准日＼现在", *ALL_GRADES, right=ALL_GRADES)
    for grade, own in found.migration.items():
        table.add_row(grade, *(f"{own[one]:,}" for one in ALL_GRADES))
    console.print(table)


def _print_counted(title: str, counted: Sequence[Counted]) -> None:
    table = grid(title, "坏账率", "好", "坏", right=("坏账率", "好", "坏"))
    for one in counted:
        table.add_row(one.name, _rate(one.bad_rate), f"{one.good:,}", f"{one.bad:,}")
    terminal().print(table)


def _auc(found: Discrimination) -> str:
    return f"{found.auc.value:.3f}（{found.auc.low:.3f}–{found.auc.high:.3f}）"


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.2%}"
