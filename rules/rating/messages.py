"""Models and reviews as their topics say them, decoded: ``model.v1`` and ``review.v1``."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from catalogue.errors import PoisonMessage
from rules.rating.grades import GRADES
from rules.rating.model import Model, hash_of, read_model
from rules.rating.reviews import Entry, EntryKind
from rules.rating.schedule import ModelVersion, Role


def version_of(value: Mapping[str, Any]) -> ModelVersion:
    """Return the version that a decoded ``RatingModel`` says; raises PoisonMessage for one that is none.

    Its content must be what its hash says, and can be read.
    """
    try:
        found = ModelVersion(
            number=value["number"],
            model=value["model"],
            role=Role(value["role"]),
            since=value["since"],
            content=value["content"],
            hash=value["hash"],
            approved_by=tuple(value["approved_by"]),
        )
        model = content_of(found)
    except (KeyError, TypeError, ValueError) as exc:
        raise PoisonMessage(f"It holds no rating model: {type(exc).__name__}.") from exc
    if hash_of(found.content) != found.hash or model.id != found.model:
        raise PoisonMessage("The content of the rating model is not what its hash and its id say.")
    return found


def content_of(version: ModelVersion) -> Model:
    """Return the model that a version holds."""
    return read_model(version.content)


def entry_of(value: Mapping[str, Any]) -> Entry:
    """Return the review or appeal that a decoded ``Review`` says; raises PoisonMessage for one that is none."""
    try:
        kind = EntryKind(value["kind"])
        if kind is EntryKind.APPEAL:
            return Entry(value["number"], kind)
        grade, until = value["grade"], value["until"]
        if grade not in GRADES or not isinstance(until, date):
            raise ValueError("no grade, or no end")
        return Entry(value["number"], kind, value["model"], value["proposed"], grade, until)
    except (KeyError, TypeError, ValueError) as exc:
        raise PoisonMessage(f"It holds no review and no appeal: {type(exc).__name__}.") from exc
