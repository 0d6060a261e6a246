"""Everything that is not public gets a canary of its own, which its column takes; the rest of it is too common to."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType, Item
from producers.tables.values import value_converter
from tests.canaries.canary import Canary, CanaryKind, Fate, Mint, Phase, Secrecy
from tests.canaries.city import City
from tests.canaries.planting import Place, is_over, kind_for, plant, secrecy_of

CATALOGUE = load_catalogue()
FIELDS = [(item, field) for item in CATALOGUE.items for field in item.fields]
TODAY = date(2026, 7, 1)
# Their values are too few, or they say of what the row is.
_COMMON = {FieldType.DATE, FieldType.BOOLEAN, FieldType.MONTH, FieldType.YEAR, FieldType.DETAILS}


def _field(seq: int, name: str) -> tuple[Item, Field]:
    item = CATALOGUE.item(str(seq))
    return item, item.field(name)


@pytest.mark.parametrize(
    ("seq", "name", "row", "secrecy"),
    [
        (3, "legal_rep_mobile", {}, Secrecy.PERSONAL),
        (27, "property_address", {}, Secrecy.PERSONAL),
        (14, "handler_name", {}, Secrecy.INTERNAL),
        (31, "score", {}, Secrecy.INTERNAL),
        (16, "tax_amount", {}, Secrecy.COMMERCIAL),
        (7, "total_assets", {"is_published": False}, Secrecy.COMMERCIAL),
        (7, "total_assets", {"is_published": "否"}, Secrecy.COMMERCIAL),
        (7, "total_assets", {}, Secrecy.COMMERCIAL),
        (7, "total_assets", {"is_published": True}, Secrecy.PUBLISHED),
        (32, "authority_name", {"grade": "A"}, Secrecy.PUBLISHED),
        (32, "authority_name", {"grade": "B"}, Secrecy.COMMERCIAL),
        (53, "fine_amount", {}, None),
        (1, "subject_name", {}, None),
    ],
)
def test_how_secret_a_cell_is(seq: int, name: str, row: dict[str, object], secrecy: Secrecy | None) -> None:
    item, field = _field(seq, name)
    assert secrecy_of(field, row, item) is secrecy


def test_only_what_is_too_common_gets_no_canary() -> None:
    for item, field in FIELDS:
        if secrecy_of(field, {}, item) is None or kind_for(field, item) is not None:
            continue
        names = {item.subject.uscc, item.subject.name, *item.subject.codes, *item.reporting_period, *item.source_time}
        is_month = field.type is FieldType.INTEGER and "month" in field.name
        assert field.type in _COMMON or field.codes or field.name in names or field.unit == "%" or is_month, field


def test_each_column_takes_its_canary() -> None:
    mint = Mint(3)
    for item, field in FIELDS:
        if (kind := kind_for(field, item)) is not None and secrecy_of(field, {}, item) is not None:
            assert value_converter(field)(mint.value(kind)) is not None, field


def test_no_value_comes_twice() -> None:
    mint = Mint(4)
    values = [mint.value(kind) for kind in CanaryKind for _ in range(300)]
    assert len(set(values)) == len(values)


def test_the_law_ends_a_row_by_the_days_that_it_names() -> None:
    item = CATALOGUE.item("57")
    assert is_over(item, {"publicity_deadline": date(2026, 6, 30)}, TODAY)
    assert is_over(item, {"repair_date": TODAY}, TODAY)
    assert not is_over(item, {"publicity_deadline": TODAY}, TODAY)
    assert not is_over(CATALOGUE.item("16"), {"publicity_deadline": date(2020, 1, 1)}, TODAY)


def test_a_row_is_planted_and_says_so() -> None:
    item = CATALOGUE.item("65")
    place = Place(item, "91630102MAX000015H", Phase.SECOND, Fate.REFUSED, "供电公司/企业用电")
    row = {field.name: "公开" for field in item.fields}
    planted, canaries = plant(place, row, Mint(5), TODAY)
    by_field = {canary.field: canary for canary in canaries}
    assert by_field["risk_level"].secrecy is Secrecy.INTERNAL
    assert by_field["address"].secrecy is Secrecy.COMMERCIAL
    assert {planted[name] for name in by_field} == {canary.value for canary in canaries}
    assert {(one.fate, one.subject, one.file) for one in canaries} == {(Fate.REFUSED, place.subject, place.file)}
    assert planted["uscc"] == "公开"


def test_the_departments_files_have_canaries_of_every_item_and_class(tmp_path: Path) -> None:
    city = City(1, Mint(1), TODAY, consenting=[0])
    found: list[Canary] = []
    for phase in (Phase.FIRST, Phase.SECOND):
        found += city.write(phase, tmp_path / phase.name).canaries
    secret = {
        item.id
        for item, field in FIELDS
        if secrecy_of(field, {}, item) is not None and (field.details or kind_for(field, item) is not None)
    }
    assert {canary.item for canary in found if canary.fate is Fate.TAKEN} == secret
    classes = Counter((canary.secrecy, canary.fate) for canary in found)
    assert min(classes[secrecy, fate] for secrecy in Secrecy for fate in (Fate.TAKEN, Fate.REFUSED)) > 0
    assert any(canary.is_over for canary in found)
    # A lost class would leave few.
    assert classes[Secrecy.COMMERCIAL, Fate.TAKEN] > 2000
    assert classes[Secrecy.PERSONAL, Fate.TAKEN] > 1000
