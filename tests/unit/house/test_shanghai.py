"""Business time has one definition."""

from tests.unit.house.product import modules


def test_the_zone_is_defined_once() -> None:
    assert [m.path for m in modules() if "ZoneInfo(" in m.text] == ["catalogue/times.py"]
