"""The label policy: what the catalogue lets recipients see, as data that is kept with a version.

What was told under one policy is only known by that policy. So it is published before anything is told by it, and
each delivery names the version it was made by.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter

from catalogue import wire
from catalogue.avro import Schema, bank_schema
from catalogue.load import load_catalogue
from catalogue.model import Field, Identity, IdentityKind, Item, Period, Send
from rules.indicators.definitions import load_indicators, public_indicators
from rules.lists.definition import ListDefinition
from rules.lists.loading import load_lists
from rules.rating.model import Basis
from rules.release.permissions import Permission, last_day, load_permissions
from rules.release.plan import ReleasePlan, release_plans
from rules.release.recipients import RecipientKind

_ITEMS = TypeAdapter(tuple[Item, ...])
_PERMISSIONS = TypeAdapter(tuple[Permission, ...])


class ListLabel(NamedTuple):
    """A list that may be told by name, and what it is called there."""

    id: str
    zh: str
    kind: str


class IndicatorLabel(NamedTuple):
    """An indicator: the group in whose row it is a column, and what it is called there."""

    id: str
    group: str
    zh: str
    unit: str


class ToldGroup(NamedTuple):
    """The row of a group: which of its columns may be seen, and its schema, in which all have a place."""

    public: tuple[str, ...]
    schema: Schema


@dataclass(frozen=True)
class Labels:
    """The items as far as release and publication read them, and what rests on public data alone: indicators, lists.

    ``permissions``: what their providers let which kinds of recipients have, sorted. ``indicators``: all that there
    are, sorted; one that is public no more has to be told as null, and so needs its place.
    """

    items: tuple[Item, ...]
    public_indicators: frozenset[str]
    permissions: tuple[Permission, ...] = ()
    lists: frozenset[ListLabel] = frozenset()
    indicators: tuple[IndicatorLabel, ...] = ()

    @functools.cached_property
    def plans(self) -> Mapping[str, ReleasePlan]:
        """What a bank may see with the enterprise's consent, by item id; only of items for which it has a schema."""
        plans = release_plans(self.items, "bank")
        return {name: plan for name, plan in plans.items() if bank_schema(plan.item) is not None}

    @functools.cached_property
    def public_plans(self) -> Mapping[str, ReleasePlan]:
        """Those of the items of which anything is seen without consent."""
        return {name: plan for name, plan in self.plans.items() if not plan.projection.is_blind}

    @functools.cached_property
    def consentable(self) -> frozenset[str]:
        """The ids of the items of which an enterprise's consent lets a bank see more."""
        return frozenset(name for name, plan in self.plans.items() if plan.projection.opens)

    def permitted_to(self, kind: RecipientKind, day: date) -> frozenset[str]:
        """Return the ids of those that a kind of recipient may have with consent, on a day."""
        return frozenset(item for item in self.consentable if self.permitted_until(item, kind, day) is not None)

    @functools.cached_property
    def by_list(self) -> Mapping[str, ListLabel]:
        """The lists that may be told, by their ids."""
        return {label.id: label for label in self.lists}

    @functools.cached_property
    def by_indicator(self) -> Mapping[str, str]:
        """The group of each indicator, by its id."""
        return {label.id: label.group for label in self.indicators}

    @functools.cached_property
    def indicator_groups(self) -> Mapping[str, ToldGroup]:
        """The rows that recipients are told, by group."""
        groups: dict[str, list[IndicatorLabel]] = {}
        for label in self.indicators:
            groups.setdefault(label.group, []).append(label)
        return {group: self._group(group, own) for group, own in groups.items()}

    def _group(self, group: str, own: Iterable[IndicatorLabel]) -> ToldGroup:
        columns = [(label.id, f"{label.zh}（{label.unit}）") for label in own]
        public = tuple(name for name, _ in columns if name in self.public_indicators)
        return ToldGroup(public, wire.bank_indicators(group, columns))

    def permitted_until(self, item: str, kind: RecipientKind, day: date) -> date | None:
        """Return the last day on which a kind of recipient may have what an enterprise consents to of an item.

        None: on ``day`` it may not, for its provider does not permit it (NO_PROVIDER_PERMISSION).
        """
        return last_day(self.permissions, item, kind, day)

    def text(self) -> str:
        """Return them as JSON; equal labels have equal texts, in every process."""
        items = _ITEMS.dump_python(tuple(sorted(self.items, key=lambda item: item.id)), mode="json")
        permissions = _PERMISSIONS.dump_python(tuple(sorted(self.permissions, key=Permission.order)), mode="json")
        for permission in permissions:
            permission["kinds"].sort()
        value = {
            "items": items,
            "public_indicators": sorted(self.public_indicators),
            "permissions": permissions,
            "lists": [label._asdict() for label in sorted(self.lists)],
            "indicators": [label._asdict() for label in self.indicators],
        }
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


