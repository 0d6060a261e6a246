"""From a push to the banks' topics: the top rate of the whole chain, and how long events take at shares of it.

Everything runs as ``credithub up`` runs it: one worker, PostgreSQL, the platform above, two banks. Penalties of one
subject each are sent by a producer with a push's settings, at a steady rate; an event has arrived when a bank's client
(read_committed) has it. The sender and the clients run here, on the same machine, and take their share of it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bus import clients, topics
from bus.avro.encoding import EventEncoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.users import ADMIN
from catalogue import avro
from catalogue.envelope import Envelope, EventId, ItemId, Op, RecordKey, SubjectKey, SubmissionId
from catalogue.load import load_catalogue
from hub.demo.figures import quantile
from hub.settings import Settings, bus_config
from simulation.people import make_uscc
from sinks.banks.recipients import bank_ids

ITEM = "administration.penalty"
WARM_UP, TOP = 3_000, 15_000
SHARES = (0.25, 0.5, 0.75)
_SECONDS = 25
_PATIENCE_S = 300.0
_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from sending to arrival at a bank's client, at a rate of events; ``share``: of the top rate."""

    share: float
    events_per_s: float
    events: int
    p50_s: float | None
    p99_s: float | None
    most_s: float | None


def measure(settings: Settings, say: Callable[[str], None]) -> Iterator[Latency]:
    """Yield the latencies at each share of the top rate, which comes first, with share 1, and is sent at once."""
    config = bus_config(settings, ADMIN)
    with closing(Chain(config)) as chain:
        chain.send(WARM_UP, None)
        took, _ = chain.arrived()
        say(f"warmed up with {WARM_UP:,} events in {took:.1f} s")
        chain.send(TOP, None)
        took, seconds = chain.arrived()
        top = TOP / took
        yield _latency(1.0, top, seconds)
        for share in SHARES:
            rate = top * share
            say(f"{_SECONDS} s at {rate:,.0f} events/s")
            chain.send(int(rate * _SECONDS), rate)
            _, seconds = chain.arrived()
            yield _latency(share, rate, seconds)


def _latency(share: float, rate: float, seconds: list[float]) -> Latency:
    return Latency(
        share, rate, len(seconds), quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds, default=None)
    )


class Chain:
    """Sends events of ever new subjects, and notes when each one reaches each bank."""

    def __init__(self, config: BusConfig) -> None:
        self._config = config
        self._item = load_catalogue().item(ITEM)
        self._topic = avro.topic(self._item.category)
        with closing(Registry(config)) as registry:
            self._encode = EventEncoder(registry, self._topic, avro.event_schema(self._item))
        self._producer = clients.producer(config)
        self._next = 0
        self._sent: dict[bytes, float] = {}
        self._stop = threading.Event()
        banks = list(bank_ids())
        self._seen: dict[str, dict[bytes, float]] = {bank: {} for bank in banks}
        self._clients = [threading.Thread(target=self._listen, args=(bank,), daemon=True) for bank in banks]
        for client in self._clients:
            client.start()

    def close(self) -> None:
        """End the clients."""
        self._stop.set()
        for client in self._clients:
            client.join()

    def send(self, count: int, rate: float | None) -> None:
        """Send so many events, at a rate or at once. They are encoded before the first one is sent."""
        events = [self._event() for _ in range(count)]
        self._sent = {}
        name, done, begun = self._config.topic(self._topic), 0, time.monotonic()
        while done < count:
            due = count if rate is None else min(count, int((time.monotonic() - begun) * rate) + 1)
            for subject, value in events[done:due]:
                self._sent[subject] = time.monotonic()
                self._producer.produce(name, value, subject)
            done = max(done, due)
            self._producer.poll(_TICK_S)
        if self._producer.flush(60):
            raise RuntimeError("not everything was sent")

    def arrived(self) -> tuple[float, list[float]]:
        """Wait until all that was sent last is everywhere; return how long that took, and each event at each bank."""
        deadline = time.monotonic() + _PATIENCE_S
        while any(len(seen.keys() & self._sent.keys()) < len(self._sent) for seen in self._seen.values()):
            if time.monotonic() > deadline:
                raise RuntimeError("not everything arrived")
            time.sleep(0.1)
        seconds = [seen[subject] - at for seen in self._seen.values() for subject, at in self._sent.items()]
        last = max(seen[subject] for seen in self._seen.values() for subject in self._sent)
        return last - min(self._sent.values()), seconds

    def _event(self) -> tuple[bytes, bytes]:
        number, self._next = self._next, self._next + 1
        code, now = make_uscc("630103", number), datetime.now(UTC)
        key = f"样例罚〔2026〕{number}号"
        envelope = Envelope(
            EventId(f"latency:{number}"), ItemId(ITEM), Op.REPORT, RecordKey(key), None, now - timedelta(days=30), 0,
            f"{number:032x}", now, self._item.units[0], "630100", "FILE", SubmissionId("latency"), number,
            SubjectKey(code), f"西宁样例{number}商贸有限公司", False,
        )  # fmt: skip
        said = {
            "subject_name": envelope.subject_name, "uscc": code, "penalty_decision_number": key,
            "authority_name": "西宁市市场监督管理局", "violation_facts": "未按规定公示年度报告",
        }  # fmt: skip
        return code.encode(), self._encode(envelope._asdict(), said)

    def _listen(self, bank: str) -> None:
        seen = self._seen[bank]
        consumer = clients.consumer(self._config, f"latency.{bank}", **{"fetch.wait.max.ms": 50})
        with closing(consumer):
            consumer.subscribe([self._config.topic(topics.bank_topic(bank))])
            while not self._stop.is_set():
                messages = consumer.consume(500, 0.02)
                at = time.monotonic()
                for message in messages:
                    if message.error() is None:
                        seen.setdefault(message.key() or b"", at)
