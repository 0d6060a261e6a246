"""Ratings for whoever reads: an enterprise's with its reasons, down to file and row; models; how many are rated."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.business_date import today
from bus.partitions import partition_of
from bus.reading.references import published_references
from bus.reading.scan import scan
from catalogue.errors import PoisonMessage, UsageError
from catalogue.plain_values import moment
from catalogue.times import business_date
from queries.computed_rating import computed_rating
from queries.explain_indicator import IndicatorExplanation
from queries.ratings import COVERAGE, LOWEST, RATINGS, WAITING, KeptRating, RatingCoverage, WaitingRating
from queries.references import PeerStanding, PeerStandings, placing_records
from queries.table_snapshot import table_snapshot
from queries.targets import INDICATOR_PREFIXES
from queries.view import UnknownSubject, View
from rules.merge import Record
from rules.rating.grades import ALL_GRADES
from rules.rating.messages import content_of, entry_of, version_of
from rules.rating.model import Model
from rules.rating.reviews import Entry, EntryKind
from rules.rating.schedule import ModelVersion, Running, running_on
from rules.rating.scoring import is_rated
from rules.reference.reference import Reference, in_force


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """A review or an appeal, with its reason and whose it is."""

    entry: Entry
    reason: str
    by: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        said = {"number": self.entry.number, "kind": self.entry.kind.value}
        if self.entry.kind is EntryKind.REVIEW:
            said |= {
                "model": self.entry.model, "proposed": self.entry.proposed, "grade": self.entry.grade,
                "until": self.entry.until.isoformat(),
            }  # fmt: skip
        return said | {"reason": self.reason, "by": self.by, "at": moment(self.at)}


@dataclass(frozen=True, slots=True)
class SubjectRatings:
    """What the models say of an enterprise: the one that rules first. ``models``: by their contents' hashes."""

    subject: str
    subject_name: str | None
    ratings: tuple[KeptRating, ...]
    models: dict[str, Model]
    entries: tuple[RecordedEntry, ...]
    is_computed: bool = False
    """Whether they were computed for a day that was asked for; they have no sequence then."""
    standings: Mapping[str, PeerStanding] = field(default_factory=dict)
    """Among the peers, by the models' ids."""

    @property
    def ruling(self) -> KeptRating | None:
        """The rating that counts."""
        return next((one for one in self.ratings if one.rules), None)

    def as_json(self) -> dict[str, Any]:
        """Return them for JSON."""
        ruling = self.ruling
        return {
            "subject": self.subject,
            "subject_name": self.subject_name,
            "rating": None if ruling is None else self._as_json(ruling),
            "shadows": [self._as_json(one) for one in self.ratings if not one.rules],
            "reviews": [one.as_json() for one in self.entries],
            "computed": self.is_computed,
            "source": "postgresql",
        }

    def _as_json(self, rating: KeptRating) -> dict[str, Any]:
        standing = self.standings.get(rating.model)
        return rating.as_json() | {"peers": None if standing is None else standing.as_json()}


