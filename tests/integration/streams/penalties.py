"""Penalties of a few subjects, and a partition of the merge on topics of its own that takes them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import publish_business_date
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from bus.reading.scan import scan
from catalogue.avro import event_schema, topic
from catalogue.load import load_catalogue
from processing.output import InputMessage
from processing.partition import RestoredPartition, fence
from rules.indicators.definitions import Indicator
from tests.merging import merge_runtime

CIPHER = Cipher(KeyRing(b"l" * 32, {1: b"k" * 32}))
DAY = datetime(2026, 6, 30, tzinfo=UTC)
# When every penalty has left a window of a year.
LATER = date(2028, 1, 1)
PENALTIES = topic("administration")


def make_topics(config: BusConfig) -> None:
    names = {topics.RECORD, topics.PERSON_RECORD, topics.CHANGE, topics.STATE, topics.INDICATOR, topics.POSITION}
    wanted = {*names, topics.CALENDAR, topics.REJECTED, PENALTIES}
    topics.ensure_topics(config, [t for t in topics.topic_specs(load_catalogue()) if t.name in wanted])


def penalties(
    config: BusConfig, events: int, *, keys: int = 20, subjects: int = 3, facts: str | None = None
) -> Iterator[bytes]:
    registry = Registry(config)
    encode = Encoder(registry, PENALTIES, event_schema(load_catalogue().item("administration.penalty")))
    registry.close()
    for number in range(events):
        yield encode(
            {
                "event_id": f"s:{number:04d}",
                "item": "administration.penalty",
                "op": "WITHDRAW" if number % 17 == 16 else "REPORT",
                "record_key": f"处罚{number % keys}",
                "source_time": DAY - timedelta(days=30 * (number % 7)),
                "revision": 0,
                "content_hash": f"{number:032x}",
                "reported_at": DAY,
                "unit": "functional_departments",
                "region": "630102",
                "channel": "FILE",
                "submission_id": "s",
                "row": number,
                "subject": f"9163010200000000{number % subjects:02d}",
                "subject_name": f"样例企业{number % subjects}",
                "data": {
                    "violation_facts": facts,
                    "fine_amount": Decimal(number),
                    "decision_date": (DAY - timedelta(days=30 * (number % 7))).date(),
                },
            }
        )


@contextmanager
def owned(
    config: BusConfig,
    folder: Path,
    indicators: Iterable[Indicator] | None = None,
    on_progress: Callable[[], None] = lambda: None,
) -> Iterator[RestoredPartition]:
    """Own partition 0 of the merge, with its store in ``folder``."""
    with closing(Registry(config)) as registry:
        runtime = merge_runtime(config, registry, CIPHER, folder, indicators, on_progress)
        with closing(fence(runtime, 0).restore()) as partition:
            yield partition


def unread_days(config: BusConfig, partition: RestoredPartition) -> list[InputMessage]:
    """Return the messages of the calendar that the partition has not read."""
    reached = partition.next_offsets().get(topics.CALENDAR, 0)
    return [InputMessage(m.offset(), m.value()) for m in scan(config, topics.CALENDAR) if m.offset() >= reached]


def merged(
    config: BusConfig,
    folder: Path,
    batches: list[list[bytes]],
    days: tuple[date, ...] = (),
    indicators: Iterable[Indicator] | None = None,
) -> dict[str, int]:
    for day in days:
        publish_business_date(config, day)
    with owned(config, folder, indicators) as partition:
        total: dict[str, int] = {}
        days_to_come = unread_days(config, partition)
        if days_to_come:
            partition.process({topics.CALENDAR: days_to_come})
        offset = partition.next_offsets().get(PENALTIES, 0)
        for values in batches:
            outcomes = partition.process({PENALTIES: [InputMessage(offset + i, v) for i, v in enumerate(values)]})
            offset += len(values)
            total = {k: total.get(k, 0) + v for k, v in outcomes[PENALTIES].items()}
        return total


def all_of(config: BusConfig, name: str) -> list[dict[str, Any]]:
    registry = Registry(config)
    decode = Decoder(registry)
    found = [decode(m.value()) for m in scan(config, name)]
    registry.close()
    return found


def hashes(config: BusConfig) -> dict[str, str]:
    return {state["subject"]: state["hash"] for state in all_of(config, topics.STATE)}


def latest(config: BusConfig) -> dict[str, dict[str, Any]]:
    """Return the newest state of each subject, with the newest values of its indicators."""
    states = {s["subject"]: s for s in all_of(config, topics.STATE)}
    values = {(v["subject"], v["item"]): v["indicators"] for v in all_of(config, topics.INDICATOR)}
    for subject, state in states.items():
        own = [held for (owner, _), held in values.items() if owner == subject]
        state["indicators"] = {name: value for held in own for name, value in held.items()}
    return states


def within_a_year(config: BusConfig) -> set[Decimal]:
    return {state["indicators"]["penalties_12m"] for state in latest(config).values()}
