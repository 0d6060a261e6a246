"""Ratings as the sink keeps them in PostgreSQL, and how many enterprises are rated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalogue.plain_values import moment
from rules.rating.grades import GRADES, UNRATED, WATCHED

RATING_COLUMNS = (
    "subject", "model", "sequence", "as_of", "hash", "model_hash", "rules", "segment", "score", "grade", "proposed",
    "waits_for", "coverage", "vetoes", "lowered", "raises", "missing", "review", "appeal", "changed_at",
)  # fmt: skip
RATINGS = f"select {', '.join(RATING_COLUMNS)} from credit_rating where subject = %s order by rules desc, model"
# An enterprise has one rating of the model that rules; while another one begins to, the sink may have written both.
COVERAGE = """
select
    count(*),
    -- As rules.rating.scoring.is_rated says it.
    count(*) filter (where not starts_with(s.subject, '9')),
    count(*) filter (where r.waits_for <> ''),
    count(*) filter (where r.waits_for = '' and r.grade = '优'),
    count(*) filter (where r.waits_for = '' and r.grade = '良'),
    count(*) filter (where r.waits_for = '' and r.grade = '中'),
    count(*) filter (where r.waits_for = '' and r.grade = '差'),
    count(*) filter (where r.waits_for = '' and r.grade = '待观察'),
    count(*) filter (where r.waits_for = '' and r.grade = '不评价')
from credit_state s
left join lateral (
    select waits_for, grade from credit_rating one where one.subject = s.subject and one.rules
    order by one.changed_at desc limit 1
) r on true
where s.counts ? 'market.registration'
"""
LOWEST = """
select subject from credit_rating
where rules and waits_for = '' and grade not in ('待观察', '不评价') and lowered <> '[]'
order by score, subject limit 1
"""
WAITING = """
select subject, model, grade, proposed, waits_for, appeal, as_of from credit_rating
where rules and (waits_for <> '' or appeal > 0) order by changed_at, subject limit %s
"""


@dataclass(frozen=True, slots=True)
class RatingReason:
    """What lowered a score, or would raise it."""

    indicator: str
    band: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class KeptRating:
    """A row of ``credit_rating``; its fields are those of ``credit.rating.v1``."""

    subject: str
    model: str
    sequence: int
    as_of: date
    hash: str
    model_hash: str
    rules: bool
    segment: str
    score: int
    grade: str
    proposed: str
    waits_for: str
    coverage: int
    vetoes: tuple[Mapping[str, str], ...]
    lowered: tuple[RatingReason, ...]
    raises: tuple[RatingReason, ...]
    missing: tuple[str, ...]
    review: int
    appeal: int
    changed_at: datetime

    @classmethod
    def of(cls, row: Sequence[Any]) -> "KeptRating":
        """Return the rating of a row that has ``RATING_COLUMNS``."""
        said = dict(zip(RATING_COLUMNS, row, strict=True))
        for name in ("lowered", "raises"):
            said[name] = tuple(RatingReason(**reason) for reason in said[name])
        return cls(**said | {"vetoes": tuple(said["vetoes"]), "missing": tuple(said["missing"])})

    def as_json(self) -> dict[str, Any]:
        """Return the rating for JSON."""
        reasons = {
            name: [
                {"indicator": one.indicator, "band": one.band, "points": one.points, "text": one.text}
                for one in getattr(self, name)
            ]
            for name in ("lowered", "raises")
        }
        return {
            "model": self.model, "rules": self.rules, "model_hash": self.model_hash,
            "sequence": self.sequence or None,
            "as_of": self.as_of.isoformat(), "hash": self.hash, "segment": self.segment, "score": self.score,
            "grade": self.grade, "proposed": self.proposed, "waits_for": self.waits_for or None,
            "coverage": self.coverage, "vetoes": [dict(one) for one in self.vetoes], **reasons,
            "missing": list(self.missing), "review": self.review or None, "appeal": self.appeal or None,
            "changed_at": moment(self.changed_at),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RatingCoverage:
    """How many registered enterprises the ruling model rates, and why it does not rate the others."""

    registered: int
    grades: Mapping[str, int]
    """By grade; 待观察: too little is known; 不评价: it was deregistered."""
    waiting: int
    """A person has to decide first."""
    no_enterprises: int
    """Authorities and institutions, which are not rated."""

    @property
    def rated(self) -> int:
        """How many have a grade from 优 to 差."""
        return sum(self.grades.get(grade, 0) for grade in GRADES)

    @property
    def watched(self) -> int:
        """Of how many too little is known."""
        return self.grades.get(WATCHED, 0)

    @property
    def deregistered(self) -> int:
        """How many are no more."""
        return self.grades.get(UNRATED, 0)

    @property
    def difference(self) -> int:
        """How many have no rating, and no reason why not."""
        told = self.rated + self.watched + self.deregistered + self.waiting + self.no_enterprises
        return self.registered - told

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "registered": self.registered,
            "rated": self.rated,
            "grades": {grade: self.grades.get(grade, 0) for grade in GRADES},
            "not_rated": {
                "too_little_is_known": self.watched,
                "deregistered": self.deregistered,
                "a_person_decides_first": self.waiting,
                "no_enterprise": self.no_enterprises,
            },
            "difference": self.difference,
        }


@dataclass(frozen=True, slots=True)
class WaitingRating:
    """A rating that waits for a person: for a decision, or for the answer to an appeal."""

    subject: str
    model: str
    grade: str
    proposed: str
    waits_for: str
    appeal: int
    as_of: date

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "subject": self.subject, "model": self.model, "grade": self.grade, "proposed": self.proposed,
            "waits_for": self.waits_for or None, "appeal": self.appeal or None, "as_of": self.as_of.isoformat(),
        }  # fmt: skip
