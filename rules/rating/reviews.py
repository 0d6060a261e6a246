"""What persons decide about ratings: reviews, which hold until their end, and appeals, which wait for one.

The grades 中 and 差 of a 个体工商户, and every veto, are about a natural person: nobody is told them before somebody
has decided (个人信息保护法 24). That it was deregistered judges nobody: 不评价 waits for no one, and nobody reviews it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rules.rating.grades import GRADES, UNRATED

PERSONS = ("92",)
"""What the codes of 个体工商户 begin with."""
_DECIDED_BY_PERSONS = frozenset(GRADES[2:])


class EntryKind(StrEnum):
    """What an entry is."""

    REVIEW = "REVIEW"
    APPEAL = "APPEAL"


@dataclass(frozen=True, slots=True)
class Entry:
    """A review or an appeal; the ``number`` counts 1…n for each enterprise.

    A review is about one proposal of one model (``proposed``); it lets the ``grade`` be this one up to and with the day
    ``until``, as long as the model proposes the same. Any review answers the appeals before it.
    """

    number: int
    kind: EntryKind
    model: str = ""
    proposed: str = ""
    grade: str = ""
    until: date = date.min


def needs_person(subject: str, proposed: str, *, is_vetoed: bool) -> bool:
    """Whether a person has to decide before anybody is told a proposed grade."""
    return proposed != UNRATED and subject.startswith(PERSONS) and (is_vetoed or proposed in _DECIDED_BY_PERSONS)


def decision(entries: Sequence[Entry], model: str, proposed: str, day: date) -> Entry | None:
    """Return the review that holds for what a model proposes on a day: the newest of its model, where it fits."""
    own = (one for one in entries if one.kind is EntryKind.REVIEW and one.model == model)
    newest = max(own, key=_number, default=None)
    return newest if newest is not None and newest.proposed == proposed and day <= newest.until else None


def open_appeal(entries: Sequence[Entry]) -> Entry | None:
    """Return the first appeal that no review has answered yet."""
    answered = max((one.number for one in entries if one.kind is EntryKind.REVIEW), default=0)
    waiting = (one for one in entries if one.kind is EntryKind.APPEAL and one.number > answered)
    return min(waiting, key=_number, default=None)


def _number(entry: Entry) -> int:
    return entry.number
