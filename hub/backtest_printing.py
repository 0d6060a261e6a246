"""What the back-test says, as tables in Chinese."""

from hub.printing import grid, terminal
from rules.rating.measures import Discrimination
from validation.backtest import BackTest, Part


def print_backtest(found: BackTest) -> None:
    """Print what an expert model and the fitted one find, part by part."""
    console = terminal()
    console.print(f"{found.model}（虚构样例城市，评价只用观察日已知的记录）", style="bold", highlight=False)
    table = grid(
        "部分", "坏", "好", "可达 AUC", "专家 AUC", "占可达", "拟合 AUC", "占可达", "拟合减专家", right=("坏", "好")
    )
    for one in found.parts:
        fitted, less = one.fitted, one.fitted_less_expert
        table.add_row(
            one.zh, f"{one.expert.bad:,}", f"{one.expert.good:,}", _auc(one.attainable), _auc(one.expert),
            f"{one.share(one.expert):.0%}", "" if fitted is None else _auc(fitted), _share(one, fitted),
            "" if less is None else f"{less.value:+.3f}（{less.low:+.3f} 至 {less.high:+.3f}）",
        )  # fmt: skip
    console.print(table)
    for failure in found.failures:
        console.print(f"不通过：{failure}", style="red", highlight=False)


def _auc(found: Discrimination) -> str:
    return f"{found.auc.value:.3f}（{found.auc.low:.3f}–{found.auc.high:.3f}）"


def _share(part: Part, found: Discrimination | None) -> str:
    return "" if found is None else f"{part.share(found):.0%}"
