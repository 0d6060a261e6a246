"""The state of any day, computed from the records known now (law 4): those effective after it do not count."""

from dataclasses import replace
from datetime import date, datetime

from bus.avro.decoding import Decoder
from catalogue.envelope import ItemId
from catalogue.times import business_date
from hub.look.tables import State, Tables
from hub.verification.fold import Event, Folded, indicators
from rules.indicators.definitions import Indicator


def as_of(
    found: State, held: Tables, decode: Decoder, by_item: dict[str, tuple[Indicator, ...]], day: date
) -> tuple[State, dict[str, datetime]]:
    """Return the state as of ``day`` and, by item, the newest source time of what counted then.

    Raises PoisonMessage when a record's payload cannot be read.
    """
    records = [one for item in held.held(found.subject) for one in held.records(found.subject, item)]
    folded = Folded(
        {
            (ItemId(one.envelope.item), one.envelope.record_key): Event(one.envelope, one.schema_id, one.payload)
            for one in records
        }
    )
    counts: dict[str, int] = {}
    newest: dict[str, datetime] = {}
    for (item, _), one in folded.live().items():
        at = one.envelope.source_time
        if business_date(at) <= day:
            counts[item] = counts.get(item, 0) + 1
            newest[item] = max(at, newest.get(item, at))
    values = indicators(folded, by_item, decode.payload, day)
    return replace(found, as_of=day, counts=counts, indicators=values), newest
