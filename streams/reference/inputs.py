"""What a reference is made of: the changes of ratings and of records, both kept for ever, up to the end of a day.

A subject's messages are of one partition number in both topics, so one partition is read after the other.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.scan import scan_partitions
from catalogue.errors import PoisonMessage
from catalogue.times import business_date
from rules.rating.grades import GRADES
from rules.rating.model import Basis
from rules.reference.cells import Peers
from rules.reference.placement import PLACING_ITEMS, Placer, PlacingFact

SOURCES = (topics.RATING_CHANGE, topics.CHANGE)
# A change that may be about these items has their names in its bytes; only those few are decoded.
_MARKS = tuple(item.encode() for item in PLACING_ITEMS)


class _Counting(NamedTuple):
    """A record that counts, undecoded: a million enterprises have some millions of them."""

    period: str | None
    schema_id: int
    payload: bytes


_Records = dict[tuple[str, str], _Counting]
"""Those of a subject, by item and record key."""


@dataclass(frozen=True, slots=True)
class RatedModel:
    """A version of a model whose ratings are counted."""

    model: str
    hash: str
    basis: Basis


class PeersReader:
    """Counts the rated enterprises by sector, size and score."""

    def __init__(self, config: BusConfig, decode: Decoder, placer: Placer) -> None:
        self._config, self._decode, self._placer = config, decode, placer

    def read(
        self, models: Collection[RatedModel], as_of: date, ends: Mapping[TopicPartition, Watermarks]
    ) -> dict[str, Peers]:
        """Return the spreads by the models' ids, as all stood at the end of a day, or at the ends where it lasts still.

        Raises Unavailable as scans do.
        """
        found: dict[str, dict[tuple[str, str], Counter[int]]] = {one.model: {} for one in models}
        for number in range(self._config.partitions):
            scores, records = self._scores(number, as_of, ends), self._records(number, as_of, ends)
            for model in models:
                for subject, (by, score) in scores.get(model.model, {}).items():
                    if by != model.hash or score is None:
                        continue
                    facts = self._facts(records.get(subject, {}))
                    placement = self._placer.place(facts, model.basis, as_of)
                    if placement.is_there:
                        circle = (placement.sector, placement.size)
                        found[model.model].setdefault(circle, Counter())[score] += 1
        return dict(found)

    def _scores(
        self, number: int, as_of: date, ends: Mapping[TopicPartition, Watermarks]
    ) -> dict[str, dict[str, tuple[str, int | None]]]:
        """Return by model and subject the hash of the model and the score; None: no grade counts."""
        found: dict[str, dict[str, tuple[str, int | None]]] = {}
        for raw in self._messages(topics.RATING_CHANGE, number, ends):
            with suppress(PoisonMessage):
                value = self._decode(raw)
                if value["as_of"] <= as_of:
                    score = value["score"] if value["grade"] in GRADES else None
                    found.setdefault(value["model"], {})[value["subject"]] = (value["model_hash"], score)
        return found

    def _records(self, number: int, as_of: date, ends: Mapping[TopicPartition, Watermarks]) -> dict[str, _Records]:
        found: dict[str, _Records] = {}
        for raw in self._messages(topics.CHANGE, number, ends):
            if not any(mark in raw for mark in _MARKS):
                continue
            with suppress(PoisonMessage):
                value = self._decode(raw)
                if value["as_of"] <= as_of:
                    own = found.setdefault(value["subject"], {})
                    for record in value["records"]:
                        if record["item"] in PLACING_ITEMS:
                            _take(record, as_of, own)
        return found

    def _facts(self, records: _Records) -> Iterator[PlacingFact]:
        for (item, _), one in records.items():
            # What cannot be read places nobody.
            with suppress(PoisonMessage):
                yield self._placer.fact(item, one.period, self._decode.payload(one.schema_id, one.payload))

    def _messages(self, topic: str, number: int, ends: Mapping[TopicPartition, Watermarks]) -> Iterator[bytes]:
        source = TopicPartition(topic, number)
        for _, message in scan_partitions(self._config, {source: 0}, {source: ends[source]}):
            # The client may be ahead of the end.
            if (message.offset() or 0) < ends[source].high:
                yield message.value() or b""


def _take(record: Mapping[str, Any], as_of: date, own: _Records) -> None:
    key = (record["item"], record["record_key"])
    own.pop(key, None)
    if record["live"] and business_date(record["source_time"]) <= as_of:
        own[key] = _Counting(record["period"], record["schema_id"], record["payload"])
