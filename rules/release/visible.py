"""What a recipient of the projection sees of the records of a change: one rule for the sinks and for their proof.

The merge decodes a payload only where an indicator needs it. So a record that cannot be read, or whose values are of
other kinds than its item's, is found here. It alone is a dead letter: the other records of the change are delivered.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from catalogue.envelope import PERSON_PREFIX, UNIT_PREFIX, Op
from catalogue.errors import PoisonMessage
from catalogue.model import Item
from catalogue.times import EPOCH, business_date, from_micros
from rules.release.plan import ReleasePlan
from rules.release.projection import Projected
from rules.release.publication import PublicationRule
from rules.release.reasons import WithdrawalReason, Withheld

Payload = Callable[[int, bytes], Any]
"""Decodes the data of an event by its schema id, or raises PoisonMessage: ``bus.avro.decoding.Decoder.payload``."""
DeadLetter = Callable[[Mapping[str, Any], PoisonMessage], None]
"""Is called with a record of a change that cannot be read, and why."""

UNKNOWN = Projected({}, [Withheld("", "", "")])
"""Equal to nothing that a recipient may have, so that whatever comes next is delivered, a withdrawal too."""


class VisibleChange(NamedTuple):
    """A record of a change, and what the recipient could see of it before and can now; None: nothing.

    ``reason``: why it can see nothing now; None while it can.
    """

    record: Mapping[str, Any]
    item: Item
    before: Projected | None
    after: Projected | None
    reason: WithdrawalReason | None = None

    @property
    def op(self) -> Op:
        """What the recipient is told."""
        return Op.WITHDRAW if self.after is None else Op.REPORT

    @property
    def values_before(self) -> dict[str, Any] | None:
        """The filled fields that the recipient could see."""
        return None if self.before is None else _filled(self.before.visible)

    @property
    def values(self) -> dict[str, Any] | None:
        """The filled fields that the recipient can see now."""
        return None if self.after is None else _filled(self.after.visible)


def visible(
    change: Mapping[str, Any], plans: Mapping[str, ReleasePlan], payload: Payload, dead_letter: DeadLetter
) -> Iterator[VisibleChange]:
    """Yield the records of a value of ``credit.change.v1`` of which the recipient sees something else than before.

    ``plans`` are the recipient's, by item id (``rules.release.plan.release_plans``). Nothing is told about persons or
    reporting units. A record that cannot be read is handed to ``dead_letter`` and left out. Where only the former
    version cannot be read, it was never sent: the recipient still has the version before it, or nothing.
    """
    if not is_enterprise(change):
        return
    for record in change["records"]:
        plan = plans.get(record["item"])
        if plan is None:
            continue
        try:
            after = _projected(plan, record, "", payload) if record["live"] else None
        except PoisonMessage as problem:
            dead_letter(record, problem)
            continue
        try:
            before = _projected(plan, record, "previous_", payload) if record["was_live"] else None
        except PoisonMessage:
            before = UNKNOWN
        if before != after:
            reason = None if after else withdrawal_reason(plan.publication, record, change["as_of"], payload)
            yield VisibleChange(record, plan.item, before, after, reason)


def relabelled(
    change: Mapping[str, Any],
    former: Mapping[str, ReleasePlan],
    plans: Mapping[str, ReleasePlan],
    payload: Payload,
    dead_letter: DeadLetter,
    is_wanted: Callable[[Mapping[str, Any]], bool],
) -> Iterator[VisibleChange]:
    """Yield the records that count as of a change and of which other plans show something else than the former ones.

    ``former``: those by which the recipient was told before; none: it knows nothing yet. Only records that
    ``is_wanted`` says yes to are looked at. A field that is not filled makes no difference.
    """
    if not is_enterprise(change):
        return
    for record in change["records"]:
        plan, former_plan = plans.get(record["item"]), former.get(record["item"])
        either = plan or former_plan
        if either is None or not record["live"] or not is_wanted(record):
            continue
        try:
            before = former_plan and _projected(former_plan, record, "", payload)
        except PoisonMessage:
            # It was never told; but an older version may have been, by labels that hold no more.
            before = UNKNOWN
        try:
            after = plan and _projected(plan, record, "", payload)
        except PoisonMessage as problem:
            dead_letter(record, problem)
            after = None
        if shown(before) != shown(after):
            reason = None if after else WithdrawalReason.LABEL_CHANGED
            yield VisibleChange(record, either.item, before, after, reason)


def shown(seen: Projected | None) -> object:
    """Return what two equal views of a record have in common: a field that is not filled makes no difference."""
    return seen and (_filled(seen.visible), seen.withheld)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [_filled(row) for row in value] if type(value) is list else value
        for name, value in values.items()
        if value is not None
    }


def is_enterprise(change: Mapping[str, Any]) -> bool:
    """Whether a change is about an enterprise, not a person or a reporting unit."""
    return not str(change["subject"]).startswith((PERSON_PREFIX, UNIT_PREFIX))


def withdrawal_reason(
    publication: PublicationRule | None, record: Mapping[str, Any], as_of: date | int, payload: Payload
) -> WithdrawalReason:
    """Return why nothing of a record of a change is seen any more. Dates and times may be as on the wire, too."""
    encoded, schema_id = record["payload"], record["schema_id"]
    if publication is None or record["op"] != Op.REPORT or record["live"] or encoded is None:
        return WithdrawalReason.SOURCE
    try:
        data = payload(schema_id, encoded)
    except PoisonMessage:
        return WithdrawalReason.SOURCE
    if not isinstance(data, Mapping):
        return WithdrawalReason.SOURCE
    at = record["source_time"]
    ending = publication.ending(data, business_date(from_micros(at) if isinstance(at, int) else at))
    day = EPOCH.date() + timedelta(days=as_of) if isinstance(as_of, int) else as_of
    # What a later whole set left behind may have an end that is still to come.
    return ending.reason if ending is not None and ending.day <= day else WithdrawalReason.SOURCE


def projected(
    plan: ReleasePlan, schema_id: int | None, encoded: bytes | None, payload: Payload, *, consented: bool = False
) -> Projected | None:
    """Return what may be seen of one version of a record; raises PoisonMessage where its values cannot be read."""
    if encoded is None or schema_id is None or (plan.projection.is_closed if consented else plan.projection.is_blind):
        return None
    data = payload(schema_id, encoded)
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise PoisonMessage("The payload is no record of fields.")
    strange = plan.kinds.misfit(data)
    if strange is not None:
        raise PoisonMessage(f"“{strange.zh}” is of another kind than {plan.item.id} has.")
    return plan.projection.project(data, consented=consented)


def _projected(plan: ReleasePlan, record: Mapping[str, Any], which: str, payload: Payload) -> Projected | None:
    return projected(plan, record[f"{which}schema_id"], record[f"{which}payload"], payload)
