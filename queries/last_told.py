"""What a bank was told last: the newest message of its topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from catalogue.plain_values import moment
from queries.tail import INDICATORS, SCOPE

# The ends of transactions, and messages of aborted ones, are offsets without a message.
_LOOKED_BACK = 200


@dataclass(frozen=True, slots=True)
class LastTold:
    """The newest message of a bank's topic; all but ``bank`` are None where it holds none.

    ``subject`` is the code of an enterprise, which operators may see; ``item`` is None for indicators and lists, and
    ``op`` of a list is where the enterprise stands on it.
    """

    bank: str
    told_at: datetime | None = None
    subject: str | None = None
    sequence: int | None = None
    item: str | None = None
    op: str | None = None
    list_name: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what was told for JSON, moments in Beijing time."""
        return {
            "bank": self.bank,
            "told_at": None if self.told_at is None else moment(self.told_at),
            "subject": self.subject,
            "sequence": self.sequence,
            "item": self.item,
            "op": self.op,
            "list_name": self.list_name,
        }


class LastTolds:
    """Looks at the ends of the banks' topics, again and again; what did not grow is not read again."""

    def __init__(self, reader: TopicReader, decode: Decoder) -> None:
        self._reader, self._decode = reader, decode
        self._ends: dict[str, Mapping[TopicPartition, int]] = {}
        self._told: dict[str, LastTold] = {}

    def of(self, bank: str) -> LastTold:
        """Return what a bank was told last; raises Unavailable when Kafka or the registry is away."""
        partitions = self._reader.partitions((topics.bank_topic(bank),))
        # Nobody can read beyond the stable end, and a look must not wait for a transaction.
        ends = self._reader.ends(partitions, stable=True)
        highs = {key: end.high for key, end in ends.items()}
        if self._ends.get(bank) == highs:
            return self._told[bank]
        before = self._ends.get(bank, {})
        starts = {key: max(end.low, end.high - _LOOKED_BACK, before.get(key, 0)) for key, end in ends.items()}
        told = self._told.get(bank, LastTold(bank))
        for message in self._reader.read(starts, ends):
            try:
                told = newer(told, self._decode(message.value() or b""))
            except PoisonMessage:
                continue  # `credithub watch` names it
        self._ends[bank], self._told[bank] = highs, told
        return told


def newer(told: LastTold, value: Mapping[str, Any]) -> LastTold:
    """Return a decoded message of a bank as what it was told last, or ``told`` where that came later."""
    if told.told_at is not None and told.told_at > value["emitted_at"]:
        return told
    if "item" in value and "record_key" not in value:
        op = INDICATORS
    elif "items" in value:
        op = SCOPE
    else:
        op = value.get("op") or value["status"]
    of = value.get("item"), op, value.get("list_name")
    return LastTold(told.bank, value["emitted_at"], value["subject"], value["sequence"], *of)
