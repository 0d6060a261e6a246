"""The definitions of the indicators: data, a file a theme (``definitions/*.yaml``), each checked when it is read.

``docs/indicators.md`` tells the language. How sensitive an indicator is follows from the catalogue's fields that it
looks at; it is never typed.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from catalogue.errors import CatalogueError
from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Field, FieldType, Item, Sensitivity
from rules.indicators.closing import load_closings
from rules.indicators.conditions import RowCondition
from rules.indicators.expressions import Expression, read_expression
from rules.indicators.sensitivity import internal_fields, most_sensitive, public_conditions, sensitivity_of
from rules.indicators.series import THE_DAY, THE_PERIOD, Series

DEFINITIONS = Path(__file__).parent / "definitions"
CROSS = "cross"
"""The group, and the file, of the indicators over several items; no item is called so."""
DAY_UNIT = "年月日"
_SERIES_KEYS = frozenset(
    {
        "id", "item", "at", "closed", "details", "value", "ranks", "where", "public", "until", "through", "within",
        "totals", "from", "by",
    }
)  # fmt: skip
_INDICATOR_KEYS = frozenset({"id", "zh", "is", "unit", "missing", "direction", "bands", "told", "alike"})
_DIRECTIONS = ("up", "down", "none")
_PLACED = frozenset({FieldType.DATE, FieldType.TIMESTAMP, FieldType.MONTH})
_VALUED = frozenset(
    {
        FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER, FieldType.YEAR, FieldType.DATE, FieldType.TIMESTAMP,
        FieldType.TEXT, FieldType.CODE, FieldType.USCC,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator."""

    id: str
    zh: str
    group: str
    """The item that it looks at, with whose other indicators it is computed; ``CROSS``: it looks at several."""
    expression: Expression
    unit: str
    is_zero_missing: bool
    """Whether it is 0 where it is unknown; else it is null."""
    direction: str
    """Whether more of it is better for whoever it is about (up), worse (down), or neither (none)."""
    bands: tuple[Decimal, ...]
    """The limits between which two values are told to be alike, in order."""
    told: bool
    """Whether banks are told of it."""
    sensitivity: Sensitivity
    alike: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Why it is there beside another one that orders enterprises alike, by the other's id."""

    @property
    def is_day(self) -> bool:
        """Whether its value is a day, as the number YYYYMMDD."""
        return self.unit == DAY_UNIT

    @property
    def series(self) -> tuple[Series, ...]:
        """The series that it looks at, each once."""
        return tuple({atom.series.key: atom.series for atom in self.expression.atoms}.values())

    @property
    def items(self) -> tuple[str, ...]:
        """The items that it looks at, each once."""
        return tuple(dict.fromkeys(one.item for one in self.series))

    def rounded(self, value: int | None) -> int | None:
        """Return what the expression came to, as the indicator says it."""
        return 0 if value is None and self.is_zero_missing else value


@functools.cache
def load_indicators(folder: Path = DEFINITIONS) -> tuple[Indicator, ...]:
    """Read the definitions; raises CatalogueError, with file and line, for what is wrong with one."""
    catalogue = load_catalogue()
    found: dict[str, Indicator] = {}
    homes: dict[str, str] = {}
    named: dict[str, Series] = {}
    # What sets sources against each other names the series of the other files.
    for path in sorted(folder.glob("*.yaml"), key=lambda path: (path.stem == CROSS, path.name)):
        for one in _File(path, catalogue, homes, named).indicators():
            if one.id in found:
                raise CatalogueError(f"{path.name}: the indicator {one.id} is defined twice.")
            found[one.id] = one
    return tuple(found.values())


def public_indicators() -> frozenset[str]:
    """Return the ids of the indicators that rest on public data alone, and that banks are told."""
    return frozenset(one.id for one in load_indicators() if one.sensitivity is Sensitivity.PUBLIC and one.told)


