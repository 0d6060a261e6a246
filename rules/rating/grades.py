"""The grades of a rating. They are no letters, which would collide with those of the tax bureau (A, B, M, C, D)."""

from collections.abc import Iterable

GRADES = ("优", "良", "中", "差")
"""From the best to the worst."""
WATCHED = "待观察"
"""The grade of whom too little is known of, or of whom a person has to decide first."""
UNRATED = "不评价"
"""The grade of whom a veto rates no more: an enterprise that was deregistered is neither good nor bad."""
ALL_GRADES = (*GRADES, WATCHED, UNRATED)
MOST_POINTS = 1000


def worst(grades: Iterable[str]) -> str:
    """Return the worst of some ``GRADES``."""
    return max(grades, key=GRADES.index)
