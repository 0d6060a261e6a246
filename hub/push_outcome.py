"""What the exit code of a push says."""

from collections.abc import Iterable
from enum import IntEnum

from producers.submissions.receipts import SubmissionReceipt


class PushOutcome(IntEnum):
    """The exit codes of ``push`` and ``push-dir``; of several files the worst counts."""

    ALL_TAKEN = 0
    SOME_LEFT = 1  # some rows were rejected, wait for their subject's code or contradict each other
    NOTHING_TAKEN = 2  # a file was refused, or nothing of one was taken
    TRY_AGAIN = 75  # the hub is away: the same command goes on later


def outcome_of(receipts: Iterable[SubmissionReceipt]) -> PushOutcome:
    """Return what became of one file, from the receipts of its tables."""
    counts = [receipt.counts for receipt in receipts]
    taken = sum(each.accepted + each.unresolved + each.duplicates + each.withdrawn for each in counts)
    if not taken:
        return PushOutcome.NOTHING_TAKEN
    left = any(each.rejected or each.unresolved or each.conflicts for each in counts)
    return PushOutcome.SOME_LEFT if left else PushOutcome.ALL_TAKEN
