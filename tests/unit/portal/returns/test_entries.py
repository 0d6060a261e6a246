"""What was sent back opens only where it was sealed, as what it was."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from catalogue.errors import PoisonMessage
from portal.returns.entries import BatchName, EntrySeal, ReturnedEntry, ReturnedKind
from rules.outcomes.reported import LoanOutcomeKind, ReportedOutcome
from rules.release.receipts import DeletionReceipt, ReceiptKind
from tests.builders.consents import SUBJECT

SEAL = EntrySeal(Cipher(KeyRing(b"l" * 32, {1: b"k" * 32})))
DAY = date(2026, 3, 2)
RECEIPTS = st.builds(
    DeletionReceipt, st.sampled_from(ReceiptKind), st.dates(), st.text(), st.text(), st.none() | st.dates()
)
AMOUNTS = st.none() | st.decimals(0, 10**12, places=2)
LOANS = st.builds(
    ReportedOutcome, st.sampled_from(LoanOutcomeKind), st.dates(), AMOUNTS, AMOUNTS, st.none() | st.booleans()
)


def entry(said: DeletionReceipt | ReportedOutcome, place: int = 1) -> ReturnedEntry:
    kind = ReturnedKind.DELETION if isinstance(said, DeletionReceipt) else ReturnedKind.OUTCOME
    batch = BatchName("yinhe", kind, "B-1")
    return ReturnedEntry(batch, SEAL.digest(batch, [said]), place, SUBJECT, "SQ-1", datetime.now(UTC), said)


@given(RECEIPTS | LOANS)
def test_what_was_sealed_is_read(said: DeletionReceipt | ReportedOutcome) -> None:
    one = entry(said)
    assert SEAL.read(SEAL.message_of(one)) == one


@pytest.mark.attack(by="somebody who may write into outcome.v1", wants="a bank's receipt to be of another consent")
@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "qinghe"}, {"subject": "91630102MA0000001A"}, {"consent": "SQ-2"}, {"batch": "B-2"},
        {"entry": 2}, {"digest": "0" * 32}, {"kind": "OUTCOME"}, {"kind": "NONE"}, {"sealed": b""},
        {"sealed": b"\x80\x00\x00\x01" + bytes(40)},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_is_read_that_was_moved_or_forged(change: dict[str, Any]) -> None:
    value = {**SEAL.message_of(entry(DeletionReceipt(ReceiptKind.DELETED, DAY))), **change}
    with pytest.raises(PoisonMessage):
        SEAL.read(value)


def test_another_hub_s_seal_opens_nothing() -> None:
    value = SEAL.message_of(entry(DeletionReceipt(ReceiptKind.DELETED, DAY)))
    with pytest.raises(PoisonMessage):
        EntrySeal(Cipher(KeyRing(b"l" * 32, {1: b"x" * 32}))).read(value)


def test_nothing_of_an_outcome_is_in_clear() -> None:
    said = ReportedOutcome(LoanOutcomeKind.DISBURSED, DAY, Decimal("123456.78"), Decimal("3.45"), is_first_loan=True)
    shown = repr(SEAL.message_of(entry(said)))
    for secret in ("DISBURSED", "123456", "3.45", "2026-03-02"):
        assert secret not in shown


def test_a_batch_is_known_by_all_that_it_says() -> None:
    one = ReportedOutcome(LoanOutcomeKind.APPLIED, DAY, Decimal(1))
    batch = BatchName("yinhe", ReturnedKind.OUTCOME, "B-1")
    digests = {
        SEAL.digest(batch, [one]), SEAL.digest(batch, [one, one]), SEAL.digest(replace(batch, number="B-2"), [one]),
        SEAL.digest(replace(batch, recipient="qinghe"), [one]),
        SEAL.digest(batch, [replace(one, amount_cny=Decimal(2))]),
    }  # fmt: skip
    assert len(digests) == 5
    assert SEAL.digest(batch, [one]) in digests
