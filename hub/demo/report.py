"""What a demonstration prints at its end: the figures of each category, and what to try next."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from hub.demo.figures import CategoryFigures, quantile
from hub.settings import Settings
from hub.view import view_of


def figures_table(console: Console, figures: Mapping[str, CategoryFigures]) -> Table:
    """Return the figures as a table, with a line for all categories together."""
    if not console.is_terminal:
        console.width = 200
    table = Table(box=None, pad_edge=False)
    titles = ("category", "in", "rejected", "states", "receipts", "to banks", "p50 s", "p99 s", "commonest reason")
    for title in titles:
        table.add_column(title, justify="left" if title in ("category", "commonest reason") else "right")
    for category in figures.values():
        p50, p99 = quantile(category.latencies_s, 0.5), quantile(category.latencies_s, 0.99)
        reason = category.rejected.most_common(1)
        table.add_row(
            category.zh, f"{category.rows:,}", f"{category.rejected_rows:,}",
            f"{category.states:,}" + (f" + {category.persons:,} persons" if category.persons else ""),
            f"{category.receipts:,}", f"{category.bank_changes:,}",
            "" if p50 is None else f"{p50:.2f}", "" if p99 is None else f"{p99:.2f}",
            reason[0][0] if reason else "",
        )  # fmt: skip
    every = list(figures.values())
    latencies = [value for category in every for value in category.latencies_s]
    table.add_row(
        "all", f"{sum(f.rows for f in every):,}", f"{sum(f.rejected_rows for f in every):,}", "",
        f"{sum(f.receipts for f in every):,}", f"{sum(f.bank_changes for f in every):,}",
        f"{quantile(latencies, 0.5) or 0:.2f}", f"{quantile(latencies, 0.99) or 0:.2f}", "",
        style="bold",
    )  # fmt: skip
    return table


def print_next_steps(console: Console, settings: Settings, *, running: bool) -> None:
    """Print commands to try, for a subject that has a state."""
    subject = view_of(settings).busiest_subject() or ""
    _print_commands(
        console, settings,
        (
            f"credithub state {subject}",
            f"credithub explain {subject} penalties_12m",
            f"credithub rating show {subject}",
            "credithub watch bank.yinhe --from-beginning --limit 5",
            "credithub reconcile",
            "credithub status",
        ),
        running=running,
    )  # fmt: skip


def print_story_steps(console: Console, settings: Settings, subject: str, *, running: bool) -> None:
    """Print commands to try, for the enterprise whose consent was told of."""
    _print_commands(
        console, settings,
        (
            f"credithub consent list --subject {subject}",
            f"credithub consent link {subject} --check LEGAL_REPRESENTATIVE --by xn-03",
            f"credithub audit who-saw {subject}",
            "credithub audit verify",
            "credithub bank list",
        ),
        running=running,
    )  # fmt: skip


def _print_commands(console: Console, settings: Settings, commands: Iterable[str], *, running: bool) -> None:
    console.print(f"\nTry next, with `export CREDITHUB_HOME={settings.home}`"
                  + ("" if running else " and `credithub up`") + ":", highlight=False)  # fmt: skip
    for command in commands:
        console.print(f"  {command}", markup=False, highlight=False)
    if running:
        console.print("It keeps running; stop it with `credithub down`.", highlight=False)
