"""What of a record may be released, without the enterprise's consent and with it, and why the rest is withheld.

Sensitivity and its grounds are the catalogue's; banks and the platform above get the same projection. Where no more
than a record's existence could be released, nothing of it is. Consent opens commercial secrets and what is not
published; never what is a person's, or for the authorities alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalogue.model import Condition, Field, FieldType, Item
from rules.release.reasons import Withheld, WithheldCode, always_withheld, unpublished

_TRUE = ("true", "是")
_FALSE = ("false", "否")

_Holds = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Projected:
    """The fields of a record that its recipient may see, and those it may not, with the reasons."""

    visible: dict[str, Any]
    withheld: list[Withheld]


@dataclass(frozen=True, slots=True)
class _Step:
    """What is decided of one field, or one column of details, before any record is seen."""

    name: str
    always: Withheld | None
    conditions: tuple[_Holds, ...]
    otherwise: Withheld | None
    """Why the field is withheld when one of the conditions does not hold."""
    columns: tuple["_Step", ...] | None = None

    def withheld(self, data: Mapping[str, Any]) -> Withheld | None:
        """Return why the field is withheld in this record; None when it is released."""
        if self.always is not None or all(holds(data) for holds in self.conditions):
            return self.always
        return self.otherwise

    def opened(self) -> "_Step":
        """Return the step as it is with the enterprise's consent."""
        columns = None if self.columns is None else tuple(column.opened() for column in self.columns)
        is_open = self.always is None or self.always.code == WithheldCode.COMMERCIAL_SECRET
        return replace(self, always=None if is_open else self.always, conditions=(), columns=columns)


class Projection:
    """The projection of one item. What no record changes is decided once, for this runs for every record."""

    __slots__ = ("_opened", "_silent", "_steps", "is_blind", "is_closed")

    def __init__(self, item: Item) -> None:
        self._steps = tuple(_step(item, field, field.name) for field in item.fields)
        self._opened = tuple(step.opened() for step in self._steps)
        self._silent = _silent(item)
        self.is_blind = item.about_persons or not self._shows(self._steps)
        """Whether no record of the item can be visible without consent: its payload need not even be decoded."""
        self.is_closed = item.about_persons or not self._shows(self._opened)
        """Whether none can be visible with consent either."""

    def _shows(self, steps: tuple[_Step, ...]) -> bool:
        return any(step.always is None and step.name not in self._silent for step in steps)

    @property
    def opens(self) -> bool:
        """Whether consent lets anything be seen that is not seen without it."""
        return not self.is_closed and self._opened != self._steps

    def project(self, data: Mapping[str, Any], *, consented: bool = False) -> Projected | None:
        """Return what may be seen of one record; None when its recipient may not even know of it.

        ``consented``: the enterprise has consented. ``withheld`` lists fields whether filled or not, so that it tells
        nothing of their values. Fields that only name the subject or say whether a record is published do not make it
        visible: an unpublished court case is not betrayed by its bare existence.
        """
        if self.is_closed if consented else self.is_blind:
            return None
        visible: dict[str, Any] = {}
        withheld: list[Withheld] = []
        for step in self._opened if consented else self._steps:
            why = step.always
            if why is None and step.conditions:
                why = step.withheld(data)
            if why is not None:
                withheld.append(why)
            elif step.columns is None:
                visible[step.name] = data.get(step.name)
            else:
                visible[step.name] = _details(step, data, withheld)
        if all(value is None or value == [] for name, value in visible.items() if name not in self._silent):
            return None
        return Projected(visible, withheld)


def _step(item: Item, field: Field, name: str) -> _Step:
    columns = None
    if field.type is FieldType.DETAILS:
        columns = tuple(_step(item, column, f"{name}.{column.name}") for column in field.details)
    conditions = tuple(_condition(item, condition) for condition in field.public_when)
    return _Step(name, always_withheld(field, name), conditions, unpublished(field, name), columns)


def _condition(item: Item, condition: Condition) -> _Holds:
    wanted = {value.strip().casefold() for value in condition.values}
    codes = item.field(condition.field).codes or {}
    if_true, if_false = (not wanted.isdisjoint(words) for words in (_TRUE, _FALSE))

    def holds(data: Mapping[str, Any]) -> bool:
        value = data.get(condition.field)
        if isinstance(value, bool):
            return if_true if value else if_false
        if value is None or isinstance(value, bytes):
            return False
        text = str(value).strip()
        return text.casefold() in wanted or codes.get(text, text).casefold() in wanted

    return holds


def _details(step: _Step, data: Mapping[str, Any], withheld: list[Withheld]) -> list[dict[str, Any]] | None:
    """Return the rows by their open columns; the others are added to ``withheld``."""
    columns = []
    for column in step.columns or ():
        why = column.withheld(data)
        if why is None:
            columns.append(column.name.removeprefix(f"{step.name}."))
        else:
            withheld.append(why)
    rows = data.get(step.name)
    if not rows or not columns:
        return None
    return [{name: row.get(name) for name in columns} for row in rows]


def _silent(item: Item) -> frozenset[str]:
    """Name the fields that say nothing of a record beyond whose it is and whether it is published."""
    names = {item.subject.uscc, item.subject.name, *item.subject.codes}
    names |= {condition.field for field in item.fields for condition in field.public_when}
    return frozenset(name for name in names if name is not None)
