"""What the demonstration says of ratings: how many enterprises are rated, the spread of grades, one explained."""

import time
from collections.abc import Callable

from rich.console import Console

from hub.printing import print_indicator
from hub.rating_printing import print_coverage, print_ratings
from queries.rating_view import RatingView
from queries.ratings import RatingCoverage
from queries.view import View

_RATED_WITHIN_S = 120.0
_LOOK_EVERY_S = 1.0


def show_ratings(view: View, console: Console, make_reference: Callable[[], None]) -> bool:
    """Print the ratings once all enterprises have one; return whether each has, or a reason why not.

    ``make_reference``: makes the reference in which the percentile of the explained one is looked up.
    """
    ratings = RatingView(view)
    coverage = _settled(ratings)
    make_reference()
    console.print()
    print_coverage(console, coverage)
    subject = ratings.lowest()
    if subject is not None:
        console.print()
        explained = ratings.explain(subject)
        print_ratings(console, explained.ratings, view.catalogue)
        for indicator in explained.indicators[:1]:
            console.print()
            print_indicator(console, indicator)
    return coverage.difference == 0


def _settled(ratings: RatingView) -> RatingCoverage:
    """Return the coverage when it stays the same: the rater lags behind the merge."""
    until = time.monotonic() + _RATED_WITHIN_S
    before, coverage = None, ratings.coverage()
    while (coverage != before or coverage.difference) and time.monotonic() < until:
        time.sleep(_LOOK_EVERY_S)
        before, coverage = coverage, ratings.coverage()
    return coverage
