"""What a bank reports is of its own consent's application, and says what its kind says and nothing else."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalogue.times import business_date
from rules.outcomes.reported import ENDINGS, LoanOutcomeKind, OutcomeText, ReportedOutcome, check_outcome, outcome_of
from rules.release.consent.lifecycle import REASONS, Act
from tests.builders.consents import MOMENT, SUBJECT, lived, terms

DAY = timedelta(days=1)
TODAY = business_date(MOMENT + 10 * DAY)
GRANTED = lived(terms(), Act.REQUEST, Act.GRANT)
DISBURSED = OutcomeText(SUBJECT, "DK-2026-1", LoanOutcomeKind.DISBURSED, TODAY, "500000.00", "3.45", True)


def fields(sent: OutcomeText) -> list[str]:
    return [one.field for one in check_outcome(sent, GRANTED, TODAY)]


def test_an_outcome_is_taken_as_it_was_sent() -> None:
    assert fields(DISBURSED) == []
    assert outcome_of(DISBURSED) == ReportedOutcome(
        LoanOutcomeKind.DISBURSED, TODAY, Decimal("500000.00"), Decimal("3.45"), True
    )


@pytest.mark.parametrize("kind", LoanOutcomeKind)
def test_each_kind_says_its_own(kind: LoanOutcomeKind) -> None:
    bare = DISBURSED._replace(kind=kind, amount=None, rate=None, is_first_loan=None)
    needed = set(fields(bare))
    everything = set(fields(DISBURSED._replace(kind=kind)))
    assert needed | everything == {"amount", "rate", "first_loan"}
    assert not needed & everything


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "91630102MA0000001A"}, "subject"),
        ({"application": "DK-2026-2"}, "application"),
        ({"day": TODAY + DAY}, "day"),
        ({"day": MOMENT.date() - 400 * DAY}, "day"),
        ({"amount": "0"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "１００"}, "amount"),
        ({"amount": "1000000000000.01"}, "amount"),
        ({"rate": "36.0001"}, "rate"),
        ({"rate": "3.45%"}, "rate"),
    ],
)
def test_what_is_wrong_is_told_by_the_field(changes: dict[str, Any], field: str) -> None:
    assert fields(DISBURSED._replace(**changes)) == [field]


def test_nothing_is_reported_of_what_nobody_signed() -> None:
    asked = lived(terms(), Act.REQUEST)
    assert [one.field for one in check_outcome(DISBURSED, asked, TODAY)] == ["consent"]


def test_an_end_has_a_reason_that_settles() -> None:
    assert set(ENDINGS.values()) == set(REASONS[Act.SETTLE])
