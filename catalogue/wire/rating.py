"""``credit.rating.v1`` and ``credit.rating.change.v1``: the rating of an enterprise; and what it is made by.

``model.v1`` has the models, ``review.v1`` what persons decide and enterprises appeal.
"""

from catalogue.avro import DATE, TIMESTAMP, Schema, optional
from catalogue.wire.parts import field, internal_record

_LOWERED = internal_record(
    "RatingLoss",
    "what lowered a score",
    field("indicator", "string"),
    field("band", "string", "指标所在的档: the indicator's name and the band, in Chinese"),
    field("points", "int", "points lost"),
    field("text", "string", "in Chinese"),
)

_RAISES = internal_record(
    "RatingGain",
    "what would raise a score",
    field("indicator", "string"),
    field("band", "string", "指标可达到的档: the indicator's name and the band, in Chinese"),
    field("points", "int", "points to be gained"),
    field("text", "string", "what can be done, in Chinese"),
)

_VETO = internal_record(
    "RatingVeto",
    "what bounds the grade, whatever the score",
    field("id", "string"),
    field("indicator", "string"),
    field("text", "string", "in Chinese"),
)


_RATING: tuple[Schema, ...] = (
    field("subject", "string"),
    field("model", "string"),
    field("sequence", "long", "1…n per subject and model, without a gap"),
    field("as_of", DATE, "the business date on which it became so"),
    field("hash", "string", "over all that follows but the Chinese texts and changed_at"),
    field("model_hash", "string", "SHA-256 of the model's content"),
    field("rules", "boolean", "whether this model rules; else it is a shadow, which is only compared"),
    field("segment", "string"),
    field("score", "int", "of 1000"),
    field("grade", "string", "优, 良, 中, 差, 待观察 or 不评价"),
    field("proposed", "string", "the grade by the model alone"),
    field("waits_for", "string", "REVIEW: a person has to decide before the proposed grade counts; else empty"),
    field("coverage", "int", "‰ of the points whose indicators are known"),
    field("vetoes", {"type": "array", "items": _VETO}),
    field("lowered", {"type": "array", "items": _LOWERED}, "what lowered the score, the most points first"),
    field("raises", {"type": "array", "items": _RAISES}, "what would raise it, the most points first"),
    field("missing", {"type": "array", "items": "string"}, "items of which nothing is known"),
    field("review", "long", "the review by which the grade is what it is; 0: none"),
    field("appeal", "long", "the appeal that waits for an answer; 0: none"),
    field("changed_at", TIMESTAMP),
)

RATING = internal_record("Rating", "what one model says of one enterprise", *_RATING)

RATING_CHANGE = internal_record(
    "RatingChange",
    "a rating that changed, as it is now",
    *_RATING,
    optional("previous_score", "int", "null: it is the first"),
    optional("previous_grade", "string", "null: it is the first"),
)

RATING_MODEL = internal_record(
    "RatingModel",
    "a version of a rating model, with all that it says",
    field("number", "long", "1…n over all models"),
    field("model", "string"),
    field("role", "string", "RULING or SHADOW"),
    field("since", DATE, "the business date from which on it rates"),
    field("content", "string", "JSON: segments, cards, vetoes, thresholds"),
    field("hash", "string", "SHA-256 of the content, hex"),
    field("approved_by", {"type": "array", "items": "string"}, "two different persons"),
    field("published_at", TIMESTAMP),
)

REVIEW = internal_record(
    "Review",
    "what a person decided about a rating, or an enterprise's appeal",
    field("subject", "string"),
    field("number", "long", "1…n per subject"),
    field("kind", "string", "REVIEW or APPEAL"),
    field("model", "string", "of a review: whose proposal was looked at"),
    field("proposed", "string", "of a review: the grade that the model proposed"),
    field("grade", "string", "of a review: the grade that counts instead, as long as the model proposes the same"),
    optional("until", DATE, "of a review: the last day on which it holds"),
    field("reason", "string", "in Chinese"),
    field("by", "string", "who decided, or who appealed"),
    field("at", TIMESTAMP),
)
