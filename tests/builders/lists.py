"""Lists and ratings, made for tests."""

from hypothesis import strategies as st

from rules.lists.definition import ListDefinition, ListKind, Threshold
from rules.lists.membership import RatedFacts
from rules.rating.grades import GRADES, UNRATED, WATCHED
from rules.rating.model import Basis

MERIT = ListDefinition(
    "merit", "例", ListKind.MERIT, Basis.PUBLIC, "ruling",
    Threshold(800, frozenset(("优", "良"))), Threshold(700, frozenset(("优", "良", "中"))), 3,
)  # fmt: skip
WARNING = ListDefinition(
    "warning", "例", ListKind.WARNING, Basis.PUBLIC, "ruling",
    Threshold(500, frozenset(("优", "良", "中"))), Threshold(400, frozenset(("优", "良", "中"))), 4,
)  # fmt: skip
AT_ONCE = ListDefinition("at_once", "例", ListKind.MERIT, Basis.PUBLIC, "ruling", MERIT.upper, MERIT.lower, 1)
EVERY = (MERIT, WARNING, AT_ONCE)


def rated(score: int = 900, grade: str = "优", *vetoes: str, waits: bool = False, reviewed: bool = False) -> RatedFacts:
    """Return what lists look at in a rating."""
    return RatedFacts(score, grade, waits, vetoes, reviewed)


@st.composite
def ratings(draw: st.DrawFn) -> RatedFacts:
    """Draw a rating: at the thresholds, beside them and far from them."""
    waits = draw(st.booleans()) and draw(st.booleans())
    grade = WATCHED if waits else draw(st.sampled_from([*GRADES, WATCHED, UNRATED]))
    return RatedFacts(
        draw(st.sampled_from([300, 399, 400, 450, 500, 699, 700, 750, 799, 800, 900])),
        grade,
        waits,
        draw(st.sampled_from([(), (), (), ("listed",), ("revoked", "listed")])),
        grade in GRADES and draw(st.booleans()) and draw(st.booleans()),
    )
