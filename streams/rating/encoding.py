"""Ratings and their changes as Avro, put together from parts that are Avro already; tests compare with fastavro's."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import TypeVar

from bus.avro import writer
from rules.rating.model import Model, Veto
from rules.rating.scoring import Rating, Reason
from streams.rating.current import CurrentRating

_FIRST = b"\x00\x00"
_T = TypeVar("_T")


class RatingEncoder:
    """Encodes what one version of a model says."""

    def __init__(self, model: Model, model_hash: str, *, rules: bool) -> None:
        self._model = writer.text(model.id)
        self._about = writer.text(model_hash) + (b"\x01" if rules else b"\x00")
        self._vetoes = {one.id: _veto(one) for one in model.vetoes}

    def body(self, subject: str, current: CurrentRating, rating: Rating, as_of: date, changed_at: bytes) -> bytes:
        """Return the Avro of ``Rating``; ``changed_at``: the moment as ``writer.timestamp`` encodes it."""
        return b"".join(
            (
                writer.text(subject),
                self._model,
                writer.long(current.sequence),
                writer.day(as_of),
                writer.text(current.hash),
                self._about,
                _name(rating.segment),
                writer.long(rating.score),
                _name(rating.grade),
                _name(rating.proposed),
                _name("REVIEW" if rating.waits else ""),
                writer.long(rating.coverage),
                _array(self._vetoes.__getitem__, rating.vetoes),
                _array(_reason, rating.lowered),
                _array(_reason, rating.raises),
                _array(_name, rating.missing),
                writer.long(rating.review),
                writer.long(rating.appeal),
                changed_at,
            )
        )


def change_of(body: bytes, previous: CurrentRating | None) -> bytes:
    """Return the Avro of ``RatingChange``: a rating, and score and grade of the one before."""
    if previous is None:
        return body + _FIRST
    return b"".join((body, b"\x02", writer.long(previous.score), b"\x02", _name(previous.grade)))


def _array(encode: Callable[[_T], bytes], values: Sequence[_T]) -> bytes:
    return writer.array([encode(value) for value in values])


def _veto(veto: Veto) -> bytes:
    return writer.text(veto.id) + writer.text(veto.indicator) + writer.text(veto.zh)


# Models, items and grades: some hundred names; and of each model a hundred or so reasons.
_name = lru_cache(maxsize=4096)(writer.text)


@lru_cache(maxsize=1 << 14)
def _reason(reason: Reason) -> bytes:
    return b"".join(
        (writer.text(reason.indicator), writer.text(reason.band), writer.long(reason.points), writer.text(reason.text))
    )
