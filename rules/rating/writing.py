"""A model as the text of a file in ``models/``: reading it gives the same model again (``rules.rating.loading``)."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from rules.indicators.facts import MILLION, from_millionths
from rules.rating.loading import FirstVersion
from rules.rating.model import Card, Model, Segment


def model_file(model: Model, first: FirstVersion, remarks: Sequence[str] = ()) -> str:
    """Return the text of the model's file; ``remarks``: lines that stand at its head."""
    said = {
        "id": model.id,
        "zh": model.zh,
        "basis": model.basis.value,
        "first": {"role": first.role.value, "from": first.since, "approved_by": list(first.approved_by)},
        "segments": [_segment(one) for one in model.segments],
        "thresholds": dict(model.thresholds),
        "vetoes": [
            {"id": one.id, "zh": one.zh, "indicator": one.indicator, "from": _number(one.least), "grade": one.grade}
            for one in model.vetoes
        ],
        "dimensions": [
            {"id": one.id, "zh": one.zh, "cards": [_card(card) for card in one.cards]} for one in model.dimensions
        ],
    }
    head = "".join(f"# {line}\n" for line in remarks)
    return head + yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=200, default_flow_style=None)


def _segment(one: Segment) -> dict[str, Any]:
    said: dict[str, Any] = {"id": one.id, "zh": one.zh}
    if one.codes:
        said["codes"] = list(one.codes)
    if one.indicator is not None:
        said |= {"indicator": one.indicator, "from": _number(one.least)}
    return said | {"coverage": one.coverage}


def _card(card: Card) -> dict[str, Any]:
    said: dict[str, Any] = {
        "indicator": card.indicator,
        "direction": card.direction.value,
        "limits": [_number(limit) for limit in card.limits],
        "points": _by_segment({name: list(points) for name, points in card.points.items()}),
    }
    if card.absent is not None:
        said["absent"] = _number(card.absent)
    else:
        said["unknown"] = _by_segment(card.unknown)
    return said | {"lowers": card.lowers, "raises": card.raises}


def _by_segment(said: Mapping[str, Any]) -> Any:
    """Return what is said of all alike, or of each segment."""
    own = list(said.values())
    return own[0] if all(one == own[0] for one in own) else dict(said)


def _number(millionths: int) -> int | float:
    # Floats of at most fifteen digits come back as they were written.
    return millionths // MILLION if millionths % MILLION == 0 else float(from_millionths(millionths))
