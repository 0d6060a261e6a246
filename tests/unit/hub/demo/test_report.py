"""The table at the end of a demonstration."""

from io import StringIO

from rich.console import Console

from hub.demo.figures import CategoryFigures
from hub.demo.report import figures_table


def test_each_category_has_a_line_and_all_of_them_one() -> None:
    tax = CategoryFigures("税务", rows=1200, rejected_rows=2, states=7, receipts=3, bank_changes=4, latencies_s=[1.0])
    tax.rejected["金额：不是数"] += 2
    console = Console(file=StringIO())
    console.print(figures_table(console, {"tax": tax, "social": CategoryFigures("社保", rows=1)}))
    assert isinstance(console.file, StringIO)
    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert lines[1] == ["税务", "1,200", "2", "7", "3", "4", "1.00", "1.00", "金额：不是数"]
    assert lines[2] == ["社保", "1", "0", "0", "0", "0"]
    assert lines[3] == ["all", "1,201", "2", "3", "4", "1.00", "1.00"]
