"""The bare loop beside a push: events that lie in memory as plain values, encoded and produced, nothing else.

It reads back what a push of the same table sent, decodes it before the clock starts, and then encodes and produces
each event with the settings of our own producers. Run by ``benchmarks.push``; prints the seconds of the loop.
"""

import io
import json
import sys
import time

import fastavro
import psutil

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE, schema_id_of
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.topics import TopicSpec, ensure_topics

_MOST_EVENTS = 100_000


def main(bootstrap: str, registry_url: str, client_file: str, topic: str, target: str) -> None:
    """Encode and produce up to 100,000 events of ``topic`` into ``target``."""
    config = BusConfig(bootstrap, registry_url, client_file=client_file)
    registry = Registry(config)
    decode = Decoder(registry)
    events, head, schema = [], b"", None
    for message in scan(config, topic):
        value = message.value()
        if schema is None:
            head, schema = value[:HEAD_SIZE], fastavro.parse_schema(registry.schema(schema_id_of(value)))
        events.append((message.key(), decode(value)))
        if len(events) == _MOST_EVENTS:
            break
    registry.close()
    if schema is None:
        raise SystemExit(f"{topic} is empty")
    ensure_topics(config, [TopicSpec(target, {})])
    producer = clients.producer(config)
    producer.list_topics(target)
    process = psutil.Process()
    before, began = process.cpu_times(), time.monotonic()
    for number, (key, event) in enumerate(events):
        out = io.BytesIO()
        out.write(head)
        fastavro.schemaless_writer(out, schema, event)
        producer.produce(target, key=key, value=out.getvalue())
        if number % 1000 == 0:
            producer.poll(0)
    if producer.flush(60):
        raise SystemExit("not everything was delivered")
    wall, after = time.monotonic() - began, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    print(json.dumps({"events": len(events), "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
