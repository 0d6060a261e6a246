"""Reads the subject index from the records that are in force."""

from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.topics import RECORD
from catalogue.envelope import Op
from producers.subjects.index import ITEMS, MARKS, SubjectIndex


def read_index(config: BusConfig, registry: Registry) -> SubjectIndex:
    """Return the index of what is in force: of every record its newest version, unless that withdrew it."""
    decode = Decoder(registry)
    newest: dict[bytes, tuple[str, str, dict[str, Any], str | None]] = {}
    for message in scan(config, RECORD):
        key, value = message.key(), message.value()
        if not isinstance(key, bytes) or not isinstance(value, bytes):
            continue
        envelope, _, schema_id, payload = decode.record(value)
        if envelope.item not in ITEMS:
            continue
        if envelope.op == Op.REPORT:
            values = decode.payload(schema_id, payload) or {}
            marks = {name: values[name] for name in MARKS if values.get(name)}
            newest[key] = (envelope.item, envelope.subject, marks, envelope.subject_name)
        else:
            newest.pop(key, None)
    index = SubjectIndex()
    while newest:
        index.add(*newest.popitem()[1])
    return index
