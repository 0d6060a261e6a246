"""How soon everybody has what ended: a penalty whose publication lapses, and one that is repaired.

Everything runs as ``credithub up`` runs it: one worker, PostgreSQL, the platform above, two banks. A lapse counts from
when its day is published, a repair from when it is sent. It has arrived when a bank's client (read_committed) has the
withdrawal, when PostgreSQL has the change, and when the platform above has answered for it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import EventEncoder
from bus.avro.registry import Registry
from bus.business_date import BusinessDates, today
from bus.config import BusConfig
from bus.users import ADMIN
from catalogue import avro
from catalogue.envelope import Envelope, EventId, ItemId, Op, RecordKey, SubjectKey, SubmissionId
from catalogue.load import load_catalogue
from hub.database_access import DatabaseRole
from hub.demo.figures import quantile
from hub.settings import Settings, bus_config, endpoints
from simulation.people import make_uscc
from sinks.banks.recipients import bank_ids

ITEM = "administration.penalty"
LAPSED, REPAIRED = "a penalty that lapses", "a penalty that is repaired"
EACH = 20
_POSTGRES, _UPSTREAM = "PostgreSQL", "the platform above"
_PATIENCE_S = 60.0
_QUERY_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Seconds from a cause to the arrival of its withdrawals at one place."""

    cause: str
    place: str
    withdrawals: int
    p50_s: float | None
    most_s: float


@dataclass(slots=True)
class _Place:
    """Where a subject's changes arrive: when the first did, which reports it, and the second, which withdraws it."""

    name: str
    seen: dict[str, list[float]] = field(default_factory=dict)

    def note(self, subject: str, at: float) -> None:
        self.seen.setdefault(subject, []).append(at)


def measure(settings: Settings, say: Callable[[str], None], each: int = EACH) -> Iterator[Withdrawn]:
    """Yield for each cause and place how soon so many withdrawals came, one after the other."""
    with closing(_Everybody(settings)) as everybody:
        days, first = [today() + timedelta(days=number + 1) for number in range(each)], make_uscc("630104", 0)
        # As the clock has it, which told a day before.
        dates = BusinessDates(everybody.config)
        dates.publish(today())
        # The first of a topic and of a client takes longer.
        everybody.send(first, {})
        everybody.wait(first, 1)
        for number, day in enumerate(days, 1):
            everybody.send(make_uscc("630104", number), {"publicity_deadline": day - timedelta(days=1)})
        for number in range(1, each + 1):
            everybody.wait(make_uscc("630104", number), 1)
        for cause in (LAPSED, REPAIRED):
            took: dict[str, list[float]] = {}
            for number, day in enumerate(days, 1):
                if cause == LAPSED:
                    subject, began = make_uscc("630104", number), time.monotonic()
                    dates.publish(day)
                else:
                    subject = make_uscc("630104", each + number)
                    everybody.send(subject, {})
                    everybody.wait(subject, 1)
                    began = time.monotonic()
                    everybody.send(subject, {"repair_date": today()}, again=True)
                for place, arrived in everybody.wait(subject, 2).items():
                    took.setdefault(place, []).append(arrived - began)
                say(f"  {cause}: {number} after {max(values[-1] for values in took.values()):.2f} s")
            for place, seconds in took.items():
                yield Withdrawn(cause, place, len(seconds), quantile(seconds, 0.5), max(seconds))


class _Everybody:
    """Sends penalties of ever new subjects, and notes when their changes reach each place."""

    def __init__(self, settings: Settings) -> None:
        self.config: BusConfig = bus_config(settings, ADMIN)
        self._dsn = endpoints(settings).database(DatabaseRole.READER)
        self._item = load_catalogue().item(ITEM)
        self._topic = avro.topic(self._item.category)
        self._registry = Registry(self.config)
        self._encode = EventEncoder(self._registry, self._topic, avro.event_schema(self._item))
        self._producer = clients.producer(self.config)
        self._stop = threading.Event()
        self._waiting: set[str] = set()
        listened = {f"bank {bank}": topics.bank_topic(bank) for bank in bank_ids()}
        self._places = [_Place(name) for name in (*listened, _UPSTREAM, _POSTGRES)]
        self._threads = [
            threading.Thread(target=self._listen, args=(place, topic), daemon=True)
            for place, topic in zip(self._places, (*listened.values(), topics.UPSTREAM_RECEIPT), strict=False)
        ]
        self._threads.append(threading.Thread(target=self._query, args=(self._places[-1],), daemon=True))
        for one in self._threads:
            one.start()

    def close(self) -> None:
        """End the clients."""
        self._stop.set()
        for one in self._threads:
            one.join()
        self._registry.close()

    def send(self, subject: str, more: Mapping[str, date], *, again: bool = False) -> None:
        """Send a penalty of this subject, or the same one again, and wait until the broker has it."""
        now, key = datetime.now(UTC), f"样例罚〔2026〕{subject}号"
        envelope = Envelope(
            EventId(f"withdrawn:{subject}:{again}"), ItemId(ITEM), Op.REPORT, RecordKey(key), None,
            now - timedelta(days=30), int(again), f"{subject}{again:d}".rjust(32, "0"), now, self._item.units[0],
            "630100", "FILE", SubmissionId("withdrawn"), 1, SubjectKey(subject), f"西宁样例{subject}公司", False,
        )  # fmt: skip
        said: dict[str, Any] = {
            "subject_name": envelope.subject_name, "uscc": subject, "penalty_decision_number": key,
            "authority_name": "西宁市市场监督管理局", "violation_facts": "未按规定公示年度报告",
            "decision_date": (now - timedelta(days=30)).date(), "penalty_type": "罚款", **more,
        }  # fmt: skip
        self._producer.produce(self.config.topic(self._topic), self._encode(envelope._asdict(), said), subject.encode())
        if self._producer.flush(30):
            raise RuntimeError("the broker did not take it")

    def wait(self, subject: str, changes: int) -> dict[str, float]:
        """Wait until so many changes of a subject's record are everywhere; return when the last came to each place."""
        self._waiting.add(subject)
        deadline = time.monotonic() + _PATIENCE_S
        while any(len(place.seen.get(subject, ())) < changes for place in self._places):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{subject} did not arrive: { {p.name: p.seen.get(subject) for p in self._places} }")
            time.sleep(0.005)
        self._waiting.discard(subject)
        return {place.name: place.seen[subject][changes - 1] for place in self._places}

    def _listen(self, place: _Place, topic: str) -> None:
        with closing(Registry(self.config)) as registry:
            decode = Decoder(registry)
            group = f"withdrawn.{topic}"
            with closing(clients.consumer(self.config, group, **{"fetch.wait.max.ms": 20})) as consumer:
                consumer.subscribe([self.config.topic(topic)])
                while not self._stop.is_set():
                    for message in consumer.consume(100, 0.02):
                        at = time.monotonic()
                        if message.error() is None:
                            said = decode(message.value() or b"")
                            # A bank's other messages are of indicators, lists, or what it is told at all.
                            if place.name == _UPSTREAM or "record_key" in said:
                                place.note((message.key() or b"").decode(), at)

    def _query(self, place: _Place) -> None:
        with closing(psycopg2.connect(self._dsn)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not self._stop.wait(_QUERY_PAUSE_S):
                if not (subjects := sorted(self._waiting)):
                    continue
                cursor.execute("select subject, sequence from credit_state where subject = any(%s)", (subjects,))
                at = time.monotonic()
                for subject, sequence in cursor.fetchall():
                    while len(place.seen.get(subject, ())) < sequence:
                        place.note(subject, at)
