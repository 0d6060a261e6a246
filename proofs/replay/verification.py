"""Verifies the states of some subjects or of all: read, fold, compute, compare."""

import hashlib
import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, watermarks
from catalogue.avro import topic as catalogue_topic
from catalogue.errors import PoisonMessage
from catalogue.model import Catalogue
from proofs.replay.comparison import (
    NONE,
    StateDifference,
    compare_day,
    compare_name,
    compare_records,
    compare_state,
    has_state,
)
from proofs.replay.contents import ContentsReader, TopicContents
from proofs.replay.fold import FoldedSubject, fold
from proofs.replay.lists import compare_lists
from proofs.replay.ratings import RatingContents, RatingsReader, compare_ratings
from proofs.replay.references import ReferenceProof
from rules.indicators.definitions import Indicator
from rules.indicators.groups import groups_of
from rules.release.publication import Publications
from rules.state import DIGEST_RULE, ComputedState, state_on

# While events flow a subject may move while it is read: it is read again.
_ATTEMPTS = 3
# Bounds the memory: the payloads of about so many events are in it at once.
_EVENTS_AT_ONCE = 100_000
_NAMED_AT_MOST = 1000


@dataclass(slots=True)
class VerificationReport:
    """The result: what was compared, what could not be, and every difference by name up to a thousand."""

    subjects: int = 0
    events: int = 0
    records: int = 0
    ratings: int = 0
    """Of so many enterprises the ratings were compared."""
    ratings_pending: int = 0
    """Of so many the rater had not read everything yet."""
    lists: int = 0
    """So many memberships of theirs were counted again, day by day."""
    references: int = 0
    """So many references in force were made again."""
    pending: int = 0
    unverified: set[str] = field(default_factory=set)
    difference: int = 0
    differences: list[StateDifference] = field(default_factory=list)

    def differ(self, found: Iterable[StateDifference]) -> None:
        """Note differences."""
        for one in found:
            self.difference += 1
            if len(self.differences) < _NAMED_AT_MOST:
                self.differences.append(one)


