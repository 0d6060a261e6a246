"""Where an enterprise is placed, and that a public placement knows nothing that is not public."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.load import load_catalogue
from rules.rating.model import Basis
from rules.reference.placement import ASSETS, BASIC, REGISTRATION, PeerGroup, Placer, PlacingFact
from rules.size.table import UNSIZED

PLACER, DAY = Placer(load_catalogue()), date(2026, 11, 30)
PUBLIC, AUTHORISED = Basis.PUBLIC, Basis.AUTHORISED
AMOUNTS = st.one_of(st.none(), st.decimals(0, 3_000_000_000, places=2))
WAN = 10_000


def registered(code: str = "3311", status: str | None = "1") -> PlacingFact:
    return PLACER.fact(REGISTRATION, None, {"industry_code": code, "registration_status": status})


def report(
    year: int, heads: int | None, revenue: Any, *, published: bool | None = True, **more: Any
) -> list[PlacingFact]:
    """Return what an annual report says, in persons and in yuan."""
    assets = {"total_revenue": revenue, "is_published": published} | more
    return [
        PLACER.fact(BASIC, str(year), {"employee_count": heads, "is_published": published}),
        PLACER.fact(ASSETS, str(year), assets),
    ]


def placed(basis: Basis, *facts: PlacingFact) -> PeerGroup:
    return PLACER.place(facts, basis, DAY)


def test_a_published_report_sizes_and_an_unpublished_one_does_for_authorised_models_alone() -> None:
    assert placed(PUBLIC, registered(), *report(2025, 300, 2000 * WAN)) == ("C", "中型", True)
    for unpublished in (False, None):
        hidden = report(2025, 300, 2000 * WAN, published=unpublished)
        assert placed(PUBLIC, registered(), *hidden) == ("C", UNSIZED, True)
        assert placed(AUTHORISED, registered(), *hidden) == ("C", "中型", True)


@given(
    st.integers(0, 5000), AMOUNTS, AMOUNTS, AMOUNTS, st.sampled_from(["3311", "4710", "7010", "7211", "0514", "7481"])
)
@pytest.mark.attack
def test_no_figure_that_is_not_published_moves_a_public_placement(
    heads: int, revenue: Decimal | None, main: Decimal | None, assets: Decimal | None, code: str
) -> None:
    hidden = report(2025, heads, revenue, published=False, main_business_revenue=main, total_assets=assets)
    assert placed(PUBLIC, registered(code), *hidden) == placed(PUBLIC, registered(code))


def test_the_newest_year_that_tells_a_size_is_taken_whole() -> None:
    # Of 2025 the revenue alone is published: figures of two years do not go together.
    later = [PLACER.fact(ASSETS, "2025", {"total_revenue": 50_000 * WAN, "is_published": True})]
    assert placed(PUBLIC, registered(), *report(2024, 25, 400 * WAN), *later).size == "小型"
    assert placed(PUBLIC, registered(), *report(2024, 25, 400 * WAN), *report(2025, 300, 2000 * WAN)).size == "中型"


@pytest.mark.parametrize(("year", "size"), [(2023, UNSIZED), (2024, "小型"), (2026, "小型"), (2027, UNSIZED)])
def test_a_report_that_is_too_old_or_of_a_year_to_come_sizes_nobody(year: int, size: str) -> None:
    assert placed(PUBLIC, registered(), *report(year, 25, 400 * WAN)).size == size


def test_revenue_is_that_of_the_main_business_but_for_agriculture() -> None:
    said = report(2025, 300, 2000 * WAN, main_business_revenue=Decimal(299 * WAN))
    assert placed(PUBLIC, registered("3311"), *said).size == "微型"
    assert placed(PUBLIC, registered("0514"), *said).size == "中型"


def test_who_is_gone_or_not_registered_is_no_peer() -> None:
    assert [placed(PUBLIC, registered(status=one)).is_there for one in ("1", None, "9", "2", "3", "4", "5", "6")] == [
        True, True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert placed(PUBLIC, *report(2025, 300, 2000 * WAN)) == ("", UNSIZED, False)


def test_another_label_is_another_way_to_place() -> None:
    catalogue = load_catalogue()
    assert Placer(catalogue).hash == PLACER.hash
    item = catalogue.item(ASSETS)
    fields = tuple(replace(one, public_when=()) if one.name == "total_assets" else one for one in item.fields)
    other = SimpleNamespace(item=lambda name: replace(item, fields=fields) if name == ASSETS else catalogue.item(name))
    assert Placer(other).hash != PLACER.hash  # type: ignore[arg-type]


def test_an_industry_that_is_not_in_the_table_or_not_told_whole_is_not_sized() -> None:
    for code, sector in (("6631", "J"), ("59", "G"), ("F", "F"), ("", "")):
        assert placed(AUTHORISED, registered(code), *report(2025, 300, 2000 * WAN))[:2] == (sector, UNSIZED)
