"""The state of any day, computed from the records known now (law 4): those effective after it do not count."""

from dataclasses import replace
from datetime import date, datetime

from bus.avro.decoding import Decoder
from queries.tables import State, Tables
from rules.state import IndicatorsByItem, effective, indicators_on


def as_of(
    found: State, held: Tables, decode: Decoder, by_item: IndicatorsByItem, day: date
) -> tuple[State, dict[str, datetime]]:
    """Return the state as of ``day`` and, by item, the newest source time of what counted then.

    Raises PoisonMessage when a record's payload cannot be read.
    """
    records = [one for item in held.held(found.subject) for one in held.records(found.subject, item)]
    winners = {(one.envelope.item, one.envelope.record_key): one for one in records}
    counts: dict[str, int] = {}
    newest: dict[str, datetime] = {}
    for (item, _), one in effective(winners, day).items():
        counts[item] = counts.get(item, 0) + 1
        newest[item] = max(one.envelope.source_time, newest.get(item, one.envelope.source_time))
    values = indicators_on(winners, by_item, decode.payload, day)
    return replace(found, as_of=day, counts=counts, indicators=values), newest