class _File:
    """One file: its series, and the indicators that are made of them."""

    def __init__(self, path: Path, catalogue: Catalogue, homes: dict[str, str], named: dict[str, Series]) -> None:
        """``homes``: by the item the file in which its series lie, ``named``: all series; both are added to."""
        self._name, self._catalogue, self._homes, self._named = path.name, catalogue, homes, named
        self._stem = path.stem
        self._node: Any = None
        loader = yaml.CSafeLoader(path.read_text("utf-8"))
        try:
            self._sections = self._read(loader)
        except yaml.YAMLError as exc:
            raise CatalogueError(f"{path.name}: {exc}") from exc
        finally:
            loader.dispose()

    def indicators(self) -> Iterator[Indicator]:
        """Yield the indicators of the file."""
        series: dict[str, Series] = {}
        for line, row in self._sections.get("series", ()):
            one = self._checked(line, row, _SERIES_KEYS, self._series)
            if one.id in series:
                raise CatalogueError(f"{self._name}, line {line}: the series {one.id} is defined twice.")
            series[one.id] = self._named[f"{self._stem}.{one.id}"] = one
        if self._stem == CROSS:
            series = self._named
        for line, row in self._sections.get("indicators", ()):
            yield self._checked(line, row, _INDICATOR_KEYS, lambda said: self._indicator(said, series))

    def _read(self, loader: yaml.CSafeLoader) -> dict[str, list[tuple[int, dict[str, Any]]]]:
        """Return each section's rows with their lines."""
        document = loader.get_single_node()
        sections: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for key, rows in getattr(document, "value", ()):
            if key.value not in ("series", "indicators"):
                raise CatalogueError(
                    f"{self._name}, line {key.start_mark.line + 1}: {key.value} is neither series nor indicators."
                )
            sections[key.value] = [
                (row.start_mark.line + 1, loader.construct_object(row, deep=True)) for row in rows.value
            ]
        return sections

    def _checked(self, line: int, row: dict[str, Any], keys: frozenset[str], make: Any) -> Any:
        try:
            if not isinstance(row, dict):
                raise CatalogueError(f"{self._name}, line {line}: {row!r} is no definition.")
            if unknown := sorted(row.keys() - keys):
                raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join(sorted(keys))}")
            return make(row)
        except KeyError as exc:
            raise CatalogueError(f"{self._name}, line {line}: {row.get('id', '?')} does not say {exc}.") from exc
        except RecursionError:
            raise CatalogueError(f"{self._name}, line {line}: an expression is too deep.") from None
        except (ValueError, InvalidOperation, TypeError, AttributeError) as exc:
            raise CatalogueError(f"{self._name}, line {line}: {row.get('id', '?')}: {exc}.") from exc

    def _series(self, row: Mapping[str, Any]) -> Series:
        if self._stem == CROSS:
            raise ValueError("a series lies in the file of its item")
        item = self._item(row["item"])
        details = _field(item, row["details"]) if "details" in row else None
        columns = item.fields if details is None else details.details
        at, value = row.get("at", "source_time"), row.get("value")
        place = None if at in ("period", "source_time") else _named(columns, at, f"{item.id} has no field {at}")
        if place is not None and place.type not in _PLACED:
            raise ValueError(f"{at} is no date and no month")
        in_months = at == "period" or (place is not None and (place.type is FieldType.MONTH or "closed" in row))
        how = row.get("closed", "monthly")
        if how not in load_closings():
            raise ValueError(f"closed is {', '.join(load_closings())}, and not {how}")
        closing = load_closings()[how] if in_months else None
        valued = None if value in (None, THE_DAY) else _named(columns, value, f"{item.id} has no field {value}")
        if valued is not None and valued.type not in _VALUED:
            raise ValueError(f"{value} is no number, day or text")
        ends = (*row.get("until", ()), *row.get("through", ()))
        for name in (*ends, *(row[key] for key in ("totals", "from", "by") if key in row)):
            if name != THE_PERIOD or name != row.get("by"):
                _field(item, name)
        where = RowCondition(row["where"], columns) if "where" in row else None
        series = Series(
            id=row["id"], item=item.id, closing=closing,
            date_field=None if place is None else place.name,
            details=None if details is None else details.name,
            value=value, value_type=None if valued is None else valued.type,
            ranks=_ranks(row.get("ranks", {}), valued),
            where=where, public_when=public_conditions(item, columns) if row.get("public") else (),
            until=tuple(row.get("until", ())), through=tuple(row.get("through", ())),
            within=row.get("within", "sum"), totals=row.get("totals"), since=row.get("from"), by=row.get("by"),
        )  # fmt: skip
        _check(series, row)
        return series

    def _indicator(self, row: Mapping[str, Any], series: Mapping[str, Series]) -> Indicator:
        expression = read_expression(row["is"], series)
        items = sorted({atom.series.item for atom in expression.atoms})
        if (len(items) > 1) is not (self._stem == CROSS):
            raise ValueError(f"it looks at {', '.join(items)}; what looks at several items lies in {CROSS}.yaml")
        missing, direction = row.get("missing", "null"), row.get("direction", "none")
        if missing not in ("zero", "null"):
            raise ValueError(f"missing is zero or null, and not {missing}")
        if direction not in _DIRECTIONS:
            raise ValueError(f"direction is {', '.join(_DIRECTIONS)}, and not {direction}")
        bands = tuple(Decimal(str(one)) for one in row.get("bands", ()))
        if list(bands) != sorted(set(bands)):
            raise ValueError("bands are limits in order, each once")
        sensitivity = most_sensitive(sensitivity_of(one.series, self._catalogue) for one in expression.atoms)
        if sensitivity is Sensitivity.PERSONAL:
            raise ValueError("it looks at personal data")
        internal = sorted({name for one in expression.atoms for name in internal_fields(one.series, self._catalogue)})
        if internal and row.get("told", True):
            raise ValueError(f"{', '.join(internal)}: for officials alone, so say told: false")
        return Indicator(
            row["id"], row["zh"], CROSS if self._stem == CROSS else items[0], expression,
            row.get("unit", ""), missing == "zero", direction, bands,
            bool(row.get("told", True)), sensitivity, dict(row.get("alike", {})),
        )  # fmt: skip

    def _item(self, name: str) -> Item:
        try:
            item = self._catalogue.item(name)
        except KeyError:
            raise ValueError(f"there is no item {name}") from None
        if item.about_persons:
            raise ValueError(f"{name} is about persons, who have no indicators")
        # Its series are known by their names among all of the item.
        if (home := self._homes.setdefault(name, self._name)) != self._name:
            raise ValueError(f"the series of {name} lie in {home}")
        return item


