"""Of which item's rights a recipient's message is handed out."""

from typing import Any

from rules.release.labels import current_labels
from rules.release.released import item_of_record


def test_a_record_is_its_item_s_and_nothing_else_is_any_s() -> None:
    assert item_of_record({"item": "tax.payment", "record_key": "k"}) == "tax.payment"
    others: list[dict[str, Any]] = [{"items": []}, {"list": "white"}, {"item": "cross"}, {"item": "tax.payment"}]
    for message in others:
        assert item_of_record(message) == ""


def test_a_group_of_indicators_may_be_no_item() -> None:
    """By its name alone such a row would be refused, as what is about persons is."""
    labels = current_labels()
    assert "cross" in labels.indicator_groups.keys() - labels.plans.keys()
