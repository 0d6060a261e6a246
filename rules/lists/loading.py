"""The shipped lists (``*.yaml``), each checked when it is read; what is wrong is told by file and line."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rules.definition_files import LINE, DefinitionFile
from rules.lists.definition import RULING, ListDefinition, ListKind, Threshold
from rules.rating.grades import GRADES, MOST_POINTS
from rules.rating.loading import load_models
from rules.rating.model import Basis

LISTS = Path(__file__).parent
MOST_DAYS = 366
_KEYS = frozenset({"id", "zh", "kind", "basis", "model", "enter", "leave"})
_LIMIT = frozenset({"score", "grades"})


@functools.cache
def load_lists(folder: Path = LISTS) -> Mapping[str, ListDefinition]:
    """Read the lists, by their ids; raises CatalogueError, with file and line, for what is wrong with one."""
    found: dict[str, ListDefinition] = {}
    for path in sorted(folder.glob("*.yaml")):
        one = load_list(path)
        found[one.id] = one
    return found


def load_list(path: Path) -> ListDefinition:
    """Read one file; raises CatalogueError, with file and line, for what is wrong with it."""
    return _File(path).read()


class _File(DefinitionFile):
    def read(self) -> ListDefinition:
        """Return the list."""
        return self._made(self._list)

    def _nothing(self, row: Any) -> str:
        return "it holds no list" if row is None else super()._nothing(row)

    def _list(self, row: Any) -> ListDefinition:
        self._known(row, _KEYS)
        if row["id"] != self._path.stem:
            raise ValueError(f"it is named {row['id']}, and lies in {self._path.name}")
        kind, basis, model = ListKind(row["kind"]), Basis(row["basis"]), str(row["model"])
        shipped = None if model == RULING else load_models().get(model)
        if model != RULING and shipped is None:
            raise ValueError(f"there is no model {model}")
        if shipped is not None and basis is Basis.PUBLIC and shipped.model.basis is not Basis.PUBLIC:
            raise ValueError(f"{model} reads authorised data: a public list by it would disclose them")
        # A merit is entered above, and left below; a warning the other way.
        waits, at_once = ("enter", "leave") if kind is ListKind.MERIT else ("leave", "enter")
        upper, days = self._threshold(row[waits], _LIMIT | {"days"}), self._days(row[waits])
        lower = self._threshold(row[at_once], _LIMIT)
        self._line = row[LINE]
        if not lower.score < upper.score or not upper.grades <= lower.grades:
            raise ValueError(f"{waits} is the upper of the two thresholds, and {at_once} lies below it")
        return ListDefinition(row["id"], row["zh"], kind, basis, model, upper, lower, days)

    def _threshold(self, row: Any, keys: frozenset[str]) -> Threshold:
        self._known(row, keys)
        score, grades = row["score"], frozenset(row["grades"])
        if type(score) is not int or not 0 <= score <= MOST_POINTS:
            raise ValueError(f"a score is of {MOST_POINTS}, and not {score}")
        if not grades or not grades <= frozenset(GRADES):
            raise ValueError(f"grades are some of {', '.join(GRADES)}")
        return Threshold(score, grades)

    def _days(self, row: Mapping[str, Any]) -> int:
        self._line, days = row[LINE], row["days"]
        if type(days) is not int or not 1 <= days <= MOST_DAYS:
            raise ValueError(f"days are 1 to {MOST_DAYS}, and not {days}")
        return days
