"""Bytewax: two stateful steps, the winning event by record and the totals by subject, with its recovery store.

Bytewax snapshots the state of each key that an epoch touched into SQLite (pickled), so a state by record keeps a
snapshot as small as what changed. Its positions are in the same store: it commits nothing to Kafka, and has no
changelog topic. The input ends at the end of the topic, with which the last epoch closes. At least once towards Kafka.

Tried: 500, 2000 and 8000 messages a batch (73, 71 and 77 µs an event), epochs of one and of ten seconds (79 and 71;
ten is its default).
"""

from datetime import timedelta
from importlib.metadata import version as installed

import bytewax.operators as op  # type: ignore[import-not-found]
from bytewax._bytewax import cli_main  # type: ignore[import-not-found]
from bytewax.connectors.kafka import (  # type: ignore[import-not-found]
    KafkaSink,
    KafkaSinkMessage,
    KafkaSource,
    KafkaSourceMessage,
)
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]
from bytewax.recovery import RecoveryConfig, init_db_dir  # type: ignore[import-not-found]

from benchmarks.peers.job import Event, Stopwatch, Totals, Work, told, version

BATCH, EPOCH_S = 2000, 10
SETTINGS = f"at least once, recovery store (SQLite), epochs of {EPOCH_S} s (default), {BATCH} messages a batch, lz4"
Seen = tuple[Event, bytes]
Moved = tuple[Event, bytes, bytes | None, Event | None]


def main() -> None:
    """Merge all events of the job."""
    job = told()
    work, watch = Work(job), Stopwatch(job, f"bytewax {installed('bytewax')}", SETTINGS)

    def decode(message: KafkaSourceMessage) -> tuple[str, Seen]:
        watch.first()
        event = work.decode(message.value)
        return f"{event['subject']}\0{event['record_key']}", (event, message.value)

    def newest(held: bytes | None, seen: Seen) -> tuple[bytes, Moved | None]:
        event, message = seen
        old = None if held is None else work.decode(held)
        if held is not None and old is not None and version(event) <= version(old):
            return held, None
        return message, (event, message, held, old)

    def changed(keyed: tuple[str, Moved | None]) -> Moved | None:
        return keyed[1]

    def add(sums: Totals | None, moved: Moved) -> tuple[Totals, bytes]:
        sums = sums or Totals()
        event, _, _, old = moved
        work.replace(sums, old, event)
        return sums, work.state(event["subject"], sums)

    def change(moved: Moved) -> KafkaSinkMessage:
        event, message, held, _ = moved
        return KafkaSinkMessage(event["subject"].encode(), work.change(event, message, held))

    def state(keyed: tuple[str, bytes]) -> KafkaSinkMessage:
        return KafkaSinkMessage(keyed[0].encode(), keyed[1])

    settings = {**job.login, "partitioner": "murmur2_random", "compression.type": "lz4", "linger.ms": "5"}
    flow = Dataflow("merge")
    source = KafkaSource([job.bootstrap], [job.source], tail=False, add_config=job.login, batch_size=BATCH)
    moved = op.filter_map(
        "changed", op.stateful_map("newest", op.map("decode", op.input("in", flow, source), decode), newest), changed
    )
    op.output("changes", op.map("change", moved, change), KafkaSink([job.bootstrap], job.changes, settings))
    states = op.stateful_map("totals", op.key_on("subject", moved, lambda one: one[0]["subject"]), add)
    op.output("states", op.map("state", states, state), KafkaSink([job.bootstrap], job.states, settings))
    store = job.folder / "recovery"
    store.mkdir()
    init_db_dir(store, 1)
    cli_main(flow, epoch_interval=timedelta(seconds=EPOCH_S), recovery_config=RecoveryConfig(store))
    watch.done()


if __name__ == "__main__":
    main()
