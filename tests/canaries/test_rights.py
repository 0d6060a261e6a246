"""Who may hold which canary: the law, the provider, the consent, and how and when something was come by."""

from dataclasses import replace

import pytest

from tests.canaries.canary import Canary, CanaryKind, Fate, Phase, Secrecy
from tests.canaries.rights import (
    Channel,
    ConsentFacts,
    Kept,
    Nothing,
    Own,
    Published,
    RecipientFacts,
    Returned,
    Sealed,
    Told,
    World,
)

OURS, OTHERS = "91630102MAX000015H", "91630103MAX00001XX"
TAX = Canary(CanaryKind.AMOUNT, "7.1", Secrecy.COMMERCIAL, OURS, "tax.payment", "tax_amount", Phase.FIRST)
LATER = replace(TAX, came=Phase.SECOND)
OPEN = replace(TAX, secrecy=Secrecy.PUBLISHED)
PERSON, INTERNAL = replace(TAX, secrecy=Secrecy.PERSONAL), replace(TAX, secrecy=Secrecy.INTERNAL)
BANK = RecipientFacts("yinhe", "bank", is_all=True)
STREAM = ConsentFacts(OURS, "yinhe", frozenset({"tax.payment"}), "STREAM", Phase.GRANTED)
PERMITTED = {"tax.payment": frozenset({"bank"})}


def world(*consents: ConsentFacts, bank: RecipientFacts = BANK) -> World:
    return World({bank.id: bank}, consents, PERMITTED)


def may(consent: ConsentFacts, canary: Canary, channel: Channel, phase: Phase = Phase.CLOSED) -> bool:
    return Told("yinhe", channel, phase).allows(canary, world(consent))


@pytest.mark.parametrize(
    ("mode", "channels"),
    [
        ("QUERY", set()),
        ("VIEW", {Channel.VIEW}),
        ("STORE", {Channel.VIEW, Channel.PULL, Channel.TOPIC, Channel.WEBHOOK}),
        ("STREAM", {Channel.VIEW, Channel.PULL, Channel.TOPIC, Channel.WEBHOOK}),
    ],
)
def test_a_mode_opens_its_channels(mode: str, channels: set[Channel]) -> None:
    consent = replace(STREAM, mode=mode)
    assert {channel for channel in Channel if may(consent, TAX, channel)} == channels


def test_what_is_stored_once_has_nothing_of_what_comes() -> None:
    store = replace(STREAM, mode="STORE")
    assert may(store, TAX, Channel.TOPIC)
    assert not may(store, LATER, Channel.TOPIC)
    assert may(store, LATER, Channel.VIEW)


def test_what_was_told_stays_in_the_topic_and_is_handed_out_no_more() -> None:
    ended = replace(STREAM, ended=Phase.ENDED)
    assert may(ended, TAX, Channel.TOPIC)
    assert not may(ended, LATER, Channel.TOPIC)
    for channel in (Channel.PULL, Channel.VIEW, Channel.WEBHOOK):
        assert may(ended, TAX, channel, Phase.GRANTED)
        assert not may(ended, TAX, channel, Phase.ASKED)


def test_what_ended_before_anything_came_opens_nothing() -> None:
    for ended in (Phase.BEGUN, Phase.FIRST):
        early = replace(STREAM, granted=Phase.BEGUN, ended=ended)
        assert not any(may(early, TAX, channel, phase) for channel in Channel for phase in Phase)


@pytest.mark.parametrize(
    "changed",
    [
        {"recipient": "qinghe"},
        {"subject": OTHERS},
        {"items": frozenset({"housing_fund.payment"})},
    ],
)
def test_a_consent_is_of_one_enterprise_for_one_recipient_and_its_items(changed: dict[str, object]) -> None:
    assert not may(replace(STREAM, **changed), TAX, Channel.TOPIC)  # type: ignore[arg-type]


def test_the_provider_and_the_subscription_have_to_agree() -> None:
    told = Told("yinhe", Channel.TOPIC, Phase.CLOSED)
    insurer = replace(BANK, kind="insurer")
    assert not told.allows(TAX, world(STREAM, bank=insurer))
    assert told.allows(OPEN, world(STREAM, bank=insurer))
    assert not told.allows(TAX, world(STREAM, bank=replace(BANK, categories=frozenset({"market"}))))
    for bank, is_told in (
        (replace(BANK, is_all=False, listed=frozenset({OURS})), True),
        (replace(BANK, is_all=False, listed=frozenset({OTHERS})), False),
        (replace(BANK, is_all=False, district="630102"), True),
        (replace(BANK, is_all=False, district="630103"), False),
        (replace(BANK, is_all=False, is_consenting=True), True),
    ):
        assert told.allows(TAX, world(STREAM, bank=bank)) is is_told
        assert told.allows(OPEN, world(STREAM, bank=bank)) is is_told
    assert not told.allows(OPEN, world(bank=replace(BANK, is_all=False, is_consenting=True)))


@pytest.mark.parametrize(
    "canary",
    [PERSON, INTERNAL, replace(TAX, fate=Fate.REFUSED), replace(OPEN, fate=Fate.REFUSED), replace(OPEN, is_over=True)],
)
def test_no_consent_opens_persons_officials_and_what_was_not_taken_or_is_over(canary: Canary) -> None:
    assert not any(may(STREAM, canary, channel) for channel in Channel)


def test_who_asks_for_another_purpose_and_who_asks_only_questions_hold_nothing_secret() -> None:
    assert not may(STREAM, TAX, Channel.OTHERWISE)
    assert may(STREAM, OPEN, Channel.OTHERWISE)
    assert not may(STREAM, OPEN, Channel.ANSWER)


def test_what_each_place_may_hold() -> None:
    text = replace(TAX, kind=CanaryKind.TEXT)
    refused, asked = replace(PERSON, fate=Fate.REFUSED, file="a/b"), replace(PERSON, fate=Fate.ASKED)
    every = {TAX, OPEN, PERSON, INTERNAL, text, refused, asked}
    nobody = world()

    def held(rule: Kept | Nothing | Own | Published | Returned | Sealed) -> set[Canary]:
        return {canary for canary in every if rule.allows(canary, nobody)}

    assert held(Nothing()) == set()
    assert held(Kept()) == {TAX, OPEN, INTERNAL, text}
    assert held(Kept(numbers_alone=True)) == {TAX, OPEN, INTERNAL}
    assert held(Kept(categories=("market",))) == set()
    assert held(Sealed()) == {TAX, OPEN, INTERNAL, text}
    assert held(Published()) == {OPEN}
    assert held(Own(OURS)) == {TAX, OPEN, text}
    assert held(Own(OTHERS)) == set()
    assert held(Returned("a/b")) == {refused}
