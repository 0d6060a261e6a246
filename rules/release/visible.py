"""What a recipient of the projection sees of the records of a change: one rule for the sinks and whoever checks them.

The merge reads a payload only where an indicator needs it. What cannot be read, or says values of another kind than the
item has, concerns its own record and no other.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from catalogue.envelope import PERSON_PREFIX, UNIT_PREFIX, Op
from catalogue.errors import PoisonMessage
from catalogue.model import Item
from rules.release.kinds import misfit
from rules.release.projection import Projected, project, releasable

Payload = Callable[[int, bytes], Any]
"""Decodes the data of an event by its schema id, or raises PoisonMessage: ``bus.avro.decoding.Decoder.payload``."""
SetAside = Callable[[Mapping[str, Any], PoisonMessage], None]
"""Is told which record of a change was passed over, and why."""


# Another than any that a recipient may have, so that whatever comes next is told, a withdrawal too.
_UNKNOWN = Projected({}, [("", "")])


class VisibleChange(NamedTuple):
    """A record of a change, and what the recipient could see of it before and can now; None: nothing."""

    record: Mapping[str, Any]
    item: Item
    before: Projected | None
    after: Projected | None

    @property
    def op(self) -> Op:
        """What the recipient is told."""
        return Op.WITHDRAW if self.after is None else Op.REPORT

    @property
    def values_before(self) -> dict[str, Any] | None:
        """The filled fields that the recipient could see."""
        return None if self.before is None else _filled(self.before.visible)

    @property
    def values(self) -> dict[str, Any] | None:
        """The filled fields that the recipient can see now."""
        return None if self.after is None else _filled(self.after.visible)


def visible(
    change: Mapping[str, Any], items: Mapping[str, Item], payload: Payload, recipient: str, set_aside: SetAside
) -> Iterator[VisibleChange]:
    """Yield the records of a value of ``credit.change.v1`` of which the recipient sees something else than before.

    Nothing about persons or reporting units. A record that cannot be read is passed over and told to
    ``set_aside``; where the former version cannot be, what the recipient has is that of one before it, or nothing.
    """
    if _is_no_enterprise(change):
        return
    for record in change["records"]:
        item = items.get(record["item"])
        if item is None or not releasable(item):
            continue
        try:
            after = _projected(item, record, "", payload, recipient) if record["live"] else None
        except PoisonMessage as problem:
            set_aside(record, problem)
            continue
        try:
            before = _projected(item, record, "previous_", payload, recipient) if record["was_live"] else None
        except PoisonMessage:
            before = _UNKNOWN
        if before != after:
            yield VisibleChange(record, item, before, after)


def moved_indicators(change: Mapping[str, Any], public: Collection[str]) -> dict[str, Any]:
    """Return by id what a change says of the indicators that are ``public``; nothing where it says nothing of them."""
    if _is_no_enterprise(change):
        return {}
    return {one["id"]: one["current"] for one in change["indicators"] if one["id"] in public}


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [_filled(row) for row in value] if type(value) is list else value
        for name, value in values.items()
        if value is not None
    }


def _is_no_enterprise(change: Mapping[str, Any]) -> bool:
    return str(change["subject"]).startswith((PERSON_PREFIX, UNIT_PREFIX))


def _projected(item: Item, record: Mapping[str, Any], which: str, payload: Payload, recipient: str) -> Projected | None:
    held, schema_id = record[f"{which}payload"], record[f"{which}schema_id"]
    if held is None or schema_id is None:
        return None
    data = payload(schema_id, held)
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise PoisonMessage("The payload is no record of fields.")
    strange = misfit(item, data)
    if strange is not None:
        raise PoisonMessage(f"“{strange.zh}” is of another kind than {item.id} has.")
    return project(item, data, recipient)
