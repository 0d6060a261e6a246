"""What the demonstration says of lists: no day ends while it runs, so who would be on each if this day ended now."""

from rich.console import Console

from bus.business_date import today
from hub.list_printing import print_forecast
from queries.list_view import ListView
from queries.view import View


def show_lists(view: View, console: Console) -> None:
    """Print what the end of this day would change."""
    console.print()
    console.print("名单：以今天日终计（每日日终判定，`credithub lists show` 列出已判定的）", highlight=False)
    print_forecast(console, ListView(view).forecast(today()))
