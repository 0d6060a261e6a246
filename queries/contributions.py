"""Which records an indicator counts on a day, and why it does not count the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.envelope import Envelope, Op, RecordKey
from rules.indicators.definitions import Fact, Indicator, evaluate, on_the_wire
from rules.indicators.running import Share, share
from rules.merge import Record, SetSince, is_live, set_since
from rules.release.publication import Publications
from rules.release.reasons import WithdrawalReason


@dataclass(frozen=True, slots=True)
class Contribution:
    """One record and what it gives an indicator; ``why``: what keeps it out, "" when it counts."""

    record: Record
    share: Share | None
    why: str

    @property
    def counts(self) -> bool:
        """Whether it counts on the day that was asked for."""
        return not self.why


Payload = Mapping[str, Any] | None
NOT_YET = "does not count yet"
NO_LONGER = "no longer counts"
BY_FLAG = "withdrawn by the reporter's flag (删)"
BY_LIST = "withdrawn: a whole list (全量) left it out"
NIL = "a nil report (零报告)"
LEFT_OUT = "not in the latest whole set"


def contributions(
    indicator: Indicator,
    records: Iterable[tuple[Record, Payload]],
    marks: Mapping[RecordKey, Envelope],
    publications: Publications,
    as_of: date,
) -> tuple[Decimal | None, list[Contribution]]:
    """Return the indicator's value on ``as_of`` and every record, those that count first, the newest first.

    ``marks``: those of the whole sets of the item, by their keys.
    """
    facts: list[Fact] = []
    explained: list[Contribution] = []
    for record, data in records:
        mark = marks.get(record.envelope.set_key)
        if why := not_counted(record, None if mark is None else set_since(mark), publications, as_of):
            explained.append(Contribution(record, None, why))
            continue
        fact = Fact(record.envelope.source_time, data or {})
        facts.append(fact)
        explained.append(_of(indicator, record, fact, as_of))
    # Sorted by key first, so that equal ones come in the same order every time.
    explained.sort(key=lambda c: c.record.envelope.record_key)
    explained.sort(key=lambda c: (c.counts, c.share.placed if c.share else date.min), reverse=True)
    return on_the_wire(evaluate(indicator, facts, as_of)), explained


def not_counted(record: Record, since: SetSince | None, publications: Publications, day: date) -> str:
    """Return why a winning record does not count on a day; "" when it does. Raises PoisonMessage as its rule does."""
    ending = publications.ending(record)
    if is_live(record.envelope, since, ending and ending.day, day):
        return ""
    if withdrawn := withdrawn_by(record.envelope):
        return withdrawn
    if ending is not None and ending.day <= day:
        by = "the longest period of the law" if ending.derived else "its own data"
        return (
            f"repaired (信用修复) on {ending.day}"
            if ending.reason is WithdrawalReason.REPAIRED
            else (f"its publication ended before {ending.day}, by {by}")
        )
    return LEFT_OUT


def withdrawn_by(event: Envelope) -> str:
    """Return what an event says that reports no record: who withdraws it, or that there is none; "" of a report."""
    if event.op == Op.REPORT:
        return ""
    if event.op == Op.NIL:
        return NIL
    # What the hub derives from a whole list stands in no row of it.
    return BY_FLAG if event.row else BY_LIST


def _of(indicator: Indicator, record: Record, fact: Fact, as_of: date) -> Contribution:
    record_share = share(indicator, fact)
    if record_share is None:
        return Contribution(record, None, _never(indicator, fact))
    if as_of < record_share.enter:
        return Contribution(record, record_share, NOT_YET)
    if record_share.leave is not None and record_share.leave <= as_of:
        return Contribution(record, record_share, NO_LONGER)
    return Contribution(record, record_share, "")


def _never(indicator: Indicator, fact: Fact) -> str:
    for name, values in indicator.where.items():
        if str(fact.data.get(name)) not in values:
            return f"{name} is none of {', '.join(values)}"
    for name in indicator.unless_filled:
        if fact.data.get(name) is not None:
            return f"{name} is filled"
    return f"{indicator.field} is empty" if indicator.field else "never counts"


def definition(indicator: Indicator) -> str:
    """Return an indicator's definition in one sentence."""
    aggregate = {
        "count": "number of records",
        "sum": f"sum of {indicator.field}",
        "max": f"largest {indicator.field}",
        "mean": f"mean of {indicator.field}",
        "latest": f"{indicator.field} of the latest record",
        "last_day": "day of the latest record (YYYYMMDD)",
        "months": "number of months with a record",
    }[indicator.aggregate]
    parts = [f"{aggregate}, item {indicator.item}, by {indicator.date_field or 'source time'}"]
    if indicator.window_months is not None:
        parts.append(f"of the last {indicator.window_months} months")
    parts += [f"where {name} is {' or '.join(values)}" for name, values in indicator.where.items()]
    parts += [f"until {name}" for name in indicator.unless_filled]
    return ", ".join(parts)
