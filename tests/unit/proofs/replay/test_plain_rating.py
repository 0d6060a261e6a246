"""The two ways to a rating come to the same, whatever the values, reviews and appeals."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.replay.plain_rating import plain_rating
from rules.rating.grades import GRADES
from rules.rating.loading import load_models
from rules.rating.reviews import Entry, EntryKind
from rules.rating.scoring import Scorer
from tests.builders.ratings import model

MODELS = {"small": model(), **{name: shipped.model for name, shipped in load_models().items()}}
DAY = date(2026, 7, 1)
NUMBERS = st.none() | st.integers(-3, 12).map(lambda number: number * 1_000_000) | st.integers(-(10**9), 10**15)
SUBJECTS = st.sampled_from(["91630102MA0000001X", "92630102MA0000001X"])


@st.composite
def entries(draw: st.DrawFn, name: str) -> list[Entry]:
    """Draw what was recorded of an enterprise."""
    found = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        if draw(st.booleans()):
            found.append(Entry(number, EntryKind.APPEAL))
            continue
        of, until = draw(st.sampled_from([name, "another"])), date(2026, draw(st.integers(6, 8)), 1)
        proposed, grade = draw(st.sampled_from([*GRADES, "待观察"])), draw(st.sampled_from(GRADES))
        found.append(Entry(number, EntryKind.REVIEW, of, proposed, grade, until))
    return draw(st.permutations(found))


@pytest.mark.parametrize("name", MODELS)
@given(data=st.data())
def test_both_ways_say_the_same(name: str, data: st.DataObject) -> None:
    of = MODELS[name]
    subject = data.draw(SUBJECTS)
    values = {one: data.draw(NUMBERS) for one in sorted(of.indicators) if data.draw(st.booleans())}
    recorded = data.draw(entries(name))
    quick = Scorer(of).rate(subject, values, recorded, DAY)
    plain = plain_rating(of, subject, values, recorded, DAY)
    for field in ("segment", "score", "grade", "proposed", "coverage", "review", "appeal"):
        assert getattr(quick, field) == getattr(plain, field), field
    assert quick.waits == (plain.waits_for == "REVIEW")
    assert set(quick.vetoes) == plain.vetoes
    assert set(quick.missing) == plain.missing
    assert {one.indicator: one.points for one in quick.lowered} == plain.lowered
    assert {one.indicator: one.points for one in quick.raises} == plain.raises
