"""The rules of release of one item, compiled once and held by whoever applies them to many records."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from catalogue.model import Item
from rules.release.kinds import Kinds
from rules.release.projection import Projection
from rules.release.publication import PublicationRule, publication_rules

RECIPIENTS = ("bank", "upstream")


class ReleasePlan(NamedTuple):
    """What of an item's records a kind of recipient may see, and which kinds of values these have."""

    item: Item
    projection: Projection
    kinds: Kinds
    publication: PublicationRule | None


def release_plans(items: Iterable[Item], recipient: str) -> Mapping[str, ReleasePlan]:
    """Return the plans by item id; items of which nothing can ever be released to it are left out.

    Banks and the platform above get the same projection; consent is given to banks alone. Raises ValueError for another
    kind of recipient.
    """
    if recipient not in RECIPIENTS:
        raise ValueError(f"no projection is defined for the recipient {recipient!r}")
    items = tuple(items)
    publications = publication_rules(items)
    plans = (ReleasePlan(item, Projection(item), Kinds(item), publications.get(item.id)) for item in items)
    by_consent = recipient == "bank"
    return {
        plan.item.id: plan
        for plan in plans
        if not (plan.projection.is_closed if by_consent else plan.projection.is_blind)
    }
