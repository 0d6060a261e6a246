"""Bad from 90 days on, open from 30 to 89."""

from datetime import date

import pytest

from rules.rating.outcomes import OutcomeKind, OverdueOutcome


@pytest.mark.parametrize(
    ("days", "kind"),
    [
        (0, OutcomeKind.GOOD),
        (29, OutcomeKind.GOOD),
        (30, OutcomeKind.INDETERMINATE),
        (89, OutcomeKind.INDETERMINATE),
        (90, OutcomeKind.BAD),
        (700, OutcomeKind.BAD),
    ],
)
def test_what_days_overdue_come_to(days: int, kind: OutcomeKind) -> None:
    assert OverdueOutcome("91630102MA0000001X", date(2025, 6, 30), days).kind is kind
