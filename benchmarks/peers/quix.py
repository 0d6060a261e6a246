"""Quix Streams: state in its RocksDB store with a changelog topic, records as bytes beside the totals as JSON.

One branch of the dataframe sends the changes, the other the states, one of each per changed record: Quix works
message by message and coalesces nothing. At least once, its default.

Tried: commits each second and each five seconds (its default), linger of 5 and 50 ms: 84 to 86 µs an event each.
"""

import quixstreams  # type: ignore[import-not-found]
from quixstreams import Application, State
from quixstreams.kafka import ConnectionConfig  # type: ignore[import-not-found]
from quixstreams.models import TopicConfig  # type: ignore[import-not-found]

from benchmarks.peers.job import Stopwatch, Work, told, totals, version

SETTINGS = "at least once, RocksDB with changelog, commit each 5 s (default), linger 50 ms, lz4"


def main() -> None:
    """Merge all events of the job."""
    job = told()
    work, watch = Work(job), Stopwatch(job, f"quixstreams {quixstreams.__version__}", SETTINGS)
    seen = 0

    def count(topic: str, partition: int, offset: int) -> None:
        nonlocal seen
        seen += 1
        if seen == job.events:
            app.stop()

    app = Application(
        broker_address=ConnectionConfig.from_librdkafka_dict(job.client),
        consumer_group=job.name,
        auto_offset_reset="earliest",
        loglevel="WARNING",
        state_dir=job.folder / "state",
        producer_extra_config={
            "linger.ms": 50, "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000,
        },
        on_message_processed=count,
    )  # fmt: skip
    shape = TopicConfig(num_partitions=job.partitions, replication_factor=1)
    source = app.topic(job.source, key_deserializer="bytes", value_deserializer="bytes", config=shape)
    changes = app.topic(job.changes, key_serializer="bytes", value_serializer="bytes", config=shape)
    states = app.topic(job.states, key_serializer="bytes", value_serializer="bytes", config=shape)

    def merge(message: bytes, state: State) -> tuple[bytes, bytes] | None:
        watch.first()
        event = work.decode(message)
        key = event["record_key"]
        held = state.get_bytes(key)
        old = None if held is None else work.decode(held)
        if old is not None and version(event) <= version(old):
            return None
        state.set_bytes(key, message)
        sums = totals(state.get("totals"))
        work.replace(sums, old, event)
        state.set("totals", sums.as_json())
        return work.change(event, message, held), work.state(event["subject"], sums)

    merged = app.dataframe(source).apply(merge, stateful=True).filter(lambda made: made is not None)
    merged.apply(lambda made: made[0]).to_topic(changes)
    merged.apply(lambda made: made[1]).to_topic(states)
    app.run()
    watch.done()


if __name__ == "__main__":
    main()
