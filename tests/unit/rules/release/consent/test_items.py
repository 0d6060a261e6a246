"""Which items need consent, and that nothing about persons or for officials ever does."""

import pytest

from catalogue.load import load_catalogue
from catalogue.model import Item
from rules.release.consent.items import consent_fields, why_no_consent
from rules.release.projection import Projection

ITEMS = load_catalogue().items


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_consent_opens_what_is_a_commercial_secret_and_nothing_else(item: Item) -> None:
    fields = consent_fields(item)
    for field in item.fields:
        if field.name in fields:
            assert not field.encrypted
            assert field.audience == "all"
    assert bool(why_no_consent(item)) == (not fields)
    if item.about_persons:
        assert not fields
        assert "单独同意" in why_no_consent(item)


def test_what_needs_it_is_what_is_withheld_without_it() -> None:
    payment = next(item for item in ITEMS if item.id == "tax.payment")
    assert consent_fields(payment)
    assert Projection(payment).is_blind
