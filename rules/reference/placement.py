"""Where an enterprise belongs among its peers: its sector (GB/T 4754 section), its size, and whether it is there.

A model on a public basis is told nothing but what anybody may see (``rules.release.projection``): whoever learns the
cell of an enterprise, or how a cell is spread, must not learn consent data by it. An authorised one sees whole records.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from catalogue.model import Catalogue, Item
from catalogue.periods import period_end
from rules.rating.model import Basis
from rules.release.projection import Projection
from rules.size.industry import SECTIONS_FILE, industry_of
from rules.size.table import FILE, UNSIZED, SizedIndustry, load_size_table

REGISTRATION, BASIC, ASSETS = "market.registration", "market.annual_report_basic", "market.annual_report_assets"
_FIELDS: Mapping[str, tuple[str, ...]] = {
    REGISTRATION: ("industry_code", "industry_name", "registration_status"),
    BASIC: ("employee_count",),
    ASSETS: ("main_business_revenue", "total_revenue", "total_assets"),
}
PLACING_ITEMS = tuple(_FIELDS)
# 吊销, 注销, 撤销, 迁出: whoever is gone is no peer of those who are there.
_GONE = frozenset("23456")
# The report of a year is due on 30 June of the next one, so that in spring the newest is of the year before last.
_YEARS_BACK = 2


class PlacingFact(NamedTuple):
    """A record of one of ``PLACING_ITEMS`` that counts and is effective, with the fields that placing needs."""

    item: str
    period: str | None
    data: Mapping[str, Any]


class PeerGroup(NamedTuple):
    """``sector``: a letter from A to T, empty where it is unknown; ``size``: one of ``rules.size.table.ALL_SIZES``."""

    sector: str
    size: str
    is_there: bool
    """Whether it is registered, and neither revoked nor deregistered nor moved away."""


class Placer:
    """Places enterprises by the labels of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        items = {name: catalogue.item(name) for name in PLACING_ITEMS}
        self._projections = {name: Projection(item) for name, item in items.items()}
        self._names = {name: _needed(item) for name, item in items.items()}
        self._table = load_size_table()
        self.hash = _hash([*items.values()], self._names)
        """Of the tables and labels by which it places: by others the same records may lie in other cells."""

    def fact(self, item: str, period: str | None, data: Mapping[str, Any] | None) -> PlacingFact:
        """Return what is kept of a record."""
        said = data or {}
        return PlacingFact(item, period, {name: said.get(name) for name in self._names[item]})

    def place(self, facts: Iterable[PlacingFact], basis: Basis, day: date) -> PeerGroup:
        """Return where an enterprise belongs on a day, by its records that count and are effective on it."""
        registration: Mapping[str, Any] | None = None
        years: dict[int, dict[str, Any]] = {}
        for fact in facts:
            seen = self._seen(fact, basis)
            if fact.item == REGISTRATION:
                registration = seen
            elif fact.period is not None:
                years.setdefault(period_end(fact.period).year, {}).update(seen)
        if registration is None:
            return PeerGroup("", UNSIZED, False)
        industry = industry_of(registration.get("industry_code"), registration.get("industry_name"))
        sized = self._table.industry(industry.digits)
        is_there = registration.get("registration_status") not in _GONE
        return PeerGroup(industry.section, UNSIZED if sized is None else _size(sized, years, day), is_there)

    def _seen(self, fact: PlacingFact, basis: Basis) -> Mapping[str, Any]:
        if basis is Basis.AUTHORISED:
            return fact.data
        projected = self._projections[fact.item].project(fact.data)
        return {} if projected is None else projected.visible


def _needed(item: Item) -> tuple[str, ...]:
    """Return the fields that placing reads, and those that say whether they are public."""
    conditions = {condition.field for field in item.fields for condition in field.public_when}
    return (*_FIELDS[item.id], *sorted(conditions))


def _hash(items: Iterable[Item], names: Mapping[str, tuple[str, ...]]) -> str:
    fields = [(item.id, item.field(name)) for item in items for name in names[item.id]]
    labels = [(item, one.name, one.sensitivity.value, sorted(map(repr, one.public_when))) for item, one in fields]
    said = b"".join(file.read_bytes() for file in (FILE, SECTIONS_FILE)) + repr(labels).encode()
    return hashlib.sha256(said).hexdigest()


def _size(industry: SizedIndustry, years: Mapping[int, Mapping[str, Any]], day: date) -> str:
    """Return the size by the newest year that tells it: figures of different years do not go together."""
    for year in sorted(years, reverse=True):
        if not day.year - _YEARS_BACK <= year <= day.year:
            continue
        said = years[year]
        revenue = next((said[name] for name in industry.revenue_fields if said.get(name) is not None), None)
        figures = {"employees": said.get("employee_count"), "revenue": revenue, "assets": said.get("total_assets")}
        if (size := industry.size(figures)) != UNSIZED:
            return size
    return UNSIZED
