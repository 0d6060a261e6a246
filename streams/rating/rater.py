"""Rates an enterprise by all models that run, and publishes what changed."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from bus import topics
from processing.output import Output
from processing.store import Store
from rules.rating.digest import rating_hash
from rules.rating.messages import content_of
from rules.rating.model import Basis
from rules.rating.reviews import Entry
from rules.rating.schedule import Running
from rules.rating.scoring import Scorer, Values
from streams.rating.current import CurrentRating, pack, unpack
from streams.rating.encoding import RatingEncoder, change_of
from streams.rating.keys import mark_key, rating_key, stored_rating

Wrap = Callable[[bytes], bytes]
"""Puts a message's head before its Avro."""
Read = Callable[[bytes], Mapping[str, Any]]
"""Returns a message's fields."""


class _RunningModel:
    """A version of a model that runs, ready to rate by it."""

    def __init__(self, running: Running) -> None:
        model = content_of(running.version)
        self.id, self.hash, self.rules = model.id, running.version.hash, running.rules
        self.scorer = Scorer(model)
        self.encoder = RatingEncoder(model, self.hash, rules=self.rules)


class Rater:
    """Adds ratings that changed to an output; ``wrap_rating`` and ``wrap_change`` make messages of their Avro."""

    def __init__(self, store: Store, decode: Read, wrap_rating: Wrap, wrap_change: Wrap) -> None:
        self._store, self._decode = store, decode
        self._wrap_rating, self._wrap_change = wrap_rating, wrap_change
        self._models: list[_RunningModel] = []

    def use(self, running: Iterable[Running]) -> frozenset[str]:
        """Rate by these models from here on; return the indicators that they ask for."""
        self._models = [_RunningModel(one) for one in running]
        return frozenset().union(*(one.scorer.model.indicators for one in self._models))

    @property
    def models(self) -> list[tuple[str, Basis, bool]]:
        """The id and the basis of each model that runs, and whether it rules."""
        return [(one.id, one.scorer.model.basis, one.rules) for one in self._models]

    def rate(
        self,
        subject: str,
        values: Values,
        entries: Sequence[Entry],
        day: date,
        changed_at: bytes,
        output: Output,
        only: Collection[str] | None = None,
    ) -> None:
        """Rate a subject; what is as it was is not published again. ``only``: by these models, by their ids."""
        for model in self._models:
            if only is not None and model.id not in only:
                continue
            rating = model.scorer.rate(subject, values, entries, day)
            found = rating_hash(rating, model.hash, rules=model.rules)
            key = rating_key(subject, model.id)
            place = stored_rating(key)
            # A subject comes once in an output, so that the store has all that was published of it.
            raw = self._store.get(place)
            before = None if raw is None else unpack(raw, self._decode)
            if before is not None and before.hash == found:
                continue
            current = CurrentRating(
                1 if before is None else before.sequence + 1, found, rating.score, rating.grade,
                day.toordinal(), rating.waits, rating.vetoes, rating.review,
            )  # fmt: skip
            body = model.encoder.body(subject, current, rating, day, changed_at)
            output.messages[topics.RATING].append((key, self._wrap_rating(body)))
            output.messages[topics.RATING_CHANGE].append((key, self._wrap_change(change_of(body, before))))
            output.writes[place] = pack(current)
            output.writes[mark_key(subject)] = b""
