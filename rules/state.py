"""The state of any day: a pure function of a subject's winning records and the day (law 4), by the plain definitions.

It goes through all records each time. There is no running sum here and nothing of the engine, so that a proof can hold
what the engine published against it; ``rules.indicators.tiles`` is the quick way to the same values.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.envelope import Envelope, ItemId, RecordKey, is_mark
from catalogue.times import business_date
from rules.indicators.facts import Fact
from rules.indicators.groups import Groups
from rules.indicators.plain import plain_values
from rules.merge import Record, SetSince, fingerprint, is_live, set_since

RecordIdentity = tuple[ItemId, RecordKey]
Winners = Mapping[RecordIdentity, Record]
"""The winning records of one subject; the marks of whole sets are among them (``is_mark``)."""
DecodePayload = Callable[[int, bytes], Mapping[str, Any] | None]
"""Decodes a record's data by its schema id, or raises PoisonMessage: ``bus.avro.decoding.Decoder.payload``."""
Until = Callable[[Record], date | None]
"""Returns the first day on which a record may no longer be used: ``rules.release.publication.Publications.until``."""

DIGEST_RULE = 4
"""The rule by which a state's digests and hash are computed now, and by which records count; see ``digest_rule`` of the
wire. By the first a whole set was its item's, whatever the period; by the second no record was ended by the law; by the
third the indicators lay in the state itself."""
_DIGEST_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class ComputedState:
    """What a subject's state has to hold as of a day."""

    hash: str
    digest: str
    counts: Mapping[str, int]
    indicators: Mapping[str, Decimal | None]
    indicators_digest: str


def set_since_of(winners: Winners, record: Envelope) -> SetSince | None:
    """Return since when the latest whole set that a record may be a member of holds; None where there is none."""
    mark = winners.get((record.item, record.set_key))
    return None if mark is None else set_since(mark.envelope)


def live(winners: Winners, until: Until, day: date) -> dict[RecordIdentity, Record]:
    """Return the records that count on a day (``rules.merge.is_live``)."""
    return {
        key: record
        for key, record in winners.items()
        if not is_mark(key[1]) and is_live(record.envelope, set_since_of(winners, record.envelope), until(record), day)
    }


def effective(winners: Winners, until: Until, day: date) -> dict[RecordIdentity, Record]:
    """Return the records that count and are effective on a day: a record effective after it is not there yet."""
    return {
        key: one for key, one in live(winners, until, day).items() if business_date(one.envelope.source_time) <= day
    }


def state_on(winners: Winners, groups: Groups, decode: DecodePayload, until: Until, day: date) -> ComputedState:
    """Return the state of a day; raises PoisonMessage when a payload that is needed cannot be read."""
    counting = live(winners, until, day)
    counts: dict[str, int] = {}
    for item, _ in counting:
        counts[item] = counts.get(item, 0) + 1
    by_item = _values(winners, counting, groups, decode, day)
    said = (fingerprint(one.envelope, key in counting) for key, one in winners.items() if not is_mark(key[1]))
    digest = f"{sum(said) % _DIGEST_MODULUS:032x}"
    told = f"{sum(_values_digest(item, own) for item, own in by_item.items()) % _DIGEST_MODULUS:032x}"
    whole = hashlib.sha256(f"{digest}\n{told}".encode()).hexdigest()
    return ComputedState(whole, digest, counts, _together(by_item), told)


def indicators_on(
    winners: Winners, groups: Groups, decode: DecodePayload, until: Until, day: date
) -> dict[str, Decimal | None]:
    """Return the indicators of every item of which anything was ever reported or withdrawn, and those over several."""
    return _together(_values(winners, live(winners, until, day), groups, decode, day))


def _values(
    winners: Winners, counting: Winners, groups: Groups, decode: DecodePayload, day: date
) -> dict[str, dict[str, Decimal | None]]:
    facts: dict[str, list[Fact]] = {item: [] for item, key in winners if not is_mark(key) and item in groups.by_item}
    for (item, _), one in counting.items():
        if item in facts:
            data = decode(one.schema_id, one.payload) or {}
            facts[item].append(Fact(one.envelope.source_time, data, one.envelope.period))
    return plain_values(groups, facts, day)


def _together(by_item: Mapping[str, Mapping[str, Decimal | None]]) -> dict[str, Decimal | None]:
    return {name: value for own in by_item.values() for name, value in own.items()}


def _values_digest(item: str, values: Mapping[str, Decimal | None]) -> int:
    lines = (f"{name} {'' if value is None else int(value.scaleb(6))}" for name, value in sorted(values.items()))
    return int.from_bytes(hashlib.sha256("\n".join([item, *lines]).encode()).digest()[:16], "big")