@dataclass(frozen=True, slots=True)
class RatingExplanation:
    """A rating, and of each indicator that lowered it, or bounds it, the records that count."""

    ratings: SubjectRatings
    indicators: tuple[IndicatorExplanation, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for JSON."""
        return {**self.ratings.as_json(), "indicators": [one.as_json() for one in self.indicators]}


class RatingView:
    """Reads ratings as ``View`` reads states, and raises what it raises."""

    def __init__(self, view: View) -> None:
        self._view = view

    def ratings(self, subject: str) -> SubjectRatings:
        """Return what all models say of an enterprise; raises UnknownSubject."""
        with table_snapshot(self._view.dsn) as tables:
            state = tables.state(subject)
            if state is None:
                raise UnknownSubject(subject)
            ratings = tuple(KeptRating.of(row) for row in tables.rows(RATINGS, (subject,)))
            records = placing_records(subject, tables)
        with closing(Registry(self._view.config)) as registry:
            decode = Decoder(registry)
            models = {one.hash: content_of(one) for one in self._versions(decode)}
            entries = tuple(self._entries(subject, decode))
            standings = self._standings(ratings, models, records, decode, today())
        return SubjectRatings(subject, state.subject_name, ratings, models, entries, standings=standings)

    def ratings_on(self, subject: str, day: date) -> SubjectRatings:
        """Return what the models of a day say, from the records known now; reviews count from their own day on.

        Raises UnknownSubject, and PoisonMessage when a record cannot be read.
        """
        state = self._view.state_on(subject, day)
        with table_snapshot(self._view.dsn) as tables:
            records = placing_records(subject, tables)
        with closing(Registry(self._view.config)) as registry:
            decode = Decoder(registry)
            versions, recorded = self._versions(decode), tuple(self._entries(subject, decode))
            values = {one.id: one.value for one in state.indicators}
            entries = [one.entry for one in recorded if business_date(one.at) <= day]
            running = running_on(versions, day) if is_rated(subject) else ()
            ratings = [computed_rating(one, subject, values, entries, day, state.changed_at) for one in running]
            ratings.sort(key=lambda one: not one.rules)
            models = {one.hash: content_of(one) for one in versions}
            standings = self._standings(ratings, models, records, decode, day)
        return SubjectRatings(
            subject, state.subject_name, tuple(ratings), models, recorded, is_computed=True, standings=standings
        )

    def references(self) -> list[Reference]:
        """Return the newest reference of each version of a model that has one, the newest first."""
        with closing(Registry(self._view.config)) as registry:
            published = published_references(self._view.config, Decoder(registry))
        newest = (in_force(published, one, date.max) for one in dict.fromkeys(own.model_hash for own in published))
        return sorted((one for one in newest if one is not None), key=lambda one: (-one.since.toordinal(), one.model))

    def explain(self, subject: str) -> RatingExplanation:
        """Return the rating that counts with its indicators' records; raises UsageError where there is none."""
        found = self.ratings(subject)
        rating = found.ruling
        if rating is None:
            raise UsageError(
                f"No rating of {subject} counts.",
                remedy="`credithub rating models` says which model rules since when; `credithub status` whether the"
                " rater is behind.",
            )
        named = [one["indicator"] for one in rating.vetoes] + [reason.indicator for reason in rating.lowered]
        explained = [self._view.explain(subject, f"{INDICATOR_PREFIXES[0]}.{name}") for name in dict.fromkeys(named)]
        indicators = tuple(one for one in explained if isinstance(one, IndicatorExplanation))
        return RatingExplanation(found, indicators)

    def versions(self) -> list[ModelVersion]:
        """Return every version of a model that was published, in their order."""
        with closing(Registry(self._view.config)) as registry:
            return self._versions(Decoder(registry))

    def running(self, day: date) -> tuple[Running, ...]:
        """Return the versions that rate on a day."""
        return running_on(self.versions(), day)

    def coverage(self) -> RatingCoverage:
        """Return how many registered enterprises are rated, and why the others are not."""
        with table_snapshot(self._view.dsn) as tables:
            (row,) = tables.rows(COVERAGE, ())
        registered, no_enterprises, waiting, *grades = row
        return RatingCoverage(registered, dict(zip(ALL_GRADES, grades, strict=True)), waiting, no_enterprises)

    def lowest(self) -> str | None:
        """Return the enterprise whose rating counts with the fewest points; None where nobody is rated."""
        with table_snapshot(self._view.dsn) as tables:
            return next((subject for (subject,) in tables.rows(LOWEST, ())), None)

    def waiting(self, limit: int) -> list[WaitingRating]:
        """Return the ratings that wait for a person, the oldest first."""
        with table_snapshot(self._view.dsn) as tables:
            return [WaitingRating(*row) for row in tables.rows(WAITING, (limit,))]

    def _standings(
        self,
        ratings: Iterable[KeptRating],
        models: Mapping[str, Model],
        records: Iterable[Record],
        decode: Decoder,
        day: date,
    ) -> dict[str, PeerStanding]:
        references = published_references(self._view.config, decode)
        among = PeerStandings(self._view.catalogue, records, decode.payload, references, day)
        return {one.model: among.of(one, models[one.model_hash].basis) for one in ratings if one.model_hash in models}

    def _versions(self, decode: Decoder) -> list[ModelVersion]:
        # Each partition has them all.
        found: dict[int, ModelVersion] = {}
        for message in scan(self._view.config, topics.RATING_MODEL, partitions=[0]):
            with suppress(PoisonMessage):
                version = version_of(decode(message.value() or b""))
                found.setdefault(version.number, version)
        return [*found.values()]

    def _entries(self, subject: str, decode: Decoder) -> Iterator[RecordedEntry]:
        config = self._view.config
        for message in scan(config, topics.REVIEW, partitions=[partition_of(subject, config.partitions)]):
            # What cannot be read is the rater's dead letter.
            with suppress(PoisonMessage):
                value = decode(message.value() or b"")
                if value["subject"] == subject:
                    yield RecordedEntry(entry_of(value), value["reason"], value["by"], value["at"])
