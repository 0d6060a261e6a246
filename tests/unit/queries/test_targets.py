"""What the name of a field or an indicator means."""

import pytest

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from queries.targets import FieldTarget, IndicatorTarget, Target, choose
from rules.indicators.definitions import load_indicators

CATALOGUE = load_catalogue()
HELD = {"market.registration": 1, "market.legal_person": 1}


def meant(name: str, held: dict[str, int] | None = None) -> Target:
    return choose(CATALOGUE, load_indicators(), name, HELD if held is None else held)


@pytest.mark.parametrize(
    "name",
    ["3.address", "market.legal_person.address", "企业法人信息.住所", "3.住所", "３．ＡＤＤＲＥＳＳ", " 3.Address "],
)
def test_a_field_is_found_below_its_item(name: str) -> None:
    found = meant(name)
    assert isinstance(found, FieldTarget)
    assert (found.item.id, found.field.name, found.path) == ("market.legal_person", "address", "3.address")


def test_every_field_and_indicator_is_found_by_its_path() -> None:
    for item in CATALOGUE.items:
        for field in item.fields:
            assert meant(f"{item.seq}.{field.name}") == FieldTarget(item, field)
            for sub in field.details:
                target = FieldTarget(item, field, sub)
                assert meant(target.path) == target
    for indicator in load_indicators():
        found = meant(f"indicator.{indicator.id}")
        assert isinstance(found, IndicatorTarget)
        assert found.indicator == indicator
        assert meant(found.path) == found


def test_a_name_of_several_items_means_the_one_that_the_subject_has() -> None:
    found = meant("legal_rep_id_number", {"market.legal_person": 1})
    assert found.path == "3.legal_rep_id_number"
    with pytest.raises(UsageError) as refused:
        meant("legal_rep_id_number", {**HELD, "administration.penalty": 3})
    lines = refused.value.remedy.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [f"{n}.legal_rep_id_number" for n in (1, 3, 53)]
    assert lines[-1].endswith("(3 records)")


def test_of_a_name_without_a_record_all_are_listed() -> None:
    with pytest.raises(UsageError, match="a record of none") as refused:
        meant("legal_rep_id_number", {})
    wanted = [i for i in CATALOGUE.items if any(f.name == "legal_rep_id_number" for f in i.fields)]
    assert len(refused.value.remedy.splitlines()) - 1 >= len(wanted)


def test_an_indicator_is_told_from_a_field_of_its_name() -> None:
    with pytest.raises(UsageError) as refused:
        meant("registered_capital")
    assert "1.registered_capital" in refused.value.remedy
    assert "indicator.registered_capital" in refused.value.remedy
    assert isinstance(meant("1.registered_capital"), FieldTarget)
    # A name comes before an alias: 注册资本 is one of the field's.
    assert isinstance(meant("注册资本"), IndicatorTarget)
    assert meant("近36个月罚款金额") == meant("fines_36m")


def test_an_alias_means_its_field() -> None:
    field = CATALOGUE.item("1").field("registered_capital")
    assert meant(f"1.{field.aliases[0]}") == FieldTarget(CATALOGUE.item("1"), field)


def test_an_unknown_name_is_refused_with_its_neighbours() -> None:
    with pytest.raises(UsageError, match="近12个月税额"):
        meant("近12个月个税额")
    with pytest.raises(UsageError, match=r"fines_36m \(近36个月罚款金额\)"):
        meant("fines_35m")
    with pytest.raises(UsageError, match=r"The fields of 企业法人信息: .*legal_rep_mobile"):
        meant("3.nothing")
