"""What has no column in a table, as JSON texts: tools that fill tables leave arrays out, or stop at them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from rules.release.entitlement import ItemStatus
from rules.release.reasons import Withheld


def codes_text(withheld: Sequence[Withheld]) -> str | None:
    """Return the codes by which fields are withheld, by their names; None where none is."""
    return orjson.dumps({one.field: one.code for one in withheld}).decode() if withheld else None


def consents_text(consents: Sequence[str]) -> str | None:
    """Return the numbers of consents; None where there are none."""
    return orjson.dumps(list(consents)).decode() if consents else None


def with_details_texts(visible: Mapping[str, Any], details: Iterable[str]) -> Mapping[str, Any]:
    """Return the fields that are seen of a record, beside each of ``details`` its rows as a text."""
    texts = {
        f"{name}_json": orjson.dumps(rows, default=_plain).decode()
        for name in details
        if (rows := visible.get(name)) is not None
    }
    return {**visible, **texts} if texts else visible


def statuses_text(items: Sequence[ItemStatus]) -> str:
    """Return what is told of each item, as ``items`` of a Scope has it."""
    return orjson.dumps([scope_item(one) for one in items]).decode()


def scope_item(one: ItemStatus) -> dict[str, Any]:
    """Return what a Scope says of an item."""
    return {"item": one.item, "status": one.status, "code": one.code or None, "consents": list(one.consents)}


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)
