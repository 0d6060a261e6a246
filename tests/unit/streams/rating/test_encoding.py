"""Ratings in the bytes that fastavro would write."""

import io
from datetime import UTC, date, datetime

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from bus.avro import writer
from catalogue import wire
from rules.rating.scoring import Scorer
from streams.rating.current import CurrentRating
from streams.rating.encoding import RatingEncoder, change_of
from tests.builders.ratings import model

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
NUMBERS = st.none() | st.integers(-(10**12), 10**12)


@given(penalties=NUMBERS, capital=NUMBERS, listed=NUMBERS, subject=st.sampled_from(["91A", "92A"]), known=st.booleans())
def test_a_rating_is_what_fastavro_would_write(
    penalties: int | None, capital: int | None, listed: int | None, subject: str, known: bool
) -> None:
    of = model()
    values = {"penalties_36m": penalties, "registered_capital": capital, "serious_violation_current": listed}
    rating = Scorer(of).rate(subject, values, (), date(2026, 7, 1))
    current = CurrentRating(7, "ab" * 32, rating.score, rating.grade)
    body = RatingEncoder(of, "cd" * 32, rules=known).body(
        subject, current, rating, date(2026, 7, 1), writer.timestamp(NOW)
    )
    vetoes = [
        {"id": one.id, "indicator": one.indicator, "text": one.zh} for one in of.vetoes if one.id in rating.vetoes
    ]
    value = {
        "subject": subject, "model": "small", "sequence": 7, "as_of": date(2026, 7, 1), "hash": "ab" * 32,
        "model_hash": "cd" * 32, "rules": known, "segment": rating.segment, "score": rating.score,
        "grade": rating.grade, "proposed": rating.proposed, "waits_for": "REVIEW" if rating.waits else "",
        "coverage": rating.coverage, "vetoes": vetoes, "lowered": [one._asdict() for one in rating.lowered],
        "raises": [one._asdict() for one in rating.raises], "missing": list(rating.missing), "review": 0, "appeal": 0,
        "changed_at": NOW,
    }  # fmt: skip
    assert body == written(wire.RATING, value)
    previous = CurrentRating(6, "", 300, "差") if known else None
    before = {"previous_score": 300, "previous_grade": "差"} if known else {}
    assert change_of(body, previous) == written(wire.RATING_CHANGE, value | before)


def written(schema: dict[str, object], value: dict[str, object]) -> bytes:
    """Return a value as fastavro writes it."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(dict(schema)), value)
    return out.getvalue()
