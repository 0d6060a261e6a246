"""No framework: confluent-kafka and fastavro in a loop. Argument 2: ``dict`` or ``rocksdict``.

``dict`` keeps everything in memory and loses it with the process: the practical limit of one Python process.
``rocksdict`` keeps it in RocksDB, written in one batch before each commit; a store without a changelog, which does
not move to another machine. States are coalesced: one per subject touched since the last batch of messages.

Tried: 1000, 4000 and 8000 messages a batch, commits each second and each five seconds: 28 to 29 µs an event each.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import confluent_kafka
from rocksdict import Options, Rdict, WriteBatch

from benchmarks.peers.job import Stopwatch, Totals, Work, told, totals, version

BATCH, COMMIT_S = 4000, 1.0
SETTINGS = f"{BATCH} messages a batch, commit each {COMMIT_S:.0f} s, lz4, one state per subject and batch"


class Durable:
    """RocksDB, with what was not written yet before it."""

    def __init__(self, path: str) -> None:
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(64 << 20)
        self._db = Rdict(path, options)
        self._records: dict[bytes, bytes] = {}
        self._totals: dict[str, Totals] = {}

    def record(self, key: bytes) -> bytes | None:
        """Return the winning message of a record."""
        return self._records.get(key) or self._db.get(key)

    def put(self, key: bytes, message: bytes) -> None:
        """Keep the winning message of a record."""
        self._records[key] = message

    def totals(self, subject: str) -> Totals:
        """Return a subject's totals, to be changed in place."""
        held = self._totals.get(subject)
        if held is None:
            raw = self._db.get(subject.encode())
            held = self._totals[subject] = totals(None if raw is None else json.loads(raw))
        return held

    def write(self) -> None:
        """Write what is new, at once."""
        batch = WriteBatch(raw_mode=True)
        for key, message in self._records.items():
            batch.put(key, message)
        for subject, sums in self._totals.items():
            batch.put(subject.encode(), json.dumps(sums.as_json()).encode())
        self._db.write(batch)
        self._records, self._totals = {}, {}


class InMemory:
    """Two dictionaries."""

    def __init__(self) -> None:
        self._totals: dict[str, Totals] = {}
        records: dict[bytes, bytes] = {}
        self.record: Callable[[bytes], bytes | None] = records.get
        self.put = records.__setitem__

    def totals(self, subject: str) -> Totals:
        """Return a subject's totals, to be changed in place."""
        held = self._totals.get(subject)
        if held is None:
            held = self._totals[subject] = Totals()
        return held

    def write(self) -> None:
        """There is nothing to write to."""


def main(kind: str) -> None:
    """Merge all events of the job."""
    job = told()
    work, watch = Work(job), Stopwatch(job, f"confluent-kafka {confluent_kafka.__version__}", SETTINGS)
    store: Any = InMemory() if kind == "dict" else Durable(str(job.folder / "store"))
    consumer = confluent_kafka.Consumer(
        {**job.client, "group.id": job.name, "auto.offset.reset": "earliest",
         "enable.auto.commit": False, "queued.max.messages.kbytes": 65_536}
    )  # fmt: skip
    producer = confluent_kafka.Producer(
        {**job.client, "partitioner": "murmur2_random", "linger.ms": 20,
         "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000, "enable.idempotence": True}
    )  # fmt: skip
    consumer.subscribe([job.source])
    seen, committed = 0, time.monotonic()
    while seen < job.events:
        messages = consumer.consume(BATCH, 0.1)
        if messages:
            watch.first()
        touched: dict[str, Totals] = {}
        for message in messages:
            if message.error() is not None:
                raise SystemExit(str(message.error()))
            raw = message.value()
            event = work.decode(raw)
            subject = event["subject"]
            key = f"{subject}\0{event['record_key']}".encode()
            held = store.record(key)
            old = None if held is None else work.decode(held)
            if old is not None and version(event) <= version(old):
                continue
            store.put(key, raw)
            sums = touched[subject] = store.totals(subject)
            work.replace(sums, old, event)
            producer.produce(job.changes, work.change(event, raw, held), subject)
        for subject, sums in touched.items():
            producer.produce(job.states, work.state(subject, sums), subject)
        seen += len(messages)
        producer.poll(0)
        if seen >= job.events or time.monotonic() - committed > COMMIT_S:
            if producer.flush(60):
                raise SystemExit("not everything was delivered")
            store.write()
            if seen:
                consumer.commit(asynchronous=False)
            committed = time.monotonic()
    watch.done()
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[2])
