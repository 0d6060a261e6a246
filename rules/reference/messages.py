"""References as their topic says them, decoded: ``reference.v1``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalogue.errors import PoisonMessage
from rules.rating.model import Basis
from rules.reference.cells import LEAST_PEERS, PERCENTS, Cell
from rules.reference.reference import Reference


def value_of(reference: Reference, made_at: datetime) -> dict[str, Any]:
    """Return the fields of a ``RatingReference``."""
    return {
        "model": reference.model,
        "model_hash": reference.model_hash,
        "basis": reference.basis.value,
        "since": reference.since,
        "as_of": reference.as_of,
        "placing": reference.placing,
        "rated": reference.rated,
        "hash": reference.hash,
        "cells": [cell._asdict() for cell in reference.cells],
        "positions": [
            {"topic": topic, "partition": partition, "next_offset": offset}
            for (topic, partition), offset in sorted(reference.positions.items())
        ],
        "made_at": made_at,
    }


def reference_of(value: Mapping[str, Any]) -> Reference:
    """Return the reference that a decoded message says; raises PoisonMessage for one that is none.

    Its hash must be that of what it says, and no cell may be of fewer than ``LEAST_PEERS``.
    """
    try:
        found = Reference(
            model=value["model"],
            model_hash=value["model_hash"],
            basis=Basis(value["basis"]),
            since=value["since"],
            as_of=value["as_of"],
            placing=value["placing"],
            rated=value["rated"],
            cells=tuple(
                Cell(one["sector"], one["size"], one["enterprises"], tuple(one["quantiles"])) for one in value["cells"]
            ),
            positions={(one["topic"], one["partition"]): one["next_offset"] for one in value["positions"]},
        )
        is_whole = found.hash == value["hash"]
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise PoisonMessage(f"It holds no reference: {type(exc).__name__}.") from exc
    if not is_whole or any(c.enterprises < LEAST_PEERS or len(c.quantiles) != len(PERCENTS) for c in found.cells):
        raise PoisonMessage("The reference is not what its hash says, or has a cell of too few enterprises.")
    return found
