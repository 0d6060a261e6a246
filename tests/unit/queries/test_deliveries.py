"""What was delivered of each item, from topics made by hand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from queries.deliveries import ItemDeliveries, deliveries
from rules.release.handles import Handles

READ_AT = datetime(2026, 6, 30, 8, tzinfo=UTC)
PENALTY, PERMIT = "administration.penalty", "administration.permit"


class _Message:
    def __init__(self, value: Mapping[str, Any]) -> None:
        self._value = value

    def value(self) -> Mapping[str, Any]:
        return self._value


class _Topics(TopicReader):
    """Topics of one partition each, which hold these values."""

    def __init__(self, values: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._topic_values = values

    def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(topic, 0) for topic in topics]

    def read_all(self, partitions: Iterable[TopicPartition]) -> Iterator[Message]:
        for topic, _ in partitions:
            for value in self._topic_values.get(topic, ()):
                yield cast("Message", _Message(value))


def _after(seconds: int) -> datetime:
    return READ_AT + timedelta(seconds=seconds)


def _record(item: str) -> dict[str, Any]:
    return {"item": item, "record_key": "1", "reported_at": READ_AT}


def _bank_event(bank: str, seconds: int) -> dict[str, Any]:
    handle = Handles(bank.encode())("a", PENALTY, "1")
    return {"subject": "a", "item": PENALTY, "record_key": handle, "emitted_at": _after(seconds)}


def test_a_record_arrives_with_the_first_bank_else_with_its_change() -> None:
    reader = _Topics(
        {
            topics.bank_topic("yinhe"): [_bank_event("yinhe", 9), {"subject": "a", "indicators": {}}],
            topics.bank_topic("kunlun"): [_bank_event("kunlun", 7)],
            topics.RECIPIENT: [
                {"recipient": bank, "handle_key": bank.encode()} for bank in ("yinhe", "kunlun", "kunlun")
            ]
            + [{"recipient": "yinhe", "subject": "a", "is_in": True}],
            topics.CHANGE: [
                {"subject": "a", "changed_at": _after(2), "records": [_record(PENALTY), _record(PERMIT)]},
            ],
            topics.UPSTREAM_UP: [{"key": "k", "item": PERMIT}],
            topics.UPSTREAM_RECEIPT: [{"key": "k"}],
        }
    )
    decode = cast("Decoder", lambda value: value)
    assert deliveries(reader, decode, ["yinhe", "kunlun"]) == {
        PENALTY: ItemDeliveries(bank_changes=2, receipts=0, latencies_s=[7.0]),
        PERMIT: ItemDeliveries(bank_changes=0, receipts=1, latencies_s=[2.0]),
    }
