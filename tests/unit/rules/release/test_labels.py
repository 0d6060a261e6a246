"""Labels keep all that release reads, and only that, through their text."""

from dataclasses import replace

import pytest

from catalogue.avro import bank_schema
from catalogue.load import load_catalogue
from catalogue.model import Item, Period, Sensitivity
from rules.indicators.definitions import load_indicators
from rules.lists.loading import load_lists
from rules.rating.model import Basis
from rules.release.labels import (
    current_labels,
    differing_items,
    digest_of,
    labels_of,
    read_labels,
)

ITEMS = load_catalogue().items
PENALTY = load_catalogue().item("53")


def _with(item: Item) -> tuple[Item, ...]:
    return tuple(item if one.id == item.id else one for one in ITEMS)


def test_a_text_gives_back_the_labels_it_was_made_of() -> None:
    labels = current_labels()
    text = labels.text()
    again = read_labels(text)
    assert again.text() == text
    assert {item.id: item for item in again.items} == {item.id: item for item in labels.items}
    assert again.public_indicators == labels.public_indicators != frozenset()
    assert again.by_list == labels.by_list != {}
    assert again.plans.keys() == labels.plans.keys() != set()
    # What was told by them is encoded with the very schemas of then.
    by_id = {item.id: bank_schema(item) for item in ITEMS}
    assert {item.id: bank_schema(item) for item in labels.items} == by_id


def test_what_only_a_clerk_reads_makes_no_other_labels() -> None:
    fields = tuple(replace(field, aliases=("别名",), required=not field.required) for field in PENALTY.fields)
    other = replace(PENALTY, units=(), period=Period.YEARLY, rated=False, fields=fields)
    now = current_labels()
    labels = labels_of(_with(other), now.public_indicators, now.permissions, load_lists().values())
    assert digest_of(labels.text()) == digest_of(now.text())


def test_a_field_that_may_be_seen_no_more_makes_other_labels_of_its_item_alone() -> None:
    first, *others = PENALTY.fields
    secret = replace(PENALTY, fields=(replace(first, sensitivity=Sensitivity.CONSENT, public_when=()), *others))
    labels = labels_of(_with(secret), ())
    assert differing_items(current_labels(), labels) == {PENALTY.id}
    assert labels.text() != labels_of(ITEMS, ()).text()


def test_to_whom_nothing_was_told_every_item_differs_and_a_dropped_item_differs() -> None:
    assert differing_items(None, current_labels()) == {item.id for item in ITEMS}
    dropped = labels_of((item for item in ITEMS if item.id != PENALTY.id), ())
    assert differing_items(current_labels(), dropped) == {PENALTY.id}


def test_when_the_law_ends_a_record_is_no_label() -> None:
    other = replace(PENALTY, publication=None)
    assert differing_items(current_labels(), labels_of(_with(other), ())) == frozenset()


def test_only_a_public_list_is_told_by_name() -> None:
    lists = load_lists()
    assert lists["white_authorised"].basis is Basis.AUTHORISED
    assert current_labels().by_list.keys() == lists.keys() - {"white_authorised"} != set()
    secret = replace(lists["white"], basis=Basis.AUTHORISED)
    white = labels_of((), (), (), [lists["white"]])
    assert white.by_list.keys() == {"white"}
    assert not labels_of((), (), (), [secret]).by_list
    renamed = replace(lists["white"], zh="优企名单")
    assert labels_of((), (), (), [renamed]).by_list != white.by_list
    # Thresholds are no label: who enters by others is decided, and told as ever.
    stricter = replace(lists["white"], days=99)
    assert labels_of((), (), (), [stricter]) == white


def test_labels_of_before_lists_were_told_name_none() -> None:
    assert read_labels('{"items": [], "public_indicators": []}') == labels_of((), (), indicators=())


def test_a_text_that_is_none_of_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_labels('{"items": [{"id": "x"}], "public_indicators": [], "permissions": []}')


def test_a_public_indicator_that_nobody_defines_is_refused() -> None:
    with pytest.raises(ValueError, match="no indicators: penalties_13m"):
        labels_of((), {"penalties_12m", "penalties_13m"})


def test_each_indicator_is_a_column_of_its_group_s_row() -> None:
    labels = current_labels()
    columns = {
        column["name"]: group for group, row in labels.indicator_groups.items() for column in row.schema["fields"][9:]
    }
    assert columns == labels.by_indicator == {one.id: one.group for one in load_indicators()}
    assert {name for row in labels.indicator_groups.values() for name in row.public} == labels.public_indicators
    head = {column["name"] for column in labels.indicator_groups["cross"].schema["fields"][:9]}
    assert not head & columns.keys()
