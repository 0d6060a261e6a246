"""Who is answered: as the release tells by the same consents, and with one reason where not."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.times import business_date
from rules.release.answering import AnswerRefusal, AnswerRight, AskingRecipient, StatedPurpose
from rules.release.consent.lifecycle import Act, ActReason, Consent, after, in_force
from rules.release.consent.scope import scope_of
from rules.release.consent.terms import DataUse, Mode, Purpose
from rules.release.entitlement import openings_of
from rules.release.labels import current_labels
from rules.release.permissions import Permission
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind, is_subscribed
from tests.builders.consents import ITEMS, MOMENT, SUBJECT, lived, moments, several, step, terms
from tests.unit.rules.release.recipients_drawn import portfolios

TAX = "tax.payment"
LOAN = StatedPurpose(Purpose.LOAN, DataUse.APPLICATION)
EVERY = [StatedPurpose(purpose, use) for purpose in Purpose for use in DataUse]
YINHE = RecipientDefinition("yinhe", "银河样例银行", RecipientKind.BANK, Portfolio(is_all=True))
_PLAIN = current_labels()
_BANKS = frozenset((RecipientKind.BANK,))
LABELS = replace(
    _PLAIN, permissions=tuple(Permission(item, _BANKS, "虚构许可1号", date(2099, 12, 31)) for item in ITEMS)
)
AT = MOMENT + timedelta(days=1)


def _asking(
    consents: Sequence[Consent] = (),
    at: datetime = AT,
    definition: RecipientDefinition = YINHE,
    labels: object = LABELS,
    *,
    is_entry: bool = False,
) -> AskingRecipient:
    assert isinstance(labels, type(LABELS))
    return AskingRecipient(definition, labels, SUBJECT, is_entry, tuple(consents), at)


@given(several(), moments(), portfolios(), st.booleans())
def test_what_may_be_stored_is_what_the_release_opens(
    consents: list[Consent], at: datetime, portfolio: Portfolio, is_entry: bool
) -> None:
    definition = replace(YINHE, portfolio=portfolio)
    asking = _asking(consents, at, definition, is_entry=is_entry)
    has_consent = any(one.terms.recipient == "yinhe" and in_force(one, at) for one in consents)
    is_told = is_subscribed(definition, SUBJECT, is_entry=is_entry, has_consent=has_consent)
    permitted = LABELS.permitted_to(RecipientKind.BANK, business_date(at))
    openings = openings_of("yinhe", scope_of(consents, at), permitted) if is_told else ()
    opened = {one.item: set(one.consents) for one in openings}
    for item in ITEMS:
        rights = [asking.right_to(item, Mode.STORE, stated) for stated in EVERY]
        granted = {number for right in rights for number in right.consents}
        assert (item in opened) is any(right.refusal is None for right in rights)
        # The topics take the consents of the highest mode alone.
        assert opened.get(item, set()) <= granted


@given(several(), moments(), st.sampled_from(ITEMS), st.sampled_from(EVERY))
def test_a_higher_mode_never_allows_more(
    consents: list[Consent], at: datetime, item: str, stated: StatedPurpose
) -> None:
    asking = _asking(consents, at)
    allowed = [asking.right_to(item, mode, stated).refusal is None for mode in Mode]
    assert allowed == sorted(allowed, reverse=True)


@given(several(), moments(), st.sampled_from(ITEMS))
def test_what_is_released_now_is_not_lost_now(consents: list[Consent], at: datetime, item: str) -> None:
    permitted = LABELS.permitted_to(RecipientKind.BANK, business_date(at))
    for opening in openings_of("yinhe", scope_of(consents, at), permitted):
        assert _asking(consents, at).lost(opening.item, opening.consents) is None
    for one in consents:
        lost = _asking(consents, at).lost(item, [one.terms.number])
        if one.terms.recipient != "yinhe" or item not in one.terms.items or not in_force(one, at):
            assert lost is not None


GRANTED = lived(terms(mode=Mode.QUERY), Act.REQUEST, Act.GRANT)


@pytest.mark.parametrize(
    ("consent", "refusal"),
    [
        (GRANTED, None),
        (lived(terms(mode=Mode.QUERY), Act.REQUEST), AnswerRefusal.NO_CONSENT),
        (lived(terms(recipient="qinghe"), Act.REQUEST, Act.GRANT), AnswerRefusal.NO_CONSENT),
        (lived(terms(items=(ITEMS[0],)), Act.REQUEST, Act.GRANT), AnswerRefusal.NO_CONSENT),
        (lived(terms(), Act.REQUEST, Act.GRANT, Act.PAUSE), AnswerRefusal.CONSENT_PAUSED),
        (lived(terms(), Act.REQUEST, Act.GRANT, Act.REVOKE), AnswerRefusal.CONSENT_REVOKED),
        (lived(terms(end=MOMENT + timedelta(hours=3)), Act.REQUEST, Act.GRANT), AnswerRefusal.CONSENT_EXPIRED),
        (lived(terms(purpose=Purpose.GUARANTEE), Act.REQUEST, Act.GRANT), AnswerRefusal.PURPOSE_MISMATCH),
    ],
)
def test_why_a_question_is_not_answered(consent: Consent, refusal: AnswerRefusal | None) -> None:
    assert _asking([consent]).right_to(TAX, Mode.QUERY, LOAN).refusal == refusal


def test_the_use_has_to_be_the_one_that_was_ticked() -> None:
    after_loan = StatedPurpose(Purpose.LOAN, DataUse.POST_LOAN)
    assert _asking([GRANTED]).right_to(TAX, Mode.QUERY, after_loan).refusal is AnswerRefusal.PURPOSE_MISMATCH
    ticked = lived(terms(post_loan=True, end=MOMENT + timedelta(hours=3)), Act.REQUEST, Act.GRANT)
    asking = _asking([ticked])
    assert asking.right_to(TAX, Mode.QUERY, after_loan) == AnswerRight(None, ("SQ-1",))
    assert asking.right_to(TAX, Mode.QUERY, LOAN).refusal is AnswerRefusal.PURPOSE_MISMATCH


def test_modes_are_a_ladder() -> None:
    asking = _asking([GRANTED])
    assert asking.right_to(TAX, Mode.QUERY, LOAN).refusal is None
    for mode in (Mode.VIEW, Mode.STORE, Mode.STREAM):
        assert asking.right_to(TAX, mode, LOAN).refusal is AnswerRefusal.NO_CONSENT


def test_the_item_the_enterprise_and_the_provider_come_first() -> None:
    persons = next(item.id for item in LABELS.items if item.about_persons)
    assert _asking([GRANTED]).right_to(persons, Mode.QUERY, LOAN).refusal is AnswerRefusal.PERSONAL
    elsewhere = replace(YINHE, portfolio=Portfolio(is_list=True))
    assert _asking([GRANTED], definition=elsewhere).right_to(TAX, Mode.QUERY, LOAN).refusal is (
        AnswerRefusal.NOT_SUBSCRIBED
    )
    assert _asking([GRANTED], definition=elsewhere, is_entry=True).right_to(TAX, Mode.QUERY, LOAN).refusal is None
    markets = replace(YINHE, categories=frozenset({"market"}))
    assert _asking([GRANTED], definition=markets).right_to(TAX, Mode.QUERY, LOAN).refusal is (
        AnswerRefusal.NOT_SUBSCRIBED
    )
    assert _asking(definition=markets).right_to_public(["tax.arrears"]) is AnswerRefusal.NOT_SUBSCRIBED
    assert _asking(definition=markets).right_to_public(["market.registration"]) is None
    unpermitted = replace(LABELS, permissions=())
    assert _asking([GRANTED], labels=unpermitted).right_to(TAX, Mode.QUERY, LOAN).refusal is (
        AnswerRefusal.NO_PROVIDER_PERMISSION
    )


def test_what_was_released_is_lost_with_what_it_was_released_by() -> None:
    own = terms()
    granted = lived(own, Act.REQUEST, Act.GRANT)
    assert _asking([granted]).lost(TAX, ["SQ-1"]) is None
    assert _asking([granted]).lost(TAX, []) is None
    assert _asking([granted]).lost("", []) is None
    revoked = after(granted, step(granted, Act.REVOKE, own, reason=ActReason.BY_ENTERPRISE))
    later = lived(terms(number="SQ-2"), Act.REQUEST, Act.GRANT)
    # A later consent opens what counts now. What counted then was opened by the one that was revoked.
    assert _asking([revoked, later]).lost(TAX, ["SQ-1"]) is AnswerRefusal.CONSENT_REVOKED
    assert _asking([revoked, later]).lost(TAX, ["SQ-2"]) is None
    nobody = replace(YINHE, portfolio=Portfolio(is_list=True))
    assert _asking([granted], definition=nobody).lost("", []) is AnswerRefusal.NOT_SUBSCRIBED
    assert _asking([granted], definition=nobody).lost("market.registration", []) is AnswerRefusal.NOT_SUBSCRIBED
    gone = replace(LABELS, permissions=())
    assert _asking([granted], labels=gone).lost(TAX, ["SQ-1"]) is AnswerRefusal.NO_PROVIDER_PERMISSION
    persons = next(item.id for item in LABELS.items if item.about_persons)
    assert _asking([granted]).lost(persons, []) is AnswerRefusal.PERSONAL


@pytest.mark.attack(by="a bank that asks", wants="to hear whether an enterprise has records, by how it is refused")
def test_a_refusal_knows_of_no_record() -> None:
    # What decides is a function of these alone: no record, no value and no table is among them.
    decides = {field.name for field in fields(AskingRecipient)}
    assert decides == {"definition", "labels", "subject", "is_entry", "consents", "moment"}
    unknown = replace(_asking(), subject="91630102MA0000001A")
    for item in ITEMS:
        assert _asking().right_to(item, Mode.QUERY, LOAN) == unknown.right_to(item, Mode.QUERY, LOAN)
    assert datetime.now(UTC) > MOMENT
