"""A deletion is due exactly for what was delivered by a consent that ended, until a receipt says what became of it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.times import business_date
from rules.release.consent.lifecycle import Act, ActReason, Consent, State, Transition, in_force
from rules.release.consent.terms import Disposal, Mode
from rules.release.deletion import delete_by
from rules.release.reasons import WithdrawalReason
from rules.release.receipts import (
    LONGEST_RETENTION,
    DeletionDuty,
    DeletionReceipt,
    DutyState,
    ReceiptKind,
    check_receipt,
    duty_of,
    ended_at,
)
from tests.builders.consents import MOMENT, folded, lived, lives, moments, terms

DAY = timedelta(days=1)
NOW = MOMENT + 10 * DAY
TODAY = business_date(NOW)


def revoked(**changes: Any) -> Consent:
    return lived(terms(**changes), Act.REQUEST, Act.GRANT, Act.REVOKE)


def duty(receipt: DeletionReceipt | None = None, **changes: Any) -> DeletionDuty:
    found = duty_of(revoked(**changes), receipt, NOW)
    assert found is not None
    return found


def deleted(on: date = TODAY) -> DeletionReceipt:
    return DeletionReceipt(ReceiptKind.DELETED, on)


def retained(**changes: Any) -> DeletionReceipt:
    plain = DeletionReceipt(ReceiptKind.RETAINED, TODAY, "反洗钱法", "第三十四条", TODAY + 3650 * DAY)
    return replace(plain, **changes)


@given(lives(), moments(), st.none() | st.just(deleted()) | st.integers(-20, 20).map(lambda n: retained(
    until=MOMENT.date() + n * DAY)))  # fmt: skip
def test_nothing_is_due_while_a_consent_may_be_used_again_and_nothing_after_its_deletion(
    steps: tuple[Transition, ...], at: datetime, receipt: DeletionReceipt | None
) -> None:
    consent = folded(steps)
    found = duty_of(consent, receipt, at)
    if found is None:
        return
    assert consent.terms.mode in (Mode.STORE, Mode.STREAM)
    assert consent.signed_at is not None
    assert consent.terms.start <= found.ended_at
    assert not in_force(consent, max(at, found.ended_at))
    assert (found.state is DutyState.DELETED) == (receipt is not None and receipt.until is None)
    assert (found.due_by is None) == (found.state is DutyState.DELETED)
    assert not found.is_overdue(at) or found.state is DutyState.DUE


@given(lives(), moments(), st.integers(0, 5000))
def test_what_has_ended_stays_ended_and_since_the_same_moment(
    steps: tuple[Transition, ...], at: datetime, hours: int
) -> None:
    consent = folded(steps)
    ended = ended_at(consent, at)
    if ended is not None:
        assert ended_at(consent, at + timedelta(hours=hours)) == ended


def test_the_day_is_that_which_the_withdrawal_told() -> None:
    consent = revoked()
    told = delete_by(WithdrawalReason.CONSENT_REVOKED, ("SQ-1",), (consent,), consent.at)
    assert duty().due_by == told
    assert not duty().is_overdue(consent.at + 30 * DAY)
    assert duty().is_overdue(consent.at + 31 * DAY)


@pytest.mark.parametrize("mode", [Mode.QUERY, Mode.VIEW])
def test_what_let_no_copy_out_needs_no_receipt(mode: Mode) -> None:
    assert duty_of(revoked(mode=mode), None, NOW) is None


def test_what_never_was_in_force_needs_no_receipt() -> None:
    assert duty_of(lived(terms(), Act.REQUEST, Act.REJECT), None, NOW) is None
    later = lived(terms(), Act.REQUEST, Act.GRANT, Act.REVOKE)
    assert duty_of(replace(later, terms=replace(later.terms, start=later.at + DAY)), None, NOW) is None


def test_a_consent_ends_by_the_moment_before_anybody_writes_so() -> None:
    granted = lived(terms(), Act.REQUEST, Act.GRANT)
    end = granted.terms.end
    assert duty_of(granted, None, end - timedelta(microseconds=1)) is None
    found = duty_of(granted, None, end)
    assert found is not None
    assert found.ended_at == end
    written = replace(granted, state=State.EXPIRED, reason=ActReason.TERM_ENDED, at=end + DAY)
    assert ended_at(written, end + 2 * DAY) == end


def test_settled_is_ended_by_whoever_said_so() -> None:
    settled = lived(terms(post_loan=True), Act.REQUEST, Act.GRANT, Act.SETTLE)
    assert ended_at(settled, NOW) == settled.at


def test_what_a_law_kept_is_due_again_when_its_last_day_has_passed() -> None:
    consent, receipt = revoked(disposal=Disposal.RETAIN_BY_LAW), retained(until=TODAY)
    on_the_day, after = duty_of(consent, receipt, NOW), duty_of(consent, receipt, NOW + DAY)
    assert on_the_day is not None
    assert after is not None
    assert (on_the_day.state, after.state) == (DutyState.RETAINED, DutyState.DUE)
    assert after.due_by == TODAY + 30 * DAY
    assert not after.is_overdue(NOW + 30 * DAY)
    assert after.is_overdue(NOW + 31 * DAY)


@pytest.mark.parametrize(
    ("receipt", "fields"),
    [
        (deleted(), []),
        (retained(), []),
        (retained(law="反洗钱法（2024年修订）", article="第34条第二款"), []),
        (deleted(MOMENT.date() - DAY), ["on"]),
        (deleted(TODAY + DAY), ["on"]),
        (replace(deleted(), law="反洗钱法"), ["kind"]),
        (retained(law="张三"), ["law"]),
        (retained(law="反洗钱法 13800000000"), ["law"]),
        (retained(law=""), ["law"]),
        (retained(article="李四"), ["article"]),
        (retained(until=None), ["retained_until"]),
        (retained(until=TODAY), ["retained_until"]),
        (retained(until=TODAY + LONGEST_RETENTION + DAY), ["retained_until"]),
    ],
)
def test_what_is_wrong_is_told_by_the_field(receipt: DeletionReceipt, fields: list[str]) -> None:
    assert [one.field for one in check_receipt(duty(disposal=Disposal.RETAIN_BY_LAW), receipt, NOW)] == fields


@pytest.mark.attack(by="a bank", wants="to keep what an enterprise had deleted")
def test_nothing_is_retained_where_it_was_to_be_deleted() -> None:
    assert [one.field for one in check_receipt(duty(), retained(), NOW)] == ["kind"]


def test_a_deletion_is_final() -> None:
    again = duty(deleted(), disposal=Disposal.RETAIN_BY_LAW)
    assert list(check_receipt(again, deleted(), NOW)) == []
    assert [one.field for one in check_receipt(again, retained(), NOW)] == ["consent"]
    kept = duty(retained(), disposal=Disposal.RETAIN_BY_LAW)
    assert list(check_receipt(kept, deleted(), NOW)) == []
