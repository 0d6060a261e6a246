"""The state of any day: a pure function of a subject's winning records and the day (law 4), by the plain definitions.

It goes through all records each time. There is no running sum here and nothing of the engine, so that a proof can hold
what the engine published against it; ``rules.indicators.running`` is the quick way to the same values.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalogue.envelope import SET_MARK, ItemId, RecordKey
from catalogue.times import business_date
from rules.indicators.definitions import Fact, Indicator, evaluate, on_the_wire
from rules.merge import Record, fingerprint, is_live

RecordIdentity = tuple[ItemId, RecordKey]
Winners = Mapping[RecordIdentity, Record]
"""The winning records of one subject; the marks of whole sets are among them, under ``SET_MARK``."""
IndicatorsByItem = Mapping[str, tuple[Indicator, ...]]
DecodePayload = Callable[[int, bytes], Mapping[str, Any] | None]
"""Decodes a record's data by its schema id, or raises PoisonMessage: ``bus.avro.decoding.Decoder.payload``."""

_DIGEST_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class ComputedState:
    """What a subject's state has to hold as of a day."""

    hash: str
    digest: str
    counts: Mapping[str, int]
    indicators: Mapping[str, Decimal | None]


def by_item(indicators: Iterable[Indicator]) -> dict[str, tuple[Indicator, ...]]:
    """Return the indicators that rest on each item, in the order of their definitions."""
    found: dict[str, tuple[Indicator, ...]] = {}
    for indicator in indicators:
        found[indicator.item] = (*found.get(indicator.item, ()), indicator)
    return found


def set_since(winners: Winners, item: ItemId) -> tuple[datetime, int] | None:
    """Return since when an item's latest whole set holds; None when it was never sent as one."""
    mark = winners.get((item, SET_MARK))
    return None if mark is None else (mark.envelope.source_time, mark.envelope.revision)


def live(winners: Winners) -> dict[RecordIdentity, Record]:
    """Return the records that count (``rules.merge.is_live``)."""
    return {
        key: record
        for key, record in winners.items()
        if key[1] != SET_MARK and is_live(record.envelope, set_since(winners, key[0]))
    }


def effective(winners: Winners, day: date) -> dict[RecordIdentity, Record]:
    """Return the records that count and are effective on a day: a record effective after it is not there yet."""
    return {key: one for key, one in live(winners).items() if business_date(one.envelope.source_time) <= day}


def state_on(winners: Winners, indicators: IndicatorsByItem, decode: DecodePayload, day: date) -> ComputedState:
    """Return the state of a day; raises PoisonMessage when a payload that is needed cannot be read."""
    counting = live(winners)
    counts: dict[str, int] = {}
    for item, _ in counting:
        counts[item] = counts.get(item, 0) + 1
    values = _values(winners, counting, indicators, decode, day)
    digest = f"{sum(fingerprint(one.envelope) for one in winners.values()) % _DIGEST_MODULUS:032x}"
    return ComputedState(_hash(digest, values), digest, counts, values)


def indicators_on(
    winners: Winners, indicators: IndicatorsByItem, decode: DecodePayload, day: date
) -> dict[str, Decimal | None]:
    """Return, as states carry them, the indicators of every item of which anything was ever reported or withdrawn."""
    return _values(winners, live(winners), indicators, decode, day)


def _values(
    winners: Winners, counting: Winners, indicators: IndicatorsByItem, decode: DecodePayload, day: date
) -> dict[str, Decimal | None]:
    facts: dict[str, list[Fact]] = {item: [] for item, key in winners if key != SET_MARK and item in indicators}
    for (item, _), one in counting.items():
        if item in facts:
            facts[item].append(Fact(one.envelope.source_time, decode(one.schema_id, one.payload) or {}))
    return {
        indicator.id: on_the_wire(evaluate(indicator, own, day))
        for item, own in facts.items()
        for indicator in indicators[item]
    }


def _hash(digest: str, values: Mapping[str, Decimal | None]) -> str:
    lines = (f"{name} {'' if value is None else int(value.scaleb(6))}" for name, value in sorted(values.items()))
    return hashlib.sha256("\n".join([digest, *lines]).encode()).hexdigest()
