"""Makes the references of a month (docs/decisions/0028): once for each version of a model, whoever asks how often."""

import logging
import threading
import time
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import watermarks
from bus.reading.references import published_references
from bus.sole_writer import sole_writer
from catalogue import wire
from catalogue.errors import HubError
from catalogue.model import Catalogue
from monitoring.metrics import REFERENCES_WAITING
from rules.rating.messages import content_of
from rules.rating.schedule import running_on
from rules.reference.cells import cells_of
from rules.reference.messages import value_of
from rules.reference.placement import Placer
from rules.reference.reference import Reference, is_made, month_of
from streams.rating.recording import published_models
from streams.reference.days import newest_day, passed_day
from streams.reference.inputs import SOURCES, PeersReader, RatedModel

log = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_LOOK_EVERY_S = 60.0


class MadeMonth(NamedTuple):
    """The month that was looked at, and the references that were new."""

    month: date
    new: list[Reference]


class ReferenceMaker:
    """Makes what is missing; ``transactions``: what its transactional id begins with."""

    def __init__(self, config: BusConfig, transactions: str, catalogue: Catalogue) -> None:
        self._config, self._transactional_id = config, f"{transactions}.references"
        self._catalogue = catalogue

    def newest_day(self) -> date | None:
        """Return the newest business date; None before the first. Raises Unavailable while Kafka is away."""
        with closing(Registry(self._config)) as registry:
            return newest_day(self._config, Decoder(registry))

    def make_month(self, *, in_between: bool = False) -> MadeMonth | None:
        """Make the references of the month that the merge and the rating have begun; return which.

        They rest on ratings and records as they stood at the end of the month before. ``in_between``: a version of a
        model that had rated nobody by then gets one of this day, as all stands now. Returns None while no day has begun
        everywhere. Raises Unavailable while Kafka or the registry is away, or when somebody else publishes at once.
        """
        with closing(Registry(self._config)) as registry:
            decode = Decoder(registry)
            day = passed_day(self._config, decode)
            if day is None:
                return None
            month = month_of(day)
            made = self._made(registry, month, month - _DAY)
            if in_between:
                made += self._made(registry, day, day, [one.model_hash for one in made])
            return MadeMonth(month, self._publish(registry, made, month) if made else [])

    def _made(self, registry: Registry, since: date, as_of: date, without: Collection[str] = ()) -> list[Reference]:
        """Return the references that are missing, of versions that had rated somebody."""
        decode, month = Decoder(registry), month_of(since)
        published = published_references(self._config, decode)
        models = [
            RatedModel(one.version.model, one.version.hash, content_of(one.version).basis)
            for one in running_on(published_models(self._config, registry).values(), as_of)
            if not is_made(published, one.version.hash, month) and one.version.hash not in without
        ]
        if not models:
            return []
        sources = [(name, number) for name in SOURCES for number in range(self._config.partitions)]
        # Behind the check that the day has begun: all that was published before it is committed.
        ends = watermarks(self._config, sources, stable=True)
        placer = Placer(self._catalogue)
        peers = PeersReader(self._config, decode, placer).read(models, as_of, ends)
        positions = {(key.topic, key.partition): end.high for key, end in ends.items()}
        found = [
            Reference(
                model=one.model,
                model_hash=one.hash,
                basis=one.basis,
                since=since,
                as_of=as_of,
                placing=placer.hash,
                rated=sum(sum(spread.values()) for spread in peers[one.model].values()),
                cells=cells_of(peers[one.model]),
                positions=positions,
            )
            for one in models
        ]
        return [one for one in found if one.rated]

    def _publish(self, registry: Registry, made: list[Reference], month: date) -> list[Reference]:
        encode, new = Encoder(registry, topics.REFERENCE, wire.RATING_REFERENCE), list[Reference]()
        with sole_writer(self._config, topics.REFERENCE, self._transactional_id) as send:
            # Whoever made them at the same time has published, or never will.
            published = published_references(self._config, Decoder(registry))
            for one in made:
                if not is_made(published, one.model_hash, month):
                    value = encode(value_of(one, datetime.now(UTC)))
                    send(value, f"{one.model}\0{one.since.isoformat()}", 0)
                    new.append(one)
        return new


class MonthlyReferences:
    """Makes the references of each month once it has begun, in a thread of its own; what fails is tried again."""

    def __init__(self, maker: ReferenceMaker) -> None:
        self._maker, self._done = maker, date.min
        self._waits_since: float | None = None

    def start(self) -> None:
        """Begin; the thread ends with its process."""
        threading.Thread(target=self._run, name="references", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except HubError as problem:
                log.warning("the reference of the month waits: %s", problem)
            threading.Event().wait(_LOOK_EVERY_S)

    def look(self) -> None:
        """Make what is due. Raises Unavailable as the maker does."""
        newest = self._maker.newest_day()
        if newest is None or month_of(newest) <= self._done:
            return
        self._waits_since = self._waits_since or time.monotonic()
        REFERENCES_WAITING.set(time.monotonic() - self._waits_since)
        # While the rating has not begun the month everywhere, that is still the month before.
        found = self._maker.make_month()
        if found is not None:
            self._done = found.month
            for one in found.new:
                log.info("made the reference of %s since %s: %d cells", one.model, one.since, len(one.cells))
        if self._done >= month_of(newest):
            self._waits_since = None
            REFERENCES_WAITING.set(0)
