"""Memberships of lists as the sink keeps them in PostgreSQL, and what they are decided from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalogue.plain_values import moment
from rules.lists.membership import Membership, RatedFacts, Status

LIST_COLUMNS = (
    "subject", "list", "list_name", "sequence", "as_of", "hash", "basis", "definition_hash", "model", "status", "since",
    "counted_from", "due", "reasons", "changed_at",
)  # fmt: skip
_ROWS = f"select {', '.join(LIST_COLUMNS)} from credit_list"
OF_SUBJECT = f"{_ROWS} where subject = %s order by list"
MEMBERS = f"{_ROWS} where list = %s and status = 'MEMBER' order by since desc, subject limit %s"
COUNTS = "select list, status, count(*) from credit_list group by list, status"
REASONS = """
select list, reason, count(*) from credit_list, jsonb_array_elements_text(reasons) reason
where status <> 'MEMBER' group by list, reason order by list, count(*) desc, reason
"""
STANDINGS = "select subject, list, status, since, counted_from, reasons from credit_list"
RATED = "select subject, model, score, grade, waits_for, vetoes, review from credit_rating"


@dataclass(frozen=True, slots=True)
class KeptMembership:
    """A row of ``credit_list``; its fields are those of ``list.v1``."""

    subject: str
    list: str
    list_name: str
    sequence: int
    as_of: date
    hash: str
    basis: str
    definition_hash: str
    model: str
    status: str
    since: date
    counted_from: date | None
    due: date | None
    reasons: tuple[str, ...]
    changed_at: datetime

    @classmethod
    def of(cls, row: Sequence[Any]) -> "KeptMembership":
        """Return the membership of a row that has ``LIST_COLUMNS``."""
        said = dict(zip(LIST_COLUMNS, row, strict=True))
        return cls(**said | {"reasons": tuple(said["reasons"])})

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "subject": self.subject, "list": self.list, "list_name": self.list_name, "sequence": self.sequence,
            "as_of": self.as_of.isoformat(), "hash": self.hash, "basis": self.basis,
            "definition_hash": self.definition_hash, "model": self.model or None, "status": self.status,
            "since": self.since.isoformat(), "counted_from": _day(self.counted_from), "due": _day(self.due),
            "reasons": list(self.reasons), "changed_at": moment(self.changed_at),
        }  # fmt: skip


def standing_of(row: Sequence[Any]) -> tuple[tuple[str, str], Membership]:
    """Return subject and list, and the membership, of a row of ``STANDINGS``."""
    subject, name, status, since, counted_from, reasons = row
    return (subject, name), Membership(Status(status), since, counted_from, tuple(reasons))


def facts_of(score: int, grade: str, waits_for: str, vetoes: Sequence[Mapping[str, str]], review: int) -> RatedFacts:
    """Return what lists look at in a row of ``credit_rating``."""
    return RatedFacts(score, grade, waits_for != "", tuple(veto["id"] for veto in vetoes), review > 0)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
