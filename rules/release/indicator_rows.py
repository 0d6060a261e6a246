"""Indicators as banks are told them: a row of an enterprise for each group, of all values that may be seen.

A row is whole each time, as a record is: who keeps the last one of each group knows every value.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from catalogue.envelope import Op
from rules.release.labels import Labels
from rules.release.reasons import WithdrawalReason
from rules.release.visible import is_enterprise

Value = TypeVar("Value")


class IndicatorRow(NamedTuple, Generic[Value]):
    """What a recipient is told of a group; ``values`` by id are those that may be seen, all others are null.

    ``reason``: why less of it is seen than before. Of a group of which nothing is seen any more ``op`` is WITHDRAW.
    """

    group: str
    values: Mapping[str, Value | None]
    op: Op = Op.REPORT
    reason: WithdrawalReason | None = None


def moved_rows(
    change: Mapping[str, Any], held: Mapping[str, Value | None], labels: Labels
) -> Iterator[IndicatorRow[Value]]:
    """Yield the rows in which a change moved a value that may be seen; ``held``: the values before it."""
    if not is_enterprise(change) or not change["indicators"]:
        return
    moved = {one["id"]: one["current"] for one in change["indicators"]}
    groups = dict.fromkeys(labels.by_indicator[name] for name in moved if name in labels.public_indicators)
    for group in groups:
        seen = labels.indicator_groups[group].public
        yield IndicatorRow(group, {name: moved[name] if name in moved else held.get(name) for name in seen})


def differing_rows(
    held: Mapping[str, Value | None], told: Labels | None, now: Labels | None, labels: Labels
) -> Iterator[IndicatorRow[Value]]:
    """Yield the rows in which else is seen than before, by other labels; ``held``: the values, which are the same.

    ``told`` and ``now``: the labels by which a recipient was told, and is; None: it was told nothing, or is. ``labels``
    are those that count.
    """
    if told is now or (told and told.public_indicators) == (now and now.public_indicators):
        return
    before, after = _filled(held, told), _filled(held, now)
    for group in sorted(before.keys() | after.keys()):
        was, seen = before.get(group, {}), after.get(group, {})
        if was == seen:
            continue
        reason = None
        if was.keys() - seen.keys():
            reason = WithdrawalReason.LABEL_CHANGED if now else WithdrawalReason.NOT_SUBSCRIBED
        # What a group of before had is told by its columns of now, whose names never go.
        if group in labels.indicator_groups:
            yield IndicatorRow(group, seen, Op.REPORT if seen else Op.WITHDRAW, reason)


def _filled(held: Mapping[str, Value | None], labels: Labels | None) -> dict[str, dict[str, Value]]:
    """Return by group the values that may be seen and are filled."""
    found: dict[str, dict[str, Value]] = {}
    for name in sorted(labels.public_indicators if labels else ()):
        value = held.get(name)
        if labels and value is not None:
            found.setdefault(labels.by_indicator[name], {})[name] = value
    return found
