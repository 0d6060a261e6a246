"""Observations of a hub: what of its events was known on past days, and what came of the loans.

``known_at`` of an event is the day on which it was reported. What was loaded when the hub began was reported long
before: up to that day it counts as known from the deadline of its period on. That is for fitting and back-tests alone:
``credithub state --as-of`` takes the records that are known now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan, scan_topics
from catalogue.avro import topic as catalogue_topic
from catalogue.envelope import Envelope
from catalogue.errors import PoisonMessage
from catalogue.model import Catalogue, Period
from catalogue.months import month_number
from catalogue.periods import period_end
from catalogue.times import business_date
from proofs.replay.fold import fold
from rules.indicators.closing import Closing, load_closings
from rules.indicators.definitions import Indicator
from rules.indicators.facts import millionths
from rules.indicators.groups import groups_of
from rules.merge import Record
from rules.rating.outcomes import OutcomeKind, OverdueOutcome
from rules.release.publication import Publications
from rules.state import indicators_on
from validation.monitoring import RatedOn
from validation.observations import Observation

_RHYTHMS = {Period.QUARTERLY: "quarterly", Period.YEARLY: "yearly"}


@dataclass(frozen=True, slots=True)
class KnownSince:
    """When an event of a hub was known; ``loaded_until``: what was reported by this day is loaded history."""

    loaded_until: date
    deadlines: Mapping[str, Closing]
    """By the item's id, when its periods are closed; what has no period is of the month that it lies in."""

    def __call__(self, event: Envelope) -> date:
        """Return the day from which on it was known."""
        reported = business_date(event.reported_at)
        if reported > self.loaded_until:
            return reported
        arose = period_end(event.period) if event.period else business_date(event.source_time)
        return min(reported, self.deadlines[event.item].closes_on(month_number(arose)))


def deadlines_of(catalogue: Catalogue) -> dict[str, Closing]:
    """Return by when a period of each item is reported: what comes daily or weekly, by the next month's day."""
    closings = load_closings()
    return {item.id: closings[_RHYTHMS.get(item.period, "monthly")] for item in catalogue.items}


class HubHistory:
    """Reads the events of some subjects once, and says what was known of them on past days."""

    def __init__(
        self, config: BusConfig, registry: Registry, catalogue: Catalogue, indicators: Iterable[Indicator]
    ) -> None:
        self._config, self._decode = config, Decoder(registry)
        self._groups = groups_of(indicators)
        self._topics = sorted({catalogue_topic(catalogue.item(item).category) for item in self._groups.by_item})
        self._until = Publications(catalogue.items, self._decode.payload).until

    def observations(
        self, outcomes: Iterable[OverdueOutcome], known_at: Callable[[Envelope], date], on_read: Callable[[int], None]
    ) -> Iterator[Observation]:
        """Yield an observation for each good or bad outcome of which anything was known on its day."""
        wanted: dict[str, list[OverdueOutcome]] = {}
        for one in outcomes:
            if one.kind is not OutcomeKind.INDETERMINATE:
                wanted.setdefault(one.subject, []).append(one)
        events = self._events(wanted.keys(), on_read)
        for subject, own in sorted(wanted.items()):
            for outcome in own:
                known = [one for one in events.get(subject, ()) if known_at(one.envelope) <= outcome.day]
                if known:
                    yield self._observation(outcome, known)

    def _observation(self, outcome: OverdueOutcome, known: Iterable[Record]) -> Observation:
        found = indicators_on(fold(known).winners, self._groups, self._decode.payload, self._until, outcome.day)
        values = {name: None if value is None else millionths(value) for name, value in found.items()}
        return Observation(outcome.subject, outcome.day, values, outcome.kind is OutcomeKind.BAD)

    def _events(self, subjects: Iterable[str], on_read: Callable[[int], None]) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {subject: [] for subject in subjects}
        keys = {subject.encode() for subject in found}
        for _, message in scan_topics(self._config, dict.fromkeys(self._topics, 0)):
            on_read(1)
            if message.key() not in keys:
                continue
            try:
                envelope, head, schema_id, payload = self._decode.envelope(message.value() or b"")
            except PoisonMessage:
                continue  # for the merge it is a dead letter
            if envelope.item in self._groups.by_item and envelope.subject in found:
                found[envelope.subject].append(Record(envelope, schema_id, payload, head))
        return found


def ratings_of(config: BusConfig, registry: Registry, model: str) -> dict[str, list[RatedOn]]:
    """Return all ratings of a model by subject, in their order."""
    decode = Decoder(registry)
    found: dict[str, list[tuple[int, RatedOn]]] = {}
    for message in scan(config, topics.RATING_CHANGE):
        value = decode(message.value() or b"")
        if value["model"] == model:
            rated = RatedOn(value["as_of"], value["score"], value["grade"])
            found.setdefault(value["subject"], []).append((value["sequence"], rated))
    return {subject: [one for _, one in sorted(own)] for subject, own in found.items()}
