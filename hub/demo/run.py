"""The steps of the demonstration: the commands that an operator and a department would run, one after the other."""

from rich.console import Console

from hub.demo.figures import gather_figures
from hub.demo.lists import show_lists
from hub.demo.ratings import show_ratings
from hub.demo.report import figures_table
from hub.demo.steps import fill_city, is_proved, run_command
from hub.recipients_folder import banks_of
from hub.settings import Settings
from hub.view import view_of


def run_demo(settings: Settings, console: Console, *, enterprises: int, seed: int) -> bool:
    """Sample a city, push it, wait, reconcile, show figures and ratings; return whether nothing is missing."""
    receipts, proof = fill_city(settings, console, enterprises=enterprises, seed=seed)
    view = view_of(settings)
    figures = gather_figures(view, banks_of(settings), receipts)
    console.print(figures_table(console, figures))
    # No month has begun since this city was pushed.
    is_rated = show_ratings(view, console, lambda: run_command(settings, console, "rating", "reference", "make"))
    show_lists(view, console)
    items = len({receipt["item"] for receipt in receipts})
    console.print(f"{items} of {len(view.catalogue.items)} items; pending {proof['pending']}", highlight=False)
    console.print(f"difference {proof['difference']}", style="bold", highlight=False)
    return is_proved(proof) and is_rated and items == len(view.catalogue.items)
