"""Common titles are given to the fields that items share, and to no field that another one of the item is called by."""

from catalogue.load import load_catalogue
from catalogue.model import Field
from catalogue.shared_titles import with_shared_titles

CATALOGUE = load_catalogue()
TITLES = {"subject_uscc": ["甲代码"], "subject_name": ["乙名称"], "fields": {"legal_rep_name": ["负责人", "法人"]}}


def _names(field: Field) -> set[str]:
    return {field.zh, field.source, *field.aliases}


def test_every_item_of_an_enterprise_knows_the_common_titles_of_its_subject() -> None:
    for item in CATALOGUE.items:
        if item.subject.uscc and "统一社会信用代码" in _names(item.field(item.subject.uscc)):
            assert "企业统一社会信用代码" in item.field(item.subject.uscc).aliases, item.zh


def test_no_shared_title_is_anothers() -> None:
    for item in CATALOGUE.items:
        for field in with_shared_titles(item, TITLES).fields:
            added = set(field.aliases) - set(item.field(field.name).aliases)
            others = {name for other in item.fields if other.name != field.name for name in _names(other)}
            assert not added & others, (item.zh, field.zh)


def test_a_title_that_an_item_uses_otherwise_is_left_to_it() -> None:
    person = CATALOGUE.item("45")
    assert all("负责人" not in field.aliases for field in person.fields if field.name != "legal_rep_name")
    branch = CATALOGUE.item("13")
    assert [f.name for f in branch.fields if "负责人" in _names(f)] == ["person_in_charge_name"]
