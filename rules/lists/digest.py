"""The hash of a membership: two are the same when it is; days of deciding, sequences and Chinese names are outside."""

import hashlib

from rules.lists.definition import ListDefinition
from rules.lists.membership import Membership


def membership_hash(membership: Membership, definition: ListDefinition, model: str) -> str:
    """Return the SHA-256, hex, over where somebody stands on a list, and by what that was decided."""
    status, since, counted_from, reasons = membership
    due = membership.due(definition)
    said = (
        definition.basis.value, definition.hash, model, status.value, since.isoformat(),
        "" if counted_from is None else counted_from.isoformat(), "" if due is None else due.isoformat(), *reasons,
    )  # fmt: skip
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
