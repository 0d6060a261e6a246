"""Outcomes summed up for oversight: by recipient and month, and no enterprise is named."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from rules.outcomes.reported import LoanOutcomeKind, ReportedOutcome


class OutcomeFigures(NamedTuple):
    """As much of an outcome as totals need; ``month``: as in 2026-03."""

    recipient: str
    month: str
    kind: LoanOutcomeKind
    fen: int
    is_first_loan: bool


@dataclass(slots=True)
class MonthTotals:
    """What one recipient reported of one month. Amounts in yuan."""

    recipient: str
    month: str
    counts: Counter[LoanOutcomeKind] = field(default_factory=Counter)
    amounts_cny: dict[LoanOutcomeKind, Decimal] = field(default_factory=dict)
    first_loans: int = 0


def figures_of(recipient: str, outcome: ReportedOutcome) -> OutcomeFigures:
    """Return what totals need of an outcome."""
    return OutcomeFigures(
        recipient, f"{outcome.day:%Y-%m}", outcome.kind, int((outcome.amount_cny or 0) * 100),
        outcome.is_first_loan is True,
    )  # fmt: skip


def totals_of(figures: Iterable[OutcomeFigures]) -> list[MonthTotals]:
    """Return the totals, sorted by month and recipient; the order of what is given makes no difference."""
    found: dict[tuple[str, str], MonthTotals] = {}
    fen: dict[tuple[str, str], Counter[LoanOutcomeKind]] = {}
    for one in figures:
        key = one.month, one.recipient
        totals = found.setdefault(key, MonthTotals(one.recipient, one.month))
        totals.counts[one.kind] += 1
        totals.first_loans += one.is_first_loan
        fen.setdefault(key, Counter())[one.kind] += one.fen
    for key, sums in fen.items():
        found[key].amounts_cny = _yuan(sums)
    return [found[key] for key in sorted(found)]


def _yuan(sums: Mapping[LoanOutcomeKind, int]) -> dict[LoanOutcomeKind, Decimal]:
    return {kind: Decimal(fen).scaleb(-2) for kind, fen in sums.items() if fen}
