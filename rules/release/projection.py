"""What of a record may be released without consent, and why the rest is withheld.

Sensitivity and its grounds are the catalogue's (``domain.md``, section 1); banks and the upstream platform get the
same projection (section 7). Nothing is released of a record when no more than its existence would be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.model import Condition, Field, FieldType, Item, Sensitivity

RECIPIENTS = ("bank", "upstream")

_TRUE = ("true", "是")
_FALSE = ("false", "否")


@dataclass(frozen=True, slots=True)
class Projected:
    """The fields of a record that its recipient may see, and those it may not, with the reason in Chinese."""

    visible: dict[str, Any]
    withheld: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of an item's projection does not depend on the row: ``fixed`` is why a field is always withheld."""

    item: Item
    steps: tuple[tuple[Field, str | None], ...]
    silent: frozenset[str]
    blind: bool


# By identity: to hash an item is to hash all its fields, for every record. The plan keeps its item alive.
_PLANS: dict[int, _Plan] = {}


def project(item: Item, data: Mapping[str, Any], recipient: str = "bank") -> Projected | None:
    """Return what ``recipient`` may see of one record; None when it may not even know of the record.

    ``withheld`` lists fields whether filled or not, so that it tells nothing of their values. Fields that only
    name the subject or say whether a record is published do not make it visible: an unpublished court case is
    not betrayed by its bare existence.
    Raises ValueError for an unknown kind of recipient.
    """
    if recipient not in RECIPIENTS:
        raise ValueError(f"no projection is defined for the recipient {recipient!r}")
    plan = _plan(item)
    if plan.blind:
        return None
    visible: dict[str, Any] = {}
    withheld: list[tuple[str, str]] = []
    for field, fixed in plan.steps:
        reason = fixed if fixed is not None or not field.public_when else _reason(item, field, data)
        if reason is not None:
            withheld.append((field.name, reason))
        elif field.type is FieldType.DETAILS:
            visible[field.name] = _details(item, field, data)
            withheld += _withheld_columns(item, field, data)
        else:
            visible[field.name] = data.get(field.name)
    if all(value is None or value == [] for name, value in visible.items() if name not in plan.silent):
        return None
    return Projected(visible, withheld)


def releasable(item: Item) -> bool:
    """Whether any record of the item can be visible; where not, its payload need not even be decoded."""
    return not _plan(item).blind


def _plan(item: Item) -> _Plan:
    plan = _PLANS.get(id(item))
    if plan is None:
        steps = tuple((field, None if field.public_when else _reason(item, field, {})) for field in item.fields)
        silent = _silent(item)
        shown = any(fixed is None and field.name not in silent for field, fixed in steps)
        plan = _PLANS[id(item)] = _Plan(item, steps, silent, item.about_persons or not shown)
    return plan


def _reason(item: Item, field: Field, data: Mapping[str, Any]) -> str | None:
    """Say why a field is withheld; None when it is released."""
    ground = f"（依据：{field.ground}）" if field.ground else "（依据：未分类信息按须经授权处理）"
    if field.encrypted:
        return f"个人信息，未经本人单独同意不提供{ground}"
    if field.audience != "all":
        return f"内部信息，不对外提供{ground}"
    if field.public_when:
        held = all(_holds(item, condition, data) for condition in field.public_when)
        return None if held else f"本条信息未公示，须经企业授权后提供{ground}"
    if field.sensitivity is not Sensitivity.PUBLIC:
        return f"商业秘密，须经企业授权后提供{ground}"
    return None


def _holds(item: Item, condition: Condition, data: Mapping[str, Any]) -> bool:
    value = data.get(condition.field)
    wanted = {v.strip().casefold() for v in condition.values}
    if isinstance(value, bool):
        return not wanted.isdisjoint(_TRUE if value else _FALSE)
    if value is None or isinstance(value, bytes):
        return False
    text = str(value).strip()
    meaning = (item.field(condition.field).codes or {}).get(text, text)
    return text.casefold() in wanted or meaning.casefold() in wanted


def _details(item: Item, field: Field, data: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    rows = data.get(field.name)
    if not rows:
        return None
    columns = [sub.name for sub in field.details if _reason(item, sub, data) is None]
    if not columns:
        return None
    return [{name: row.get(name) for name in columns} for row in rows]


def _withheld_columns(item: Item, field: Field, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    reasons = ((sub.name, _reason(item, sub, data)) for sub in field.details)
    return [(f"{field.name}.{name}", reason) for name, reason in reasons if reason is not None]


def _silent(item: Item) -> frozenset[str]:
    """Name the fields that say nothing of a record beyond whose it is and whether it is published."""
    own = {item.subject.uscc, item.subject.name, *item.subject.codes}
    own |= {condition.field for field in item.fields for condition in field.public_when}
    return frozenset(name for name in own if name is not None)
