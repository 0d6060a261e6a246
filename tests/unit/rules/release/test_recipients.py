"""A definition is its text, and who is subscribed is the union of what its portfolio says."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.release.recipients import (
    Portfolio,
    RecipientDefinition,
    RecipientKind,
    Subscriptions,
    digest_of,
    is_subscribed,
    read_definition,
)
from tests.unit.rules.release.recipients_drawn import SUBJECTS, definitions, portfolios

YINHE = RecipientDefinition("yinhe", "银河样例银行", RecipientKind.BANK, Portfolio(is_all=True))


def _with(portfolio: Portfolio) -> RecipientDefinition:
    return replace(YINHE, portfolio=portfolio)


@given(definitions())
def test_a_text_gives_back_the_definition_it_was_made_of(definition: RecipientDefinition) -> None:
    text = definition.text()
    assert read_definition(text) == definition
    assert read_definition(text).text() == text
    assert len(digest_of(text)) == 64


@given(definitions(), definitions())
def test_only_equal_definitions_have_equal_texts(one: RecipientDefinition, other: RecipientDefinition) -> None:
    assert (one.text() == other.text()) is (one == other)


@given(portfolios(), portfolios(), SUBJECTS, st.booleans(), st.booleans())
def test_a_portfolio_is_the_union_of_its_parts(
    one: Portfolio, other: Portfolio, subject: str, is_entry: bool, has_consent: bool
) -> None:
    both = Portfolio(
        is_all=one.is_all or other.is_all,
        is_list=one.is_list or other.is_list,
        is_consenting=one.is_consenting or other.is_consenting,
        districts=one.districts | other.districts,
    )

    def told(portfolio: Portfolio) -> bool:
        return is_subscribed(_with(portfolio), subject, is_entry=is_entry, has_consent=has_consent)

    assert told(both) is (told(one) or told(other))


@given(definitions(), SUBJECTS, st.booleans(), st.booleans())
def test_an_entry_or_a_consent_takes_nobody_out(
    definition: RecipientDefinition, subject: str, is_entry: bool, has_consent: bool
) -> None:
    if is_subscribed(definition, subject, is_entry=is_entry, has_consent=has_consent):
        assert is_subscribed(definition, subject, is_entry=True, has_consent=has_consent)
        assert is_subscribed(definition, subject, is_entry=is_entry, has_consent=True)


@given(definitions(), definitions(), SUBJECTS, st.booleans(), st.booleans())
def test_the_portfolio_alone_decides(
    one: RecipientDefinition, other: RecipientDefinition, subject: str, is_entry: bool, has_consent: bool
) -> None:
    said = is_subscribed(one, subject, is_entry=is_entry, has_consent=has_consent)
    alike = replace(other, portfolio=one.portfolio)
    assert is_subscribed(alike, subject, is_entry=is_entry, has_consent=has_consent) is said


@given(st.lists(definitions(), unique_by=lambda one: one.id, max_size=6), SUBJECTS, st.data())
def test_all_at_once_is_each_alone(some: list[RecipientDefinition], subject: str, data: st.DataObject) -> None:
    names = st.frozensets(st.sampled_from([one.id for one in some] or ["nobody"]))
    listed, consenting = data.draw(names), data.draw(names)
    found = Subscriptions(some).of(subject, listed, consenting)
    assert found == {
        one.id
        for one in some
        if is_subscribed(one, subject, is_entry=one.id in listed, has_consent=one.id in consenting)
    }


@pytest.mark.parametrize(
    ("portfolio", "alone", "by_entry", "by_consent"),
    [
        (Portfolio(is_all=True), True, True, True),
        (Portfolio(is_list=True), False, True, False),
        (Portfolio(is_consenting=True), False, False, True),
        (Portfolio(districts=frozenset({"630102"})), True, True, True),
        (Portfolio(districts=frozenset({"63"})), True, True, True),
        # The first two digits say who registered it, and as what: they are no district.
        (Portfolio(districts=frozenset({"91"})), False, False, False),
        (Portfolio(districts=frozenset({"630103"})), False, False, False),
        (Portfolio(is_list=True, is_consenting=True), False, True, True),
    ],
)
def test_who_is_subscribed(portfolio: Portfolio, alone: bool, by_entry: bool, by_consent: bool) -> None:
    def told(is_entry: bool, has_consent: bool) -> bool:
        return is_subscribed(_with(portfolio), "91630102MA0000001A", is_entry=is_entry, has_consent=has_consent)

    assert (told(False, False), told(True, False), told(False, True)) == (alone, by_entry, by_consent)


def test_which_categories_it_takes() -> None:
    assert YINHE.takes("tax")
    assert YINHE.takes("one.to.come")
    assert not replace(YINHE, categories=frozenset({"market"})).takes("tax")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id": "Yinhe"}, "no id of a recipient"),
        ({"zh": " "}, "zh is empty"),
        ({"kind": "credit_service"}, "needs its filing_number"),
        ({"filing_number": "备案63001"}, "a bank has no filing_number"),
        ({"kind": "pawnbroker"}, "kind"),
        ({"categories": []}, "categories are empty"),
        ({"portfolio": {}}, "a portfolio holds somebody"),
        ({"portfolio": {"districts": ["63010"]}}, "is no district"),
        # By a field that a later version knows it may be told less: nobody is told by what is not understood.
        ({"only_on_mondays": True}, "only_on_mondays"),
        ({"portfolio": {"is_all": True, "but_not": ["91"]}}, "but_not"),
    ],
)
def test_a_text_that_contradicts_itself_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_definition(json.dumps(json.loads(YINHE.text()) | wrong))