class LabelPolicy(NamedTuple):
    """Labels as they were published: ``version`` counts from 1."""

    version: int
    labels: Labels


@functools.cache
def current_labels() -> Labels:
    """Return the labels of this version: of the catalogue, the indicators, the providers' permissions and the lists."""
    return labels_of(load_catalogue().items, public_indicators(), load_permissions(), load_lists().values())


def labels_of(
    items: Iterable[Item],
    public: Iterable[str],
    permissions: Iterable[Permission] = (),
    lists: Iterable[ListDefinition] = (),
    indicators: Iterable[IndicatorLabel] | None = None,
) -> Labels:
    """Return the labels of a catalogue's items, without what they say to those who fill them.

    ``public``: the ids of the indicators that rest on public data alone. Of ``lists`` only those that do are told.
    ``indicators``: None for those of this version. Raises ValueError for a public one that is none of them.
    """
    known = tuple(sorted(_indicators() if indicators is None else indicators))
    if unknown := frozenset(public) - {label.id for label in known}:
        raise ValueError(f"no indicators: {', '.join(sorted(unknown))}")
    # In the order in which they are published: what is told of all items is the same by these and by those.
    ordered = sorted((_item(item) for item in items), key=lambda item: item.id)
    return Labels(
        tuple(ordered),
        frozenset(public),
        tuple(sorted(permissions, key=Permission.order)),
        frozenset(ListLabel(one.id, one.zh, one.kind.value) for one in lists if one.basis is Basis.PUBLIC),
        known,
    )


def read_labels(text: str) -> Labels:
    """Return the labels that a text holds; raises ValueError for one that ``Labels.text`` did not write."""
    value = orjson.loads(text)
    return Labels(
        _ITEMS.validate_python(value["items"]),
        frozenset(value["public_indicators"]),
        # Labels of before there were permissions, or lists were told, name none.
        _PERMISSIONS.validate_python(value.get("permissions", ())),
        frozenset(ListLabel(**label) for label in value.get("lists", ())),
        tuple(IndicatorLabel(**label) for label in value.get("indicators", ())),
    )


def digest_of(text: str) -> str:
    """Return the SHA-256 of the text of some labels, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def differing_items(former: Labels | None, labels: Labels) -> frozenset[str]:
    """Return the ids of the items of which recipients may see something else than before; None: they saw nothing."""
    now = {item.id: replace(item, publication=None) for item in labels.items}
    before = {} if former is None else {item.id: replace(item, publication=None) for item in former.items}
    return frozenset(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


@functools.cache
def _indicators() -> tuple[IndicatorLabel, ...]:
    return tuple(IndicatorLabel(one.id, one.group, one.zh, one.unit) for one in load_indicators())


def _item(item: Item) -> Item:
    # What release does not read has one value for all, so that a change of it is none of the labels.
    return replace(
        item, period=Period.DAILY, units=(), send=Send.FULL, identity=Identity(IdentityKind.CONTENT), source_time=(),
        reporting_period=(), period_declared=False, told_apart_by={}, source="", rated=True,
        fields=tuple(_field(field) for field in item.fields),
    )  # fmt: skip


def _field(field: Field) -> Field:
    return replace(
        field, source="", required=False, added=False, aliases=(), form=None, unit="", correction="", currency="",
        codes_form="", code_words=None, keeps_row=False, may_lie_ahead=False,
        details=tuple(_field(column) for column in field.details),
    )  # fmt: skip
