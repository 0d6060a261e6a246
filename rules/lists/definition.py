"""The definition of a list: by which model, on what basis, from which score on and for how many days."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import orjson
from pydantic import TypeAdapter

from rules.rating.model import Basis

RULING = "ruling"
"""In a model's place: whichever model rules."""


class ListKind(StrEnum):
    """Whether it is good to be on a list. A merit is earned by waiting; a warning comes at once and is waited out."""

    MERIT = "merit"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least score, and the grades. Where a person decided about a rating, the grade alone is looked at."""

    score: int
    grades: frozenset[str]

    def reached(self, score: int, grade: str, *, is_reviewed: bool) -> bool:
        """Whether a rating reaches it."""
        return grade in self.grades and (is_reviewed or score >= self.score)


@dataclass(frozen=True)
class ListDefinition:
    """One list. ``upper`` and ``lower`` are the two thresholds between which nothing changes.

    MERIT: who reaches ``upper`` on ``days`` days in a row enters, and who does not reach ``lower`` leaves.
    WARNING: who does not reach ``lower`` enters, and who reaches ``upper`` on ``days`` days in a row leaves.
    """

    id: str
    zh: str
    kind: ListKind
    basis: Basis
    model: str
    upper: Threshold
    lower: Threshold
    days: int

    @cached_property
    def hash(self) -> str:
        """The SHA-256, hex, of all that it says."""
        said = _DEFINITION.dump_python(self, mode="json")
        for name in ("upper", "lower"):
            said[name]["grades"] = sorted(said[name]["grades"])
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def model_of(self, running: Iterable[tuple[str, Basis, bool]]) -> str | None:
        """Return the model that decides; ``running``: id, basis, and whether it rules, of each.

        None where there is none, or where it rests on more than the list may: a public list by a model that reads
        authorised data would disclose them.
        """
        for name, basis, rules in running:
            if (rules if self.model == RULING else name == self.model) and basis in (self.basis, Basis.PUBLIC):
                return name
        return None


_DEFINITION = TypeAdapter(ListDefinition)
