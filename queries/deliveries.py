"""How far the records of each item came, and how long it took: read from the topics of the receivers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.reading.topic_reader import TopicReader
from rules.release.handles import Handles


@dataclass(slots=True)
class ItemDeliveries:
    """What the receivers got of one item; latencies in seconds, from the reading of a row to its last hop."""

    bank_changes: int = 0
    receipts: int = 0
    latencies_s: list[float] = field(default_factory=list)


def deliveries(reader: TopicReader, decode: Decoder, banks: Iterable[str]) -> Mapping[str, ItemDeliveries]:
    """Return what was delivered, by item; items of which nothing was are left out.

    Raises PoisonMessage when a message cannot be read, Unavailable when Kafka or the registry is away.
    """
    by_item: dict[str, ItemDeliveries] = defaultdict(ItemDeliveries)
    # By the bank's handle of a record, which no other bank has.
    arrivals: dict[str, datetime] = {}
    for bank in banks:
        for event in _values(reader, decode, topics.bank_topic(bank)):
            if "record_key" in event:
                by_item[event["item"]].bank_changes += 1
                handle = event["record_key"]
                arrivals[handle] = min(event["emitted_at"], arrivals.get(handle, event["emitted_at"]))
    # A key is the same in all versions of its recipient, and all versions lie in each partition.
    keys = {
        value["recipient"]: value["handle_key"]
        for value in _values(reader, decode, topics.RECIPIENT)
        if "handle_key" in value
    }
    handles = [Handles(key) for key in keys.values()]
    for change in _values(reader, decode, topics.CHANGE):
        for record in change["records"]:
            # The last hop is the first bank's topic; for a record that no bank may see, the change topic.
            key = (change["subject"], record["item"], record["record_key"])
            known = [at for handle_of in handles if (at := arrivals.get(handle_of(*key)))]
            arrived_at = min(known, default=change["changed_at"])
            by_item[record["item"]].latencies_s.append((arrived_at - record["reported_at"]).total_seconds())
    item_of_upload = {upload["key"]: upload["item"] for upload in _values(reader, decode, topics.UPSTREAM_UP)}
    for receipt in _values(reader, decode, topics.UPSTREAM_RECEIPT):
        by_item[item_of_upload[receipt["key"]]].receipts += 1
    return dict(by_item)


def _values(reader: TopicReader, decode: Decoder, topic: str) -> Iterator[dict[str, Any]]:
    for message in reader.read_all(reader.partitions((topic,))):
        yield decode(message.value() or b"")
