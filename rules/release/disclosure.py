"""What a bank is told of a record: when the record changes, and when what the bank may see changes.

One rule for the release processor and for its proof.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from catalogue.errors import PoisonMessage
from rules.release.entitlement import Access, Entitlement
from rules.release.labels import Labels
from rules.release.plan import ReleasePlan
from rules.release.projection import Projected
from rules.release.reasons import WithdrawalReason, stored_once
from rules.release.visible import UNKNOWN, DeadLetter, Payload, VisibleChange, projected, shown, withdrawal_reason


class LiveRecord(NamedTuple):
    """The version of a record that counts: what a bank may have to be told of it once more.

    ``since``: at which offset of the changes the record began to count.
    """

    item: str
    record_key: str
    source_time: Any  # a moment, as whoever reads the changes has it
    unit: str
    schema_id: int
    payload: bytes
    since: int


Since = Callable[[Mapping[str, Any]], int]
"""Returns at which offset of the changes the record of a change began to count."""
Lost = Callable[[str], WithdrawalReason]
"""Says why of an item less is seen than before."""


def changed(
    change: Mapping[str, Any],
    entitled: Entitlement,
    labels: Labels,
    payload: Payload,
    since: Since,
    dead_letter: DeadLetter,
) -> Iterator[VisibleChange]:
    """Yield the records of a change of which a bank sees something else than before it, by the same entitlement.

    A record that cannot be read is handed to ``dead_letter`` and left out.
    """
    for record in change["records"]:
        plan = labels.plans.get(record["item"])
        access = Access.NONE if plan is None else entitled.access(record["item"])
        if plan is None or access is Access.NONE:
            continue
        opening = entitled.opening(record["item"])
        is_stored = access is Access.STORED and opening is not None and since(record) < opening.as_of
        try:
            after = _after(plan, record, access, payload) if record["live"] else None
        except PoisonMessage as problem:
            dead_letter(record, problem)
            continue
        if is_stored and record["live"] and after is None:
            # The bank keeps the version to which the enterprise consented: nothing is public of this one.
            continue
        try:
            before = _before(plan, record, access, payload, is_stored=is_stored) if record["was_live"] else None
        except PoisonMessage:
            before = UNKNOWN
        if before != after:
            reason = None if after else withdrawal_reason(plan.publication, record, change["as_of"], payload)
            yield VisibleChange(record, plan.item, before, after, reason)


def differing(
    record: LiveRecord,
    told: Entitlement,
    told_labels: Labels | None,
    now: Entitlement,
    labels: Labels,
    payload: Payload,
    lost: Lost,
) -> VisibleChange | None:
    """Return what a bank is told of a record that counts, because of another entitlement; None: it sees the same.

    ``told_labels``: those of the told one; None: it was told nothing. Of a record that cannot be read nothing can be
    told, and it was named when it came.
    """
    name = record.item
    plan = labels.plans.get(name)
    told_plan = None if told_labels is None else told_labels.plans.get(name)
    either = plan or told_plan
    if either is None or _is_seen_alike(name, told, told_labels, now, labels):
        return None
    try:
        before = None if told_plan is None else _told(told_plan, record, told, payload)
        after = None if plan is None else _due(plan, record, now, payload)
    except PoisonMessage:
        return None
    if shown(before) == shown(after):
        return None
    is_less = after is None or _RANKS[now.access(name)] < _RANKS[told.access(name)] or _hides_more(before, after)
    return VisibleChange(record._asdict(), either.item, before, after, lost(name) if is_less else None)


_RANKS = {Access.NONE: 0, Access.PUBLIC: 1, Access.STORED: 2, Access.STREAMED: 2}


def _hides_more(before: Projected | None, after: Projected) -> bool:
    return before is not None and before is not UNKNOWN and len(after.withheld) > len(before.withheld)


def _is_seen_alike(name: str, told: Entitlement, told_labels: Labels | None, now: Entitlement, labels: Labels) -> bool:
    access = now.access(name)
    if told.access(name) is not access:
        return False
    if access is Access.NONE:
        return True
    return told_labels is labels and (access is Access.PUBLIC or told.opening(name) == now.opening(name))


def _told(plan: ReleasePlan, record: LiveRecord, entitled: Entitlement, payload: Payload) -> Projected | None:
    """Return what the bank has of a record; UNKNOWN: some version of it."""
    access, opening = entitled.access(record.item), entitled.opening(record.item)
    if access is Access.NONE:
        return None
    if access is Access.STORED:
        if opening is not None and record.since < opening.as_of:
            return UNKNOWN
        return _once(projected(plan, record.schema_id, record.payload, payload))
    return projected(plan, record.schema_id, record.payload, payload, consented=access is Access.STREAMED)


def _due(plan: ReleasePlan, record: LiveRecord, entitled: Entitlement, payload: Payload) -> Projected | None:
    """Return what the bank may have of a record as of now."""
    access = entitled.access(record.item)
    if access is Access.NONE:
        return None
    return projected(plan, record.schema_id, record.payload, payload, consented=access is not Access.PUBLIC)


def _after(plan: ReleasePlan, record: Mapping[str, Any], access: Access, payload: Payload) -> Projected | None:
    is_streamed = access is Access.STREAMED
    found = projected(plan, record["schema_id"], record["payload"], payload, consented=is_streamed)
    return _once(found) if access is Access.STORED else found


def _before(
    plan: ReleasePlan, record: Mapping[str, Any], access: Access, payload: Payload, *, is_stored: bool
) -> Projected | None:
    if is_stored and not record["live"]:
        return UNKNOWN
    schema_id, encoded = record["previous_schema_id"], record["previous_payload"]
    found = projected(plan, schema_id, encoded, payload, consented=access is Access.STREAMED)
    return _once(found) if access is Access.STORED else found


def _once(found: Projected | None) -> Projected | None:
    return found and Projected(found.visible, [stored_once(one) for one in found.withheld])
