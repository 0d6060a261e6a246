"""Indicators and series of a test's own, and a set of them in which every function of the language occurs."""

from typing import Any

from catalogue.model import FieldType, Sensitivity
from rules.indicators.closing import load_closings
from rules.indicators.definitions import CROSS, Indicator
from rules.indicators.expressions import read_expression
from rules.indicators.series import THE_DAY, Series


def series(name: str = "s", item: str = "tax.payment", *, closed: str | None = None, **fields: Any) -> Series:
    """Return a series of the field ``amount`` by the source time; ``closed``: how its periods are closed."""
    closing = None if closed is None else load_closings()[closed]
    said = {"id": name, "item": item, "closing": closing, "value": "amount", "value_type": FieldType.MONEY}
    return Series(**{**said, **fields})


def indicator(name: str, text: str, *own: Series, **fields: Any) -> Indicator:
    """Return an indicator by an expression over these series."""
    names = {one.id: one for one in own} | {f"{one.item}.{one.id}": one for one in own}
    expression = read_expression(text, names)
    items = {one.series.item for one in expression.atoms}
    said: dict[str, Any] = {
        "id": name, "zh": "例", "group": CROSS if len(items) > 1 else own[0].item, "expression": expression,
        "unit": "", "is_zero_missing": False, "direction": "none", "bands": (), "told": True,
        "sensitivity": Sensitivity.PUBLIC,
    }  # fmt: skip
    return Indicator(**{**said, **fields})


def every_function(item: str, **of_series: Any) -> tuple[Indicator, ...]:
    """Return indicators of one item that use every function, over days and over months, with and without windows."""
    own = (
        series("days", item, **of_series),
        series("ended", item, until=("removed",), **of_series),
        series("dated", item, **{**of_series, "value": THE_DAY, "value_type": None}),
        series("months", item, closed="monthly", **of_series),
        series("accounts", item, closed="monthly", within="max", by="account", **of_series),
        series("totals", item, closed="monthly", totals="kind", by="account", **of_series),
        series("highs", item, closed="monthly", within="max", **of_series),
        series("lasts", item, closed="monthly", within="last", until=("removed",), **of_series),
    )
    texts = [
        "count(days)", "sum(days)", "max(days)", "min(days)", "last(days)", "max(dated)",
        *(f"{name}(days, 12)" for name in ("count", "sum", "max", "min", "last")),
        *(f"{name}(ended, 1)" for name in ("count", "sum", "max", "min", "last")), "count(ended)", "max(ended)",
        "last(ended)", "sum(days, 6, offset=6)", "growth(days, 3, over=12)", "zero(sum(ended, 1)) / count(days, 12)",
        *(f"{name}(months, 12)" for name in ("count", "sum", "mean", "max", "min", "last", "first", "months", "streak",
                                             "running", "gaps", "silent", "trend", "variation")),
        "sum(months)", "last(months)", "max(highs, 3)", "sum(highs, 12, offset=3)", "sum(lasts, 12)", "last(lasts)",
        "last(accounts)", "sum(accounts, 3)", "sum(totals, 12)",
        "growth(months, 3)", "1 - sum(months, 3) / sum(months, 12)",
    ]  # fmt: skip
    return tuple(indicator(text, text, *own) for text in texts)


def over_several(one: str, other: str) -> tuple[Indicator, ...]:
    """Return indicators over two items: over days and months, of levels, and of what nothing is known of."""
    own = tuple(
        series(name, item, closed=closed, until=("removed",))
        for item in (one, other)
        for name, closed in (("days", None), ("months", "monthly"))
    )
    texts = [
        f"sum({one}.months, 12) / mean({other}.months, 12)",
        f"zero(sum({one}.days)) + max({other}.days, 12)",
        f"least(silent({one}.months, 24), silent({other}.months, 24))",
        f"any(count({one}.days)) + any(count({other}.days, 3, offset=3))",
        f"growth({one}.months, 12) - growth({other}.months, 12)",
        f"greatest(last({one}.months), last({other}.days))",
    ]
    return tuple(indicator(text, text, *own) for text in texts)
