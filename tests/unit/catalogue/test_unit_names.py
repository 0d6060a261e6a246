"""Units by the names that people use; what is none is offered the nearest."""

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from catalogue.unit_names import UnitNames

UNITS = load_catalogue().units
NAMES = UnitNames(UNITS.values())


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("市监局", "market_regulation"),
        ("市场监管局", "market_regulation"),
        ("青川市市场监督管理局", "market_regulation"),
        ("tax", "tax"),
        ("国税局", "tax"),
        (" 人社局 ", "human_resources"),
        ("某某市发改委", "development_reform"),
        ("中院", "court"),
        ("供电公司", "state_grid"),
        ("公积金", "housing_fund_centre"),
    ],
)
def test_a_usual_name_is_enough(name: str, unit: str) -> None:
    assert NAMES.find(name) == NAMES.called(name) == unit


def test_every_name_and_alias_is_of_one_unit() -> None:
    for unit in UNITS.values():
        for name in (unit.id, unit.zh, *unit.aliases):
            assert NAMES.find(name) == unit.id, name


@pytest.mark.parametrize(
    ("name", "offered"), [("市场监局", "市市场监管局"), ("环境局", "市生态环境局"), ("烟局", "市烟草专卖局")]
)
def test_what_is_no_unit_is_offered_the_nearest(name: str, offered: str) -> None:
    assert NAMES.find(name) is None
    with pytest.raises(FileRefused, match=offered):
        NAMES.called(name)


def test_what_resembles_none_is_told_so() -> None:
    with pytest.raises(FileRefused, match="常用简称"):
        NAMES.called("xyz")
