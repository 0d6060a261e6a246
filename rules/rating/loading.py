"""The shipped rating models (``models/*.yaml``), each checked when it is read; what is wrong is told by file and line.

A model on a public basis may use only indicators that are public and told: a grade that is made of anything else
discloses it to whoever sees the grade.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalogue.errors import CatalogueError
from catalogue.model import Sensitivity
from rules.definition_files import LINE, DefinitionFile
from rules.indicators.definitions import Indicator, load_indicators
from rules.indicators.facts import MILLION, millionths
from rules.rating.approval import check_approvers
from rules.rating.checks import check_card, check_cases, check_model
from rules.rating.grades import GRADES, UNRATED
from rules.rating.model import MOST, Basis, Card, Dimension, Direction, Model, Segment, Veto
from rules.rating.schedule import Role

MODELS = Path(__file__).parent / "models"
_KEYS = frozenset({"id", "zh", "basis", "first", "segments", "thresholds", "dimensions", "vetoes"})
_SEGMENT_KEYS = frozenset({"id", "zh", "codes", "indicator", "from", "coverage"})
_DIMENSION_KEYS = frozenset({"id", "zh", "cards"})
_CARD_KEYS = frozenset({"indicator", "direction", "limits", "points", "absent", "unknown", "lowers", "raises"})
_VETO_KEYS = frozenset({"id", "zh", "indicator", "from", "grade"})


@dataclass(frozen=True, slots=True)
class FirstVersion:
    """As what a model's first version is published by ``prepare``, from when, and who approved of it."""

    role: Role
    since: date
    approved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """A model as its file says it."""

    model: Model
    first: FirstVersion


@functools.cache
def load_models(folder: Path = MODELS) -> Mapping[str, ShippedModel]:
    """Read the models, by their ids; raises CatalogueError, with file and line, for what is wrong with one."""
    indicators = {one.id: one for one in load_indicators()}
    found: dict[str, ShippedModel] = {}
    for path in sorted(folder.glob("*.yaml")):
        one = load_model(path, indicators)
        if one.model.id in found:
            raise CatalogueError(f"{path.name}: the model {one.model.id} is there twice.")
        found[one.model.id] = one
    return found


def load_model(path: Path, indicators: Mapping[str, Indicator]) -> ShippedModel:
    """Read one file; raises CatalogueError, with file and line, for what is wrong with it."""
    return _File(path, indicators).read()


class _File(DefinitionFile):
    def __init__(self, path: Path, indicators: Mapping[str, Indicator]) -> None:
        super().__init__(path)
        self._indicators, self._basis = indicators, Basis.PUBLIC

    def read(self) -> ShippedModel:
        """Return the model."""
        return self._made(self._shipped)

    def _shipped(self, row: Any) -> ShippedModel:
        if not isinstance(row, dict):
            raise ValueError("it holds no model")
        self._known(row, _KEYS)
        self._basis = Basis(row["basis"])
        segments = tuple(self._segment(one) for one in row["segments"])
        names = tuple(one.id for one in segments)
        dimensions = tuple(self._dimension(one, names) for one in row["dimensions"])
        vetoes = tuple(self._veto(one) for one in row["vetoes"])
        thresholds = {grade: int(least) for grade, least in row["thresholds"].items() if grade != LINE}
        model = Model(str(row["id"]), row["zh"], self._basis, segments, thresholds, dimensions, vetoes)
        self._line = row[LINE]
        if model.id != self._path.stem:
            raise ValueError(f"it is named {model.id}, and lies in {self._path.name}")
        check_model(model)
        return ShippedModel(model, self._first(row["first"]))

    def _segment(self, row: Mapping[str, Any]) -> Segment:
        self._known(row, _SEGMENT_KEYS)
        name = row.get("indicator")
        if name is not None:
            self._indicator(name)
        return Segment(
            row["id"], row["zh"], int(row["coverage"]), tuple(map(str, row.get("codes", ()))), name,
            _exact(row["from"]) if name is not None else 0,
        )  # fmt: skip

    def _dimension(self, row: Mapping[str, Any], segments: tuple[str, ...]) -> Dimension:
        self._known(row, _DIMENSION_KEYS)
        return Dimension(row["id"], row["zh"], tuple(self._card(one, segments) for one in row["cards"]))

    def _card(self, row: Mapping[str, Any], segments: tuple[str, ...]) -> Card:
        self._known(row, _CARD_KEYS)
        one = self._indicator(row["indicator"])
        if one.direction == "none":
            if "direction" not in row:
                raise ValueError(f"{one.id} has no direction of its own: say direction")
        elif row.get("direction", one.direction) != one.direction:
            raise ValueError(f"{one.id} is defined to go {one.direction}")
        absent = row.get("absent")
        card = Card(
            indicator=one.id,
            zh=one.zh,
            unit=one.unit,
            items=tuple(sorted({series.item for series in one.series})),
            direction=Direction(row.get("direction", one.direction)),
            limits=tuple(_exact(limit) for limit in row["limits"]),
            points=_by_segment(row["points"], segments, lambda said: tuple(map(int, said))),
            absent=None if absent is None else _exact(absent),
            unknown=_by_segment(row["unknown"], segments, int) if "unknown" in row else {},
            lowers=row["lowers"],
            raises=row["raises"],
        )
        check_card(card, segments)
        return card

    def _veto(self, row: Mapping[str, Any]) -> Veto:
        self._known(row, _VETO_KEYS)
        one, grade = self._indicator(row["indicator"]), row["grade"]
        if grade not in (*GRADES[1:], UNRATED):
            raise ValueError(f"a veto lets the grade be {', '.join(GRADES[1:])} at best, or {UNRATED}, and not {grade}")
        if one.direction != "down":
            raise ValueError(f"{one.id} is nothing that counts against anybody")
        items = tuple(sorted({series.item for series in one.series}))
        return Veto(row["id"], row["zh"], one.id, items, _exact(row["from"]), grade)

    def _first(self, row: Mapping[str, Any]) -> FirstVersion:
        self._known(row, frozenset({"role", "from", "approved_by"}))
        approved_by = check_approvers(row["approved_by"])
        if not isinstance(row["from"], date):
            raise ValueError(f"from is a day, and not {row['from']!r}")
        return FirstVersion(Role(row["role"]), row["from"], approved_by)

    def _indicator(self, name: str) -> Indicator:
        one = self._indicators.get(name)
        if one is None:
            raise ValueError(f"there is no indicator {name}")
        if self._basis is Basis.PUBLIC:
            if one.sensitivity is not Sensitivity.PUBLIC:
                raise ValueError(f"{name} is not public: a public grade that is made of it would disclose it")
            if not one.told:
                raise ValueError(f"{name} is told to nobody: a public grade that is made of it would disclose it")
        check_cases(one)
        return one


def _by_segment(said: Any, segments: tuple[str, ...], read: Any) -> dict[str, Any]:
    """Return what is said of each segment, or of all alike."""
    if not isinstance(said, dict):
        return {name: read(said) for name in segments}
    return {str(name): read(one) for name, one in said.items() if name != LINE}


def _exact(number: Any) -> int:
    exact = Decimal(str(number))
    if exact * MILLION % 1:
        raise ValueError(f"{number} has more than six decimals")
    if abs(found := millionths(exact)) >= MOST:
        raise ValueError(f"{number} is too large")
    return found


def in_order_of_publication(models: Mapping[str, ShippedModel]) -> Iterator[ShippedModel]:
    """Yield the models in the order in which their first versions are published: what rules first."""
    yield from sorted(models.values(), key=lambda one: (one.first.role is not Role.RULING, one.model.id))