class Verification:
    """Computes states again from the catalogue's events, and compares; writes nothing."""

    def __init__(
        self,
        config: BusConfig,
        registry: Registry,
        catalogue: Catalogue,
        definitions: Iterable[Indicator],
        on_read: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._config, self._decode = config, Decoder(registry)
        self._inputs = [catalogue_topic(category.id) for category in catalogue.categories]
        persons = {item.id for item in catalogue.items if item.about_persons}
        self._topics = ContentsReader(config, self._decode, self._inputs, persons, on_read)
        self._ratings = RatingsReader(config, self._decode)
        self._references = ReferenceProof(config, self._decode, catalogue)
        self._groups = groups_of(definitions)
        self._until = Publications(catalogue.items, self._decode.payload).until

    def sample(self, size: int, seed: int) -> frozenset[str]:
        """Return ``size`` subjects of all that have an event or a state; the same seed takes the same ones."""
        every = set(self._topics.subjects())
        return frozenset(heapq.nsmallest(size, every, key=lambda subject: _rank(subject, seed)))

    def some(self, subjects: Collection[str]) -> VerificationReport:
        """Verify these subjects."""
        report = VerificationReport()
        report.pending = self._verify([*range(self._config.partitions)], subjects.__contains__, report, {})
        return report

    def all(self) -> VerificationReport:
        """Verify everybody: one partition after another, and a share of it at a time where there are many events."""
        report = VerificationReport()
        place_of: dict[str, int] = {}
        for partition in range(self._config.partitions):
            ends = watermarks(self._config, [(name, partition) for name in self._inputs])
            shares = 1 + sum(end.high - end.low for end in ends.values()) // _EVENTS_AT_ONCE
            waiting = [self._verify([partition], _share(one, shares), report, place_of) for one in range(shares)]
            report.pending += waiting[-1]
        for one in self._references.in_force():
            report.references += 1
            report.differ(self._references.compare(one))
        return report

    def _verify(
        self, partitions: list[int], chosen: Callable[[str], bool], report: VerificationReport, place_of: dict[str, int]
    ) -> int:
        """Compare the chosen subjects in some partitions; return how many events are not merged yet."""
        for _ in range(_ATTEMPTS):
            self._ratings.begin(partitions)
            contents = self._topics.read(partitions, chosen)
            ratings = self._ratings.read(partitions, chosen)
            faults = (*contents.faults, *ratings.faults)
            report.differ(one for one in faults if one.subject not in contents.moved)
            for subject in contents.subjects():
                report.differ(self._compare(subject, contents, ratings, report))
                own = contents.partitions[subject]
                if len(own | {place_of.setdefault(subject, min(own))}) > 1:
                    places = " and ".join(map(str, sorted(own | {place_of[subject]})))
                    report.differ([StateDifference(subject, "partition", places, "one")])
            chosen = frozenset(contents.moved).__contains__
            if not contents.moved:
                break
        report.unverified |= contents.moved
        return contents.pending

    def _compare(
        self, subject: str, contents: TopicContents, ratings: RatingContents, report: VerificationReport
    ) -> Iterator[StateDifference]:
        events, state = contents.events.get(subject, []), contents.states.get(subject)
        folded = fold(events)
        report.events += len(events)
        report.records += len(folded.winners)
        yield from compare_records(subject, folded, contents.records.get(subject, {}), self._decode.payload)
        if not has_state(subject):
            return
        report.subjects += 1
        if state is None or not events:
            if events:
                yield StateDifference(subject, "state", NONE, f"a state of {len(folded.winners)} records")
            elif state is not None:
                yield StateDifference(subject, "state", f"sequence {state['sequence']}", "none: no event tells of it")
            return
        yield from compare_name(subject, state["subject_name"], folded)
        if state["digest_rule"] != DIGEST_RULE:
            # Made anew with its subject's next touch, at the latest with the next day.
            report.unverified.add(subject)
            return
        values = contents.values.get(subject, {}).values()
        state = {**state, "indicators": {name: value for own in values for name, value in own["indicators"].items()}}
        try:
            differences = [*compare_state(subject, state, self._state_on(folded, state["as_of"]))]
            day = max(contents.days.get(partition, state["as_of"]) for partition in contents.partitions[subject])
            if day > state["as_of"] and not differences:
                differences = [*compare_day(subject, state, self._state_on(folded, day), day)]
            if not differences:
                differences = [*self._rating_differences(subject, folded, day, contents, ratings, report)]
        except PoisonMessage as problem:
            yield StateDifference(subject, "events", "a state", f"unreadable: {problem.message}")
            return
        yield from differences

    def _rating_differences(
        self,
        subject: str,
        folded: FoldedSubject,
        day: date,
        contents: TopicContents,
        ratings: RatingContents,
        report: VerificationReport,
    ) -> Iterator[StateDifference]:
        """Yield how the ratings differ, where the rater has read all that the merge told of the subject."""
        partition = min(contents.partitions[subject])
        rated_on = ratings.days.get(partition)
        read_to = ratings.reached.get(TopicPartition(topics.INDICATOR, partition), 0)
        if rated_on is None or contents.told_at.get(subject, -1) >= read_to:
            report.ratings_pending += 1
            return
        if subject in contents.told_at:
            report.ratings += 1
            yield from compare_ratings(subject, self._state_on(folded, day).indicators, ratings, rated_on)
            history, ended = ratings.history.get(subject, ()), rated_on - timedelta(days=1)
            report.lists += len(ratings.lists.current.get(subject, ()))
            yield from compare_lists(subject, ratings.lists, partition, history, ratings.versions, ended)

    def _state_on(self, folded: FoldedSubject, day: date) -> ComputedState:
        return state_on(folded.winners, self._groups, self._decode.payload, self._until, day)


def _share(share: int, shares: int) -> Callable[[str], bool]:
    return lambda subject: _rank(subject, 0) % shares == share


def _rank(subject: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{subject}".encode(), digest_size=8).digest(), "big")
