"""References, made again by their definition: all scores of a cell in a list, and for each percent the least that fits.

A reference says up to where the changes of ratings and records were read, and both are kept for ever.
"""

from collections.abc import Iterator
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.references import published_references
from bus.reading.scan import scan_partitions
from catalogue.errors import PoisonMessage
from catalogue.model import Catalogue
from catalogue.times import business_date
from proofs.replay.comparison import NONE, StateDifference, shown
from rules.rating.grades import GRADES
from rules.reference.cells import ALL, LEAST_PEERS
from rules.reference.placement import PLACING_ITEMS, Placer
from rules.reference.reference import Reference, in_force

Circle = tuple[str, str]


class ReferenceProof:
    """Makes references again from the topics."""

    def __init__(self, config: BusConfig, decode: Decoder, catalogue: Catalogue) -> None:
        self._config, self._decode, self._placer = config, decode, Placer(catalogue)

    def in_force(self) -> Iterator[Reference]:
        """Yield the newest reference of each version of a model, where it was placed by the tables of now."""
        published = published_references(self._config, self._decode)
        for model_hash in {one.model_hash for one in published}:
            newest = max(one.since for one in published if one.model_hash == model_hash)
            found = in_force(published, model_hash, newest)
            if found is not None and found.placing == self._placer.hash:
                yield found

    def compare(self, reference: Reference) -> Iterator[StateDifference]:
        """Yield how a reference differs from what it has to say."""
        scores = self._scores(reference)
        name = f"reference of {reference.model} since {reference.since}"
        rated = len(scores[ALL, ALL])
        if rated != reference.rated:
            yield StateDifference(name, "rated", shown(reference.rated), shown(rated))
        held = {(one.sector, one.size): one for one in reference.cells}
        wanted = {circle: sorted(own) for circle, own in scores.items() if len(own) >= LEAST_PEERS}
        for circle in sorted(held.keys() | wanted.keys()):
            cell, own = held.get(circle), wanted.get(circle)
            field = f"cell {circle[0] or 'all'}/{circle[1] or 'all'}"
            if cell is None or own is None:
                counted = NONE if cell is None else shown(cell.enterprises)
                yield StateDifference(name, field, counted, NONE if own is None else shown(len(own)))
                continue
            # Of so many percent, at least: the last of them is counted whole.
            quantiles = tuple(own[-(-percent * len(own) // 100) - 1] for percent in range(1, 100))
            if (cell.enterprises, cell.quantiles) != (len(own), quantiles):
                yield StateDifference(name, field, shown(cell.enterprises), f"{len(own)}, or other quantiles")

    def _scores(self, reference: Reference) -> dict[Circle, list[int]]:
        found: dict[Circle, list[int]] = {(ALL, ALL): []}
        for number in sorted({partition for _, partition in reference.positions}):
            ratings: dict[str, dict[str, Any]] = {}
            for value in self._values(topics.RATING_CHANGE, number, reference):
                if value["model"] == reference.model:
                    ratings[value["subject"]] = value
            records: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
            for value in self._values(topics.CHANGE, number, reference):
                for record in value["records"]:
                    if record["item"] in PLACING_ITEMS:
                        own = records.setdefault(value["subject"], {})
                        own[record["item"], record["record_key"]] = record
            for subject, rating in ratings.items():
                if rating["model_hash"] != reference.model_hash or rating["grade"] not in GRADES:
                    continue
                facts = [
                    self._placer.fact(item, one["period"], self._decode.payload(one["schema_id"], one["payload"]))
                    for (item, _), one in records.get(subject, {}).items()
                    if one["live"] and business_date(one["source_time"]) <= reference.as_of
                ]
                placement = self._placer.place(facts, reference.basis, reference.as_of)
                if not placement.is_there:
                    continue
                circles = {(ALL, ALL)}
                if placement.sector:
                    circles |= {(placement.sector, ALL), (placement.sector, placement.size)}
                for circle in circles:
                    found.setdefault(circle, []).append(rating["score"])
        return found

    def _values(self, topic: str, number: int, reference: Reference) -> Iterator[dict[str, Any]]:
        """Yield what was read of a partition, up to the end of the reference's day."""
        source, end = TopicPartition(topic, number), reference.positions[topic, number]
        for _, message in scan_partitions(self._config, {source: 0}, {source: Watermarks(0, end)}):
            # The client may be ahead of the end.
            if (message.offset() or 0) >= end:
                continue
            try:
                value = self._decode(message.value() or b"")
            except PoisonMessage:
                continue
            if value["as_of"] <= reference.as_of:
                yield value
