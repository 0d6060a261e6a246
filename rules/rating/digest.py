"""The hash of a rating: two are the same when it is; dates, sequences and Chinese texts are outside."""

import hashlib
from functools import lru_cache

from rules.rating.scoring import Rating, Reason


def rating_hash(rating: Rating, model_hash: str, *, rules: bool) -> str:
    """Return the SHA-256, hex, over what a model of this content says of an enterprise, and whether it rules."""
    said = (
        f"{model_hash} {rules:d} {rating.segment} {rating.score} {rating.grade} {rating.proposed} {rating.waits:d}"
        f" {rating.coverage} {rating.review} {rating.appeal}"
    )
    lines = [
        said,
        " ".join(rating.vetoes),
        " ".join(rating.missing),
        # The model's content says which points go with which band, so these say which way each indicator lies.
        *map(_line, rating.lowered),
        "",
        *map(_line, rating.raises),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# A model has a hundred or so reasons in all, and every enterprise's rating some of them.
@lru_cache(maxsize=1 << 14)
def _line(reason: Reason) -> str:
    return f"{reason.indicator} {reason.points} {reason.band}"