def _check(series: Series, row: Mapping[str, Any]) -> None:
    """Raise ValueError for what would mean nothing, or something else than it says."""
    if series.within not in ("sum", "max", "last"):
        raise ValueError(f"within is sum, max or last, and not {series.within}")
    if of_months := {"within", "totals", "from", "by"} & row.keys():
        if not series.of_periods:
            raise ValueError(f"{', '.join(sorted(of_months))}: of a series of months alone, and this one lies on days")
        if not series.is_numeric:
            raise ValueError(f"{', '.join(sorted(of_months))}: of a series with a number alone")
    if "closed" in row and not series.of_periods:
        raise ValueError("closed: it lies on days, which are not closed")
    if {"totals", "from"} & row.keys() and series.within != "sum":
        raise ValueError("totals and from are of what is summed up within a month")
    if {"totals", "from"} <= row.keys():
        raise ValueError("totals or from, and not both")
    if {"by", "from"} <= row.keys():
        raise ValueError("by or from, and not both")
    is_plain = series.value is None or series.adds_up
    if series.details is not None and ({"ranks", "totals", "from"} & row.keys() or not is_plain):
        raise ValueError("of details, amounts and numbers alone are taken")
    if series.ranks and series.value_type not in (FieldType.TEXT, FieldType.CODE):
        raise ValueError("ranks are of texts")


def _ranks(said: Mapping[Any, Any], field: Field | None) -> tuple[tuple[str, int], ...]:
    """Return the numbers that texts stand for; a code stands for that of its meaning, too."""
    ranks = {str(text): int(rank) for text, rank in said.items()}
    for code, meaning in ((field and field.codes) or {}).items():
        if meaning in ranks:
            ranks.setdefault(code, ranks[meaning])
        elif code in ranks:
            ranks[meaning] = ranks[code]
    return tuple(ranks.items())


def _field(item: Item, name: str) -> Field:
    return _named(item.fields, name, f"{item.id} has no field {name}")


def _named(fields: Iterable[Field], name: str, otherwise: str) -> Field:
    for one in fields:
        if one.name == name:
            return one
    raise ValueError(otherwise)
