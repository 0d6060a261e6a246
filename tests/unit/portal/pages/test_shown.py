"""What an enterprise reads of a consent is what the rules say of it at that moment."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import HubError
from catalogue.load import load_catalogue
from portal.pages.shown import ConsentStanding, ConsentWording, minute_text, moment_text
from rules.release.consent.lifecycle import TRANSITIONS, Act, Consent, State, Transition, in_force
from rules.release.consent.terms import Disposal, Mode, Signatory, Terms
from rules.release.deletion import delete_by
from rules.release.reasons import WithdrawalReason
from rules.release.receipts import DeletionReceipt, ReceiptKind
from tests.builders.consents import MOMENT, lives, moments, terms
from tests.builders.known_consents import known, known_of

DAY = timedelta(days=1)


def _masked(_: Terms, signatory: Signatory) -> str:
    return "虚**"


WORDING = ConsentWording(load_catalogue(), {"yinhe": "西宁银河银行（虚构）"}.__getitem__, _masked)


@given(lives(), moments())
def test_what_is_said_to_be_usable_is_what_is_in_force(steps: tuple[Transition, ...], at: datetime) -> None:
    wording = ConsentWording(load_catalogue(), str.upper, _masked)
    for count in range(1, len(steps) + 1):
        one = known_of(steps[:count])
        consent = one.held.consent
        shown = wording.consent(one, at)
        assert (shown.standing is ConsentStanding.IN_FORCE) == in_force(consent, at)
        assert len(shown.history) == count
        if consent.state in (State.REVOKED, State.REJECTED, State.EXPIRED):
            assert shown.standing is ConsentStanding.OVER
        # Whatever is in force can be withdrawn, and what is offered is legal.
        assert shown.can_revoke or shown.standing is not ConsentStanding.IN_FORCE
        assert not shown.can_revoke or (consent.state, Act.REVOKE) in TRANSITIONS


def test_everything_is_in_words() -> None:
    shown = WORDING.consent(known(Act.REQUEST, Act.GRANT, departments=("tax",)), MOMENT + DAY)
    assert (shown.recipient, shown.state, shown.mode, shown.purpose) == (
        "西宁银河银行（虚构）", "已授权", "持续推送", "贷款",
    )  # fmt: skip
    assert [(one.name, one.departments) for one in shown.items] == [("纳税信息", "市税务局")]
    assert shown.signed_by == "虚**，法定代表人"
    assert [(one.what, one.why, one.who) for one in shown.history] == [
        ("申请", "机构申请", "服务窗口经办"), ("授权", "企业签署", "服务窗口经办"),
    ]  # fmt: skip
    assert shown.days_left == 90


def test_the_moment_ends_a_consent_before_anybody_writes_so() -> None:
    granted = known(Act.REQUEST, Act.GRANT)
    end = granted.held.consent.terms.end
    before, after = (WORDING.consent(granted, at) for at in (end - timedelta(microseconds=1), end))
    assert (before.state, before.standing, before.can_revoke) == ("已授权", ConsentStanding.IN_FORCE, True)
    assert (after.state, after.standing, after.can_revoke) == ("已到期", ConsentStanding.OVER, False)
    post_loan = WORDING.consent(known(Act.REQUEST, Act.GRANT, post_loan=True), end)
    assert (post_loan.standing, post_loan.can_revoke) == (ConsentStanding.IN_FORCE, True)
    assert "贷后管理" in post_loan.note


@pytest.mark.parametrize("disposal", Disposal)
def test_the_day_of_deletion_is_that_which_recipients_are_told(disposal: Disposal) -> None:
    revoked = known(Act.REQUEST, Act.GRANT, Act.REVOKE, disposal=disposal)
    consent = revoked.held.consent
    shown = WORDING.consent(revoked, consent.at + 10 * DAY)
    assert shown.delete_by == delete_by(WithdrawalReason.CONSENT_REVOKED, ["SQ-1"], [consent], consent.at)
    assert (shown.delete_by is None) == (disposal is Disposal.RETAIN_BY_LAW)


def test_what_another_consent_still_allows_is_named() -> None:
    items = ("tax.balance_sheet", "tax.payment")
    own = terms(items=items)
    at = MOMENT + DAY

    def other(*acts: Act, **changes: object) -> Consent:
        return known(*acts, **{"number": "SQ-2", **changes}).held.consent

    granted = (Act.REQUEST, Act.GRANT)
    (still,) = WORDING.still_allowed(own, [known(*granted, items=items).held.consent, other(*granted)], at)
    assert (still.number, still.items) == ("SQ-2", "纳税信息")
    for none in (other(*granted, Act.PAUSE), other(*granted, recipient="qinghe"),
                 other(*granted, items=("utilities.electricity",)), other(Act.REQUEST)):  # fmt: skip
        assert WORDING.still_allowed(own, [none], at) == []


def test_a_name_that_no_key_opens_hides_nothing_else() -> None:
    def unopened(_: Terms, signatory: Signatory) -> str:
        raise HubError("no key")

    shown = ConsentWording(load_catalogue(), str, unopened).consent(known(Act.REQUEST, Act.GRANT), MOMENT)
    assert "姓名无法显示" in shown.signed_by


@given(st.sampled_from(Mode))
def test_copies_are_spoken_of_where_the_mode_lets_them_out(mode: Mode) -> None:
    shown = WORDING.consent(known(Act.REQUEST, Act.GRANT, mode=mode), MOMENT)
    assert shown.is_delivered == (mode in (Mode.STORE, Mode.STREAM))


def test_times_are_those_of_beijing() -> None:
    assert moment_text(MOMENT) == "2026年3月2日 09:00:00"
    assert minute_text(MOMENT - timedelta(hours=10)) == "2026年3月1日 23:00"


KEPT = DeletionReceipt(ReceiptKind.RETAINED, date(2026, 3, 10), "反洗钱法", "第三十四条", date(2036, 3, 10))


@pytest.mark.parametrize(
    ("receipt", "days", "said"),
    [
        (None, 1, "最迟在2026年4月1日删除，或说明依法留存"),
        (None, 60, "已经逾期"),
        (DeletionReceipt(ReceiptKind.DELETED, date(2026, 3, 10)), 60, "于2026年3月10日删除"),
        (KEPT, 60, "依据反洗钱法第三十四条留存至2036年3月10日"),
        (KEPT, 3670, "最迟在2036年4月9日删除"),
        (KEPT, 3700, "已经逾期"),
    ],
)
def test_what_became_of_what_was_delivered_is_said(receipt: DeletionReceipt | None, days: int, said: str) -> None:
    ended = known(Act.REQUEST, Act.GRANT, Act.REVOKE, disposal=Disposal.RETAIN_BY_LAW)
    assert said in WORDING.consent(ended, MOMENT + days * DAY, receipt).deletion


def test_nothing_is_said_of_deletion_while_it_goes_on_or_where_nothing_was_delivered() -> None:
    assert WORDING.consent(known(Act.REQUEST, Act.GRANT), MOMENT + DAY).deletion == ""
    viewed = known(Act.REQUEST, Act.GRANT, Act.REVOKE, mode=Mode.VIEW)
    assert WORDING.consent(viewed, MOMENT + DAY).deletion == ""
