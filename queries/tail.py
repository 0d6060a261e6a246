"""A bank's topic as it grows: each event, and what of its record changed since the event before it."""

import json
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaException

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.topic_reader import TopicReader
from catalogue import wire
from catalogue.errors import PoisonMessage
from catalogue.plain_values import jsonable, moment

# Records of which the last content is remembered, to tell what the next one changes.
_REMEMBERED = 100_000
SCOPE, INDICATORS = "SCOPE", "INDICATORS"
"""What is told of an enterprise at all, and the indicators of a group of it."""
_ROW = "\0"
# All other fields of a row are indicators.
_ROW_HEAD = frozenset(one["name"] for one in wire.bank_indicators("", ())["fields"])
_POLL_S = 0.2
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class BankEvent:
    """One event of a bank's topic.

    ``changed``: the fields (or indicators) with their values before and now. ``first``: no event of the record was seen
    before, so all that is filled counts as changed. ``item`` is the group for indicators, and None for what is told at
    all, of which ``changed`` has the statuses of items, each with the code that says why not all is told; and for a
    list, which has an id and a Chinese name: ``op`` then says where the enterprise stands.
    """

    partition: int
    offset: int
    subject: str
    subject_name: str | None
    sequence: int
    emitted_at: datetime
    item: str | None
    op: str
    record_key: str | None
    changed: Mapping[str, tuple[Any, Any]]
    first: bool
    withheld: tuple[str, ...] = ()
    reason: str | None = None
    list: str | None = None
    list_name: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the event for JSON."""
        changed = {
            name: {"previous": jsonable(previous), "current": jsonable(current)}
            for name, (previous, current) in self.changed.items()
        }
        return {
            "emitted_at": moment(self.emitted_at),
            "subject": self.subject,
            "subject_name": self.subject_name,
            "sequence": self.sequence,
            "item": self.item,
            "list": self.list,
            "list_name": self.list_name,
            "op": self.op,
            "record_key": self.record_key,
            "changed": changed,
            "first": self.first,
            "withheld": list(self.withheld),
            "reason": self.reason,
            "partition": self.partition,
            "offset": self.offset,
        }


class RecordMemory:
    """The last content of each record, and what is told of each enterprise; what was longest not seen is forgotten."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._contents: OrderedDict[tuple[str, str, str], Mapping[str, Any]] = OrderedDict()
        self._scopes: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    def take(self, value: Mapping[str, Any], partition: int = 0, offset: int = 0) -> BankEvent:
        """Return a decoded message as an event, and remember its content."""
        if "items" in value:
            return self._take_scope(value, partition, offset)
        if "list" in value:
            since = {} if value["since"] is None else {"since": (None, value["since"])}
            return BankEvent(
                partition, offset, value["subject"], value["subject_name"], value["sequence"], value["emitted_at"],
                None, value["status"], None, since, first=False, reason=value["reason"], list=value["list"],
                list_name=value["list_name"],
            )  # fmt: skip
        if "record_key" not in value:
            return self._take_row(value, partition, offset)
        key = (value["subject"], value["item"], value["record_key"])
        before, data = self._contents.pop(key, None), value["data"] or {}
        if value["op"] == "REPORT":
            self._remember(key, data)
        names = dict.fromkeys((*(before or {}), *data))
        changed = {n: ((before or {}).get(n), data.get(n)) for n in names if (before or {}).get(n) != data.get(n)}
        return BankEvent(
            partition, offset, value["subject"], value["subject_name"], value["sequence"], value["emitted_at"],
            value["item"], value["op"], value["record_key"], changed, before is None,
            tuple(json.loads(value["withheld_codes"] or "{}")), value["reason"],
        )  # fmt: skip

    def _take_row(self, value: Mapping[str, Any], partition: int, offset: int) -> BankEvent:
        key = (value["subject"], value["item"], _ROW)
        before = self._contents.pop(key, None)
        now = {name: one for name, one in value.items() if name not in _ROW_HEAD and one is not None}
        self._remember(key, now)
        known = before or {}
        names = sorted({*known, *now})
        changed = {name: (known.get(name), now.get(name)) for name in names if known.get(name) != now.get(name)}
        return BankEvent(
            partition, offset, value["subject"], value["subject_name"], value["sequence"], value["emitted_at"],
            value["item"], INDICATORS, None, changed, before is None, reason=value["reason"],
        )  # fmt: skip

    def _remember(self, key: tuple[str, str, str], content: Mapping[str, Any]) -> None:
        self._contents[key] = content
        if len(self._contents) > self._most:
            self._contents.popitem(last=False)

    def _take_scope(self, value: Mapping[str, Any], partition: int, offset: int) -> BankEvent:
        before = self._scopes.pop(value["subject"], None)
        now = {one["item"]: " ".join(filter(None, (one["status"], one["code"]))) for one in value["items"]}
        self._scopes[value["subject"]] = now
        if len(self._scopes) > self._most:
            self._scopes.popitem(last=False)
        known = before or {}
        changed = {name: (known.get(name), status) for name, status in now.items() if known.get(name) != status}
        return BankEvent(
            partition, offset, value["subject"], value["subject_name"], value["sequence"], value["emitted_at"],
            None, SCOPE, None, changed, before is None,
        )  # fmt: skip


def follow(
    config: BusConfig, topic: str, *, from_beginning: bool, on_ready: Callable[[int], None] = lambda partitions: None
) -> Generator[BankEvent | PoisonMessage, None, None]:
    """Yield the events of a topic as they come, without an end; first, if ``from_beginning``, those that it holds.

    Committed events only. ``on_ready`` is called with the number of partitions as soon as no later event can be missed.
    Raises Unavailable when there is no such topic.
    """
    reader = TopicReader(config)
    # From the stable end on: a transaction that is open now may still commit messages that lie before the last offset.
    ends = reader.ends(reader.partitions((topic,)), stable=True)
    starts = {key: end.low if from_beginning else end.high for key, end in ends.items()}
    memory = RecordMemory()
    with closing(Registry(config)) as registry, closing(clients.consumer(config, config.own("watch"))) as consumer:
        decode = Decoder(registry)
        consumer.assign([key.real(config, at) for key, at in starts.items()])
        on_ready(len(starts))
        while True:
            for message in consumer.consume(_AT_ONCE, timeout=_POLL_S):
                error = message.error()
                if error is not None:
                    if error.fatal() or not error.retriable():
                        raise KafkaException(error)
                    continue
                try:
                    yield memory.take(decode(message.value() or b""), message.partition(), message.offset())
                except PoisonMessage as problem:
                    yield problem
