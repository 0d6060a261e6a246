"""Which models rate on a business date, as they were published: one rules, the others run as shadows beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a model is published as: its grades count, or they are only compared."""

    RULING = "RULING"
    SHADOW = "SHADOW"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model that was published; the ``number`` counts 1…n over all models."""

    number: int
    model: str
    role: Role
    since: date
    content: str
    hash: str
    approved_by: tuple[str, ...]


class Running(NamedTuple):
    """A model that rates on a day."""

    version: ModelVersion
    rules: bool


def running_on(versions: Iterable[ModelVersion], day: date) -> tuple[Running, ...]:
    """Return what rates on a day, by the models' ids: of each model the version that began last.

    The ruling model is the one that was last to begin to rule; of those of one day the last that was published.
    """
    began = sorted((one for one in versions if one.since <= day), key=lambda one: (one.since, one.number))
    newest = {one.model: one for one in began}
    ruling = [one for one in began if one.role is Role.RULING]
    if ruling:
        # A later version as a shadow does not take away what rules.
        newest[ruling[-1].model] = ruling[-1]
    return tuple(Running(newest[name], bool(ruling) and newest[name] is ruling[-1]) for name in sorted(newest))
