"""Where an enterprise stands on a list now, as the store keeps it, and what is published of it."""

import marshal
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from rules.lists.definition import ListDefinition
from rules.lists.digest import membership_hash
from rules.lists.membership import Membership, Status

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0


class ListStanding(NamedTuple):
    """A membership that was published, by which definition and model; ``model`` is empty where there was none.

    ``basis``: the definition's; empty where a former store did not keep it.
    """

    sequence: int
    membership: Membership
    definition_hash: str
    model: str
    basis: str

    def is_the_same(self, other: "ListStanding | None") -> bool:
        """Whether both say the same, whatever their sequences."""
        # The basis is in the definition's hash.
        return other is not None and self[1:4] == other[1:4]

    def due(self, definition: ListDefinition) -> date | None:
        """Return the day at whose end it is to be looked at again."""
        return self.membership.due(definition)

    def value(self, subject: str, definition: ListDefinition, as_of: date, changed_at: datetime) -> dict[str, Any]:
        """Return the fields of ``list.v1``."""
        said = self.membership
        return {
            "subject": subject,
            "list": definition.id,
            "sequence": self.sequence,
            "as_of": as_of,
            "hash": membership_hash(said, definition, self.model),
            "list_name": definition.zh,
            "basis": definition.basis.value,
            "definition_hash": self.definition_hash,
            "model": self.model,
            "status": said.status.value,
            "since": said.since,
            "counted_from": said.counted_from,
            "due": said.due(definition),
            "reasons": list(said.reasons),
            "changed_at": changed_at,
        }


def pack(standing: ListStanding) -> bytes:
    """Return it as the store keeps it."""
    status, since, counted_from, reasons = standing.membership
    began = 0 if counted_from is None else counted_from.toordinal()
    said = (status.value, since.toordinal(), began, reasons)
    return marshal.dumps((standing.sequence, said, standing.definition_hash, standing.model, standing.basis))


def unpack(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> ListStanding:
    """Return what the store kept, packed or as it was restored from ``list.v1``, which ``decode`` reads."""
    if raw[0] != _AVRO:
        sequence, (status, since, began, reasons), definition_hash, model, *basis = marshal.loads(raw)
        counted_from = date.fromordinal(began) if began else None
        membership = Membership(Status(status), date.fromordinal(since), counted_from, reasons)
        return ListStanding(sequence, membership, definition_hash, model, *(basis or [""]))
    value = decode(raw)
    membership = Membership(Status(value["status"]), value["since"], value["counted_from"], tuple(value["reasons"]))
    return ListStanding(value["sequence"], membership, value["definition_hash"], value["model"], value["basis"])
