"""Ratings, held against what models, reviews and computed indicators come to (laws 4 and 6).

The rater may lag behind the merge. A rating is compared where the rater has read all that was told of its enterprise,
and did not move while it was looked at; the others are pending.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, watermarks
from bus.reading.scan import scan
from catalogue.errors import PoisonMessage
from proofs.replay.comparison import NONE, StateDifference, shown
from proofs.replay.lists import ListContents, RatingAt, read_lists
from proofs.replay.plain_rating import PlainRating, plain_rating
from rules.indicators.facts import millionths
from rules.rating.digest import rating_hash
from rules.rating.messages import content_of, entry_of, version_of
from rules.rating.reviews import Entry
from rules.rating.schedule import ModelVersion, running_on
from rules.rating.scoring import Rating, Reason, is_rated

Chosen = Callable[[str], bool]
_COMPARED = ("segment", "score", "grade", "proposed", "waits_for", "coverage", "review", "appeal")


@dataclass(slots=True)
class RatingContents:
    """What was read of the ratings; ``days``: the rater's day of each partition in which it stood still."""

    current: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By subject and model."""
    changes: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)
    """Sequence and hash of each change, by subject and model."""
    versions: list[ModelVersion] = field(default_factory=list)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    history: dict[str, list[RatingAt]] = field(default_factory=dict)
    """Every change of a subject's ratings, as lists look at it."""
    lists: ListContents = field(default_factory=ListContents)
    days: dict[int, date] = field(default_factory=dict)
    reached: Mapping[TopicPartition, int] = field(default_factory=dict)
    faults: list[StateDifference] = field(default_factory=list)


class RatingsReader:
    """Reads some partitions of the rating's topics: ``begin`` before what it rests on is read, ``read`` behind it."""

    def __init__(self, config: BusConfig, decode: Decoder) -> None:
        self._config, self._decode = config, decode
        self._before: Mapping[TopicPartition, int] = {}

    def begin(self, partitions: list[int]) -> None:
        """Note how far the rater has read."""
        self._before = self._positions(partitions)

    def read(self, partitions: list[int], chosen: Chosen) -> RatingContents:
        """Return what these partitions hold of the chosen subjects; raises Unavailable as scans do."""
        found = RatingContents()
        for message, value in self._values(topics.RATING, partitions, chosen, found):
            found.current.setdefault(value["subject"], {})[value["model"]] = value
            if (message.key() or b"").decode() != f"{value['subject']}\0{value['model']}":
                found.faults.append(StateDifference(value["subject"], "rating/key", "another", value["model"]))
        for _, value in self._values(topics.RATING_CHANGE, partitions, chosen, found):
            own = found.changes.setdefault((value["subject"], value["model"]), [])
            own.append((value["sequence"], value["hash"]))
            found.history.setdefault(value["subject"], []).append(RatingAt.of(value))
        for message in scan(self._config, topics.RATING_MODEL, partitions=partitions[:1]):
            with suppress(PoisonMessage):
                found.versions.append(version_of(self._decode(message.value() or b"")))
        for message in scan(self._config, topics.REVIEW, partitions=partitions):
            with suppress(PoisonMessage):
                value = self._decode(message.value() or b"")
                found.entries.setdefault(value["subject"], []).append(entry_of(value))
        found.lists = read_lists(
            lambda topic: self._values(topic, partitions, chosen, found),
            scan(self._config, topics.LIST_CHANGE, partitions=partitions),
            self._decode,
        )
        found.reached = self._positions(partitions)
        self._read_days(partitions, found)
        return found

    def _values(
        self, topic: str, partitions: list[int], chosen: Chosen, found: RatingContents
    ) -> Iterator[tuple[Message, dict[str, Any]]]:
        for message in scan(self._config, topic, partitions=partitions):
            subject = (message.key() or b"").decode(errors="replace").partition("\0")[0]
            if not chosen(subject):
                continue
            try:
                yield message, self._decode(message.value() or b"")
            except PoisonMessage as problem:
                found.faults.append(StateDifference(subject, topic, problem.message, "a rating"))

    def _positions(self, partitions: list[int]) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = {}
        for message in scan(self._config, topics.RATING_POSITION, partitions=partitions):
            value = self._decode(message.value() or b"")
            found[TopicPartition(value["topic"], value["partition"])] = value["next_offset"]
        return found

    def _read_days(self, partitions: list[int], found: RatingContents) -> None:
        days: dict[int, list[tuple[int, date]]] = {}
        for message in scan(self._config, topics.CALENDAR, partitions=partitions):
            day = business_date_of(self._decode, message.value())
            if day is not None:
                days.setdefault(message.partition() or 0, []).append((message.offset() or 0, day))
        ends = watermarks(self._config, [(name, p) for name in topics.RATING_INPUTS for p in partitions])
        for partition in partitions:
            own = [TopicPartition(name, partition) for name in topics.RATING_INPUTS]
            # Where another day or model waits, some may be rated by it already.
            waits = any(
                found.reached.get(one, 0) < last
                for one in own[1:]
                if (last := _last(self._config, one, ends[one].high))
            )
            moved = any(found.reached.get(one, 0) != self._before.get(one, 0) for one in own)
            passed = [day for offset, day in days.get(partition, ()) if offset < found.reached.get(own[1], 0)]
            if passed and not waits and not moved:
                found.days[partition] = max(passed)


