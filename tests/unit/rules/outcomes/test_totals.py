"""Totals are the plain sums, whatever order outcomes come in."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.outcomes.reported import LoanOutcomeKind, ReportedOutcome
from rules.outcomes.totals import OutcomeFigures, figures_of, totals_of

OUTCOMES = st.builds(
    ReportedOutcome, st.sampled_from(LoanOutcomeKind), st.dates(date(2026, 1, 1), date(2026, 4, 1)),
    st.none() | st.decimals(0, 10**12, places=2), st.none(), st.none() | st.booleans(),
)  # fmt: skip
REPORTED = st.lists(st.tuples(st.sampled_from(("qinghe", "yinhe")), OUTCOMES), max_size=12)


@given(REPORTED)
def test_totals_are_the_plain_sums(reported: list[tuple[str, ReportedOutcome]]) -> None:
    figures = [figures_of(*one) for one in reported]
    found = totals_of(figures)
    assert totals_of(sorted(figures)) == found
    for totals in found:
        own = [one for bank, one in reported if bank == totals.recipient and one.day.isoformat()[:7] == totals.month]
        assert sum(totals.counts.values()) == len(own)
        assert totals.first_loans == sum(one.is_first_loan is True for one in own)
        for kind in LoanOutcomeKind:
            amounts = [one.amount_cny or Decimal(0) for one in own if one.kind is kind]
            assert totals.amounts_cny.get(kind, Decimal(0)) == sum(amounts)
    assert sum(sum(one.counts.values()) for one in found) == len(reported)


@given(REPORTED)
def test_totals_of_one_recipient_are_untouched_by_another(reported: list[tuple[str, ReportedOutcome]]) -> None:
    def own(figures: list[OutcomeFigures]) -> list[object]:
        return [one for one in totals_of(figures) if one.recipient == "yinhe"]

    everything = [figures_of(*one) for one in reported]
    assert own(everything) == totals_of(one for one in everything if one.recipient == "yinhe")
