"""Up to which business date the merge and the rating have come: what they say of the days before it is whole."""

from datetime import date

from bus import topics
from bus.avro.decoding import Decoder
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.reading.offsets import watermarks
from bus.reading.scan import scan

# Behind the newest date may lie the mark of a transaction, or what is no date.
_LAST_MESSAGES = 5


def newest_day(config: BusConfig, decode: Decoder) -> date | None:
    """Return the newest date that every partition of the calendar has; None before the first."""
    newest: dict[int, date] = {}
    for number in range(config.partitions):
        (end,) = watermarks(config, [(topics.CALENDAR, number)]).values()
        start = max(end.low, end.high - _LAST_MESSAGES)
        for message in scan(config, topics.CALENDAR, partitions=[number], start=start):
            day = business_date_of(decode, message.value())
            if day is not None:
                newest[number] = max(day, newest.get(number, day))
    return min(newest.values()) if len(newest) == config.partitions else None


def passed_day(config: BusConfig, decode: Decoder) -> date | None:
    """Return the date that the merge and the rating have begun in every partition; None where one has begun none.

    All that they say of the days before it is committed.
    """
    reached: dict[int, int] = {}
    for name in (topics.POSITION, topics.RATING_POSITION):
        own: dict[int, int] = {}
        for message in scan(config, name):
            value = decode(message.value() or b"")
            if value["topic"] == topics.CALENDAR:
                own[value["partition"]] = value["next_offset"]
        for number in range(config.partitions):
            offset = own.get(number, 0)
            reached[number] = min(offset, reached.get(number, offset))
    begun: dict[int, date] = {}
    for message in scan(config, topics.CALENDAR):
        number, day = message.partition() or 0, business_date_of(decode, message.value())
        if day is not None and (message.offset() or 0) < reached[number]:
            begun[number] = max(day, begun.get(number, day))
    return min(begun.values()) if len(begun) == config.partitions else None
