"""The business date (Asia/Shanghai): it reaches the streams as messages of ``calendar.v1``, never from their clock."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

from confluent_kafka import Producer

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue import wire
from catalogue.errors import PoisonMessage, Unavailable, UsageError
from catalogue.times import business_date

MOST_AHEAD = timedelta(days=31)
"""How far the date may jump. A clock that is wrong by years would empty every window of the indicators for good, and a
published date cannot be taken back; but a hub may have been off for some weeks."""


def business_date_of(decode: Callable[[bytes], Mapping[str, Any]], message: bytes | None) -> date | None:
    """Return the date that a message names; None for one that names none, which becomes a dead letter of the merge.

    Raises Unavailable when the registry is away.
    """
    try:
        day = decode(message or b"").get("date")
    except PoisonMessage:
        return None
    return day if isinstance(day, date) else None


def today() -> date:
    """Return the business date by this machine's clock."""
    return business_date(datetime.now(UTC))


class BusinessDates:
    """Publishes the business dates one after another, for a process that has each of them to tell at once."""

    def __init__(self, config: BusConfig) -> None:
        self._config = config
        # Opening clients and reading the calendar takes half a second, which a new day need not wait for.
        self._ready: tuple[Encoder, Producer, dict[int, date]] | None = None

    def publish(self, day: date, *, accepted: date | None = None, most_ahead: timedelta | None = None) -> None:
        """Write a date to every partition of the calendar that does not have it, or a later one, yet.

        Raises UsageError when Kafka was written with another registry, so that nothing in it could be read; and for a
        date more than ``most_ahead`` after the newest published one, unless it is the ``accepted`` one. Raises
        Unavailable while Kafka or the registry is away.
        """
        encode, producer, published = self._ready or self._opened()
        # What is told in vain is looked for anew.
        self._ready = None
        newest = max(published.values(), default=day)
        if most_ahead is not None and day > newest + most_ahead and day != accepted:
            raise UsageError(
                f"The clock says {day}, and the streams were last told {newest}.",
                remedy=f"Set the clock; if it is right, start with CREDITHUB_ACCEPT_DATE={day}.",
            )
        behind = [number for number in range(self._config.partitions) if published.get(number, date.min) < day]
        if behind:
            value = encode({"date": day, "said_at": datetime.now(UTC)})
            for number in behind:
                producer.produce(self._config.topic(topics.CALENDAR), value, None, number)
            if producer.flush(30):
                raise Unavailable("The broker did not take the business date.", remedy="See `credithub status`.")
        self._ready = encode, producer, published | dict.fromkeys(behind, day)

    def _opened(self) -> tuple[Encoder, Producer, dict[int, date]]:
        with closing(Registry(self._config)) as registry:
            published = _published_dates(self._config, Decoder(registry))
            encode = Encoder(registry, topics.CALENDAR, wire.BUSINESS_DATE)
        return encode, clients.producer(self._config, **{"linger.ms": 0}), published


def publish_business_date(
    config: BusConfig, day: date, *, accepted: date | None = None, most_ahead: timedelta | None = None
) -> None:
    """Write one date, as ``BusinessDates.publish`` does."""
    BusinessDates(config).publish(day, accepted=accepted, most_ahead=most_ahead)


def _published_dates(config: BusConfig, decode: Decoder) -> dict[int, date]:
    """Return the newest date of each partition of the calendar."""
    newest: dict[int, date] = {}
    for message in scan(config, topics.CALENDAR):
        day = business_date_of(decode, message.value()) or date.min
        newest[message.partition()] = max(day, newest.get(message.partition(), day))
    if newest and max(newest.values()) == date.min:
        raise UsageError(
            f"The topics of {config.bootstrap} were written with another registry than {config.shown_registry}.",
            remedy="Name that registry in CREDITHUB_REGISTRY_URL, or take other topics by CREDITHUB_TOPIC_PREFIX.",
        )
    return newest
