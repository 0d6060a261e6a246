"""The book counts each entry once, and of each consent the last that was said."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from portal.returns.book import ReturnsBook
from portal.returns.entries import BatchName, ReturnedEntry, ReturnedKind
from rules.outcomes.reported import LoanOutcomeKind, ReportedOutcome
from rules.release.receipts import DeletionReceipt, ReceiptKind
from tests.builders.consents import SUBJECT

DAY = date(2026, 3, 2)
KEPT = DeletionReceipt(ReceiptKind.RETAINED, DAY, "反洗钱法", "第三十四条", DAY + timedelta(days=3650))
DELETED = DeletionReceipt(ReceiptKind.DELETED, DAY)


def entry(said: DeletionReceipt | ReportedOutcome, batch: str, place: int = 1, digest: str = "d") -> ReturnedEntry:
    kind = ReturnedKind.DELETION if isinstance(said, DeletionReceipt) else ReturnedKind.OUTCOME
    return ReturnedEntry(
        BatchName("yinhe", kind, batch), digest, place, SUBJECT, "SQ-1", datetime(2026, 3, 2, tzinfo=UTC), said
    )


def test_the_last_receipt_counts() -> None:
    book = ReturnsBook()
    assert book.receipt_of("SQ-1") is None
    for said, batch in ((KEPT, "B-1"), (DELETED, "B-2")):
        book.take(entry(said, batch))
    assert book.receipt_of("SQ-1") == DELETED
    book.clear()
    assert book.receipt_of("SQ-1") is None
    assert book.digest_of(entry(KEPT, "B-1").batch) is None


@pytest.mark.attack(by="somebody who may write into outcome.v1", wants="a deletion to be a retention again")
def test_an_old_entry_that_comes_again_changes_nothing() -> None:
    book = ReturnsBook()
    for said, batch in ((KEPT, "B-1"), (DELETED, "B-2"), (KEPT, "B-1")):
        book.take(entry(said, batch))
    assert book.receipt_of("SQ-1") == DELETED
    book.take(entry(KEPT, "B-2", place=2, digest="another"))
    assert book.receipt_of("SQ-1") == DELETED


def test_a_later_report_of_a_kind_corrects_an_earlier_one() -> None:
    book, first = ReturnsBook(), ReportedOutcome(LoanOutcomeKind.APPLIED, DAY, Decimal("10.01"))
    book.take(entry(first, "B-1"))
    book.take(entry(replace(first, kind=LoanOutcomeKind.APPROVED), "B-1", place=2))
    book.take(entry(replace(first, amount_cny=Decimal("20.02")), "B-2"))
    assert [(one.kind, one.fen) for one in book.outcomes()] == [
        (LoanOutcomeKind.APPLIED, 2002), (LoanOutcomeKind.APPROVED, 1001),
    ]  # fmt: skip
