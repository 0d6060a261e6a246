"""Which records an indicator counts on a day, and why it does not count the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.envelope import Envelope, Op
from catalogue.months import month_of
from rules.indicators.definitions import Indicator
from rules.indicators.expressions import Atom
from rules.indicators.facts import Fact
from rules.indicators.functions import OF_NUMBERS
from rules.indicators.plain import evaluate
from rules.indicators.series import THE_DAY, Series
from rules.indicators.shares import Share, shares
from rules.merge import Record, SetSince, is_live, set_since
from rules.release.publication import Publications
from rules.release.reasons import WithdrawalReason
from rules.state import RecordIdentity


@dataclass(frozen=True, slots=True)
class Contribution:
    """One record and what it gives an indicator; ``why``: what keeps it out, "" when it counts.

    ``shares``: those that count, or where none does those that it has, with their series. ``since``, ``until``: from
    which day on, and until which, one of them lies in a window of the indicator; None: it never does, or for ever.
    """

    record: Record
    shares: tuple[tuple[Series, Share], ...]
    why: str
    since: date | None = None
    until: date | None = None

    @property
    def counts(self) -> bool:
        """Whether it counts on the day that was asked for."""
        return not self.why

    @property
    def number(self) -> int | None:
        """The number that it gives, in millionths: of several months of its details the sum."""
        found = [share.number for series, share in self.shares if share.number is not None and series.value != THE_DAY]
        return sum(found) if found else None

    @property
    def placed(self) -> str:
        """The day or month on which it lies, or the last of them; "" where it lies on none."""
        if not self.shares:
            return ""
        series, share = max(self.shares, key=lambda one: one[1].cell)
        if not series.of_periods:
            return date.fromordinal(share.cell).isoformat()
        year, month = month_of(share.cell)
        return f"{year:04}-{month:02}"


Payload = Mapping[str, Any] | None
NOT_YET = "does not count yet"
NO_LONGER = "no longer counts"
NOT_CLOSED = "its period is not closed yet"
BY_TOTAL = "its month's total counts in its place"
BY_FLAG = "withdrawn by the reporter's flag (删)"
BY_LIST = "withdrawn: a whole list (全量) left it out"
NIL = "a nil report (零报告)"
LEFT_OUT = "not in the latest whole set"


def contributions(
    indicator: Indicator,
    records: Iterable[tuple[Record, Payload]],
    marks: Mapping[RecordIdentity, Envelope],
    publications: Publications,
    as_of: date,
) -> tuple[Decimal | None, list[Contribution]]:
    """Return the indicator's value on ``as_of`` and every record, those that count first, the newest first.

    ``records``: those of the items that it looks at. ``marks``: those of the items' whole sets.
    """
    facts: dict[str, list[Fact]] = {item: [] for item in indicator.items}
    explained: list[Contribution] = []
    own: list[tuple[Record, Fact]] = []
    for record, data in records:
        mark = marks.get((record.envelope.item, record.envelope.set_key))
        if why := not_counted(record, None if mark is None else set_since(mark), publications, as_of):
            explained.append(Contribution(record, (), why))
            continue
        fact = Fact(record.envelope.source_time, data or {}, record.envelope.period)
        facts[record.envelope.item].append(fact)
        own.append((record, fact))
    totals = _totals(indicator, facts, as_of)
    explained += [_of(indicator, record, fact, totals, as_of) for record, fact in own]
    # Sorted by key first, so that equal ones come in the same order every time.
    explained.sort(key=lambda c: c.record.envelope.record_key)
    explained.sort(key=lambda c: (c.counts, c.placed), reverse=True)
    return evaluate(indicator, facts, as_of), explained


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


_Totals = frozenset[tuple[str, int, str | None]]


def _totals(indicator: Indicator, facts: Mapping[str, Iterable[Fact]], as_of: date) -> _Totals:
    """Return the months, by series and account, of which a row tells the total: its parts give nothing."""
    return frozenset(
        (series.key, share.cell, share.part)
        for series in indicator.series
        if series.totals is not None or series.since is not None
        for fact in facts[series.item]
        for share in shares(series, fact)
        if share.is_total and share.number is not None and share.counts(as_of)
    )


def _of(indicator: Indicator, record: Record, fact: Fact, totals: _Totals, as_of: date) -> Contribution:
    looking = [series for series in indicator.series if series.item == record.envelope.item]
    found = [(series, share) for series in looking for share in shares(series, fact)]
    if not found:
        return Contribution(record, (), _never(looking, fact))
    reasons = {one: _kept_out(indicator, *one, totals, as_of) for one in found}
    counting = tuple(one for one, why in reasons.items() if not why)
    own = counting or tuple(found)
    spans = [
        (atom.begins(share), atom.ends(share))
        for atom in indicator.expression.atoms
        for series, share in own
        if series.key == atom.series.key
    ]
    ends = [end for _, end in spans if end is not None]
    until = max(ends) if len(ends) == len(spans) else None
    why = "" if counting else next(iter(reasons.values()))
    return Contribution(record, own, why, min(begin for begin, _ in spans), until)


def _kept_out(indicator: Indicator, series: Series, share: Share, totals: _Totals, as_of: date) -> str:
    """Return why no function of an indicator counts a share on a day; "" when one does."""
    if as_of < share.enter:
        return NOT_YET
    if share.leave is not None and share.leave <= as_of:
        return NO_LONGER
    by_total = (series.key, share.cell, share.part) in totals and not share.is_total
    by_total |= share.part is not None and (series.key, share.cell, None) in totals
    reasons = [
        _missed(atom, share, as_of, by_total=by_total)
        for atom in indicator.expression.atoms
        if atom.series.key == series.key
    ]
    return "" if "" in reasons else reasons[0]


def _missed(atom: Atom, share: Share, as_of: date, *, by_total: bool) -> str:
    if atom.function in OF_NUMBERS and share.number is None:
        return f"{atom.series.value} is empty"
    if atom.function in OF_NUMBERS and by_total:
        return BY_TOTAL
    window = atom.window(as_of)
    if share.cell > window.high:
        return NOT_CLOSED if atom.series.of_periods and not atom.is_told_at_once else NOT_YET
    return "" if share.cell > window.low else NO_LONGER


def _never(looking: Iterable[Series], fact: Fact) -> str:
    for series in looking:
        if any(not one.holds(fact.data) for one in series.public_when):
            return "it is not published"
        if series.where is not None and series.details is None and not series.where.holds(fact.data):
            return f"not {series.where.text}"
        for name in (*series.until, *series.through):
            if fact.data.get(name) is not None:
                return f"{name} is filled"
        if series.since is not None:
            return f"from {series.since} on it covers another time than a period or a part of one"
    return "never counts"


def definition(indicator: Indicator) -> str:
    """Return an indicator's definition in one sentence."""
    return f"{indicator.expression.text}; {'; '.join(described(series) for series in indicator.series)}"


def described(series: Series) -> str:
    """Return in words what a series is."""
    place = series.date_field or ("period" if series.of_periods else "source time")
    parts = [f"{series.id}: item {series.item}, by {place}"]
    if series.details is not None:
        parts.append(f"each row of {series.details}")
    if series.value is not None:
        parts.append("its day" if series.value == THE_DAY else f"value {series.value}")
    if series.where is not None:
        parts.append(f"where {series.where.text}")
    parts += [f"where {one.text}" for one in series.public_when]
    parts += [f"until {name}" for name in series.until]
    parts += [f"through {name}" for name in series.through]
    if series.of_periods and series.within != "sum":
        parts.append(f"the {series.within} of a month")
    if series.totals is not None:
        parts.append(f"a total by {series.totals} before its parts")
    if series.since is not None:
        parts.append(f"what covers a whole period from {series.since} on before its parts")
    if series.by is not None:
        parts.append(f"of each {series.by}, added up")
    return ", ".join(parts)
