"""What a demonstration shows per category, read back through the read side."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from queries.view import View


@dataclass(slots=True)
class CategoryFigures:
    """One category of the list; latencies in seconds, from the reading of a row to its last hop."""

    zh: str
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    rejected_rows: int = 0
    states: int = 0
    persons: int = 0
    receipts: int = 0
    bank_changes: int = 0
    latencies_s: list[float] = field(default_factory=list)


def quantile(values: list[float], share: float) -> float | None:
    """Return the value below which ``share`` of the values lie; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def gather_figures(
    view: View, banks: Iterable[str], receipts: Iterable[Mapping[str, Any]]
) -> dict[str, CategoryFigures]:
    """Return the figures by category id; ``receipts`` are those that the push printed."""
    figures = {category.id: CategoryFigures(category.zh) for category in view.catalogue.categories}
    of_item = {item.id: figures[item.category] for item in view.catalogue.items}
    for receipt in receipts:
        category = of_item[receipt["item"]]
        category.rows += receipt["rows"]
        category.rejected_rows += receipt["rejected"]
        for reason in receipt["reasons"]:
            if not reason["waits"]:
                category.rejected[f"{reason['column']}：{reason['message']}"] += reason["rows"]
    for item, delivered in view.deliveries(banks).items():
        category = of_item[item]
        category.bank_changes += delivered.bank_changes
        category.receipts += delivered.receipts
        category.latencies_s += delivered.latencies_s
    for category_id, counts in view.subject_counts().items():
        figures[category_id].states, figures[category_id].persons = counts.states, counts.persons
    return figures