def _last(config: BusConfig, partition: TopicPartition, high: int) -> int:
    """Return the offset behind the last message of a partition: behind it there may be the mark of a transaction."""
    if high == 0:
        return 0
    start = max(0, high - 5)
    every = scan(config, partition.topic, partitions=[partition.partition], start=start)
    return max(((message.offset() or 0) + 1 for message in every), default=0)


def compare_ratings(
    subject: str, values: Mapping[str, Decimal | None], contents: RatingContents, day: date
) -> Iterator[StateDifference]:
    """Yield how an enterprise's ratings differ from what they have to say on the rater's day."""
    held = contents.current.get(subject, {})
    if not is_rated(subject):
        if held:
            yield StateDifference(subject, "rating", "a rating", "none: it is no enterprise")
        return
    exact = {name: None if value is None else millionths(value) for name, value in values.items()}
    for running in running_on(contents.versions, day):
        model = content_of(running.version)
        wanted = plain_rating(model, subject, exact, contents.entries.get(subject, ()), day)
        found = held.get(model.id)
        if found is None:
            yield StateDifference(subject, f"rating by {model.id}", NONE, f"{wanted.grade}, {wanted.score}")
            continue
        of_model = [
            ("model_hash", found["model_hash"], running.version.hash),
            ("rules", found["rules"], running.rules),
            ("hash", found["hash"], _hash_of(found)),
        ]
        for name, one, other in (*of_model, *_said(found, wanted)):
            if one != other:
                yield StateDifference(subject, f"rating by {model.id}/{name}", shown(one), shown(other))
        yield from _off_changes(subject, model.id, found, contents.changes.get((subject, model.id), []))


def _said(found: Mapping[str, Any], wanted: PlainRating) -> Iterator[tuple[str, Any, Any]]:
    for name in _COMPARED:
        yield name, found[name], getattr(wanted, name)
    yield "vetoes", _sorted(one["id"] for one in found["vetoes"]), _sorted(wanted.vetoes)
    yield "missing", _sorted(found["missing"]), _sorted(wanted.missing)
    for name in ("lowered", "raises"):
        points = {one["indicator"]: one["points"] for one in found[name]}
        yield name, dict(sorted(points.items())), dict(sorted(getattr(wanted, name).items()))
        order = [one["points"] for one in found[name]]
        yield f"order of {name}", order, sorted(order, reverse=True)


def _hash_of(found: Mapping[str, Any]) -> str:
    said = {name: found[name] for name in Rating._fields if name in found}
    reasons = {name: tuple(Reason(**one) for one in found[name]) for name in ("lowered", "raises")}
    vetoes = tuple(one["id"] for one in found["vetoes"])
    rating = Rating(
        **said | reasons | {"waits": found["waits_for"] != "", "vetoes": vetoes, "missing": tuple(found["missing"])}
    )
    return rating_hash(rating, found["model_hash"], rules=found["rules"])


def _off_changes(
    subject: str, model: str, found: Mapping[str, Any], changes: list[tuple[int, str]]
) -> Iterator[StateDifference]:
    sequences = [sequence for sequence, _ in changes]
    if sequences != [*range(1, len(sequences) + 1)]:
        yield StateDifference(subject, f"changes of {model}", shown(sequences), f"1 to {len(sequences)}")
    elif changes[-1:] != [(found["sequence"], found["hash"])]:
        last = shown(sequences[-1] if sequences else None)
        yield StateDifference(subject, f"changes of {model}", f"the last is {last}", shown(found["sequence"]))


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names)
