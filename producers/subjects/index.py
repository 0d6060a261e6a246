"""Whose code or name is whose, as registrations and land titles say, for rows that name their subject otherwise."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from catalogue.identifiers import normalised
from catalogue.model import Item
from producers.tables.titles import normal

REGISTRATION, OWNERSHIP = "market.registration", "real_estate.ownership"
ITEMS = frozenset({REGISTRATION, OWNERSHIP})
_OTHER_CODE, _UNIT_NUMBER = "other_code", "real_estate_unit_number"
# The fields of ITEMS that ``add`` looks at.
MARKS = frozenset({_OTHER_CODE, _UNIT_NUMBER})
# The organisation code (GB 11714) lies in the 9th to 17th place of a USCC, and behind the region of a tax number.
_ORGANISATION = slice(8, 17)
_TAX_NUMBER_CHARS, _ORGANISATION_CHARS = 15, 9


class SubjectMatch(NamedTuple):
    """Whose row it is, and by what it was found: ``code``, ``unit_number`` or ``name``."""

    subject: str
    by: str


class AmbiguousSubject(NamedTuple):
    """Several subjects fit: nobody guesses which."""

    by: str


class SubjectIndex:
    """Subjects by old code, organisation code, real estate unit number and name; what two share names neither."""

    def __init__(self) -> None:
        self._subjects: dict[tuple[str, str], set[str]] = {}

    def add(self, item: str, subject: str, values: Mapping[str, Any], name: str | None) -> None:
        """Take in a live record of one of ITEMS."""
        if item == REGISTRATION:
            self._note("code", normalised(str(values.get(_OTHER_CODE) or "")), subject)
            self._note("organisation", subject[_ORGANISATION], subject)
            self._note("name", normal(name or ""), subject)
        elif item == OWNERSHIP:
            self._note("unit_number", normalised(str(values.get(_UNIT_NUMBER) or "")), subject)

    def _note(self, kind: str, key: str, subject: str) -> None:
        if key:
            self._subjects.setdefault((kind, key), set()).add(subject)

    def find(self, item: Item, values: Mapping[str, Any]) -> SubjectMatch | AmbiguousSubject | None:
        """Return whose row of ``item`` these values are; the first kind of mark that is known decides.

        Never by the code of another party of the row, such as a lender: only the subject's own columns count.
        """
        codes = [values.get(name) for name in (item.subject.uscc, *item.subject.codes) if name]
        for code in filter(None, codes):
            text = normalised(str(code)).replace("-", "")
            bare = text[-_ORGANISATION_CHARS:] if len(text) in (_TAX_NUMBER_CHARS, _ORGANISATION_CHARS) else ""
            for kind, key in (("code", text), ("organisation", bare)):
                if (subjects := self._subjects.get((kind, key))) is not None:
                    return _only(subjects, "code")
        marks = (("unit_number", normalised(str(values.get(_UNIT_NUMBER) or ""))),)
        name = values.get(item.subject.name) if item.subject.name else None
        for kind, key in (*marks, ("name", normal(str(name or "")))):
            if key and (subjects := self._subjects.get((kind, key))) is not None:
                return _only(subjects, kind)
        return None


def _only(subjects: set[str], by: str) -> SubjectMatch | AmbiguousSubject:
    return SubjectMatch(next(iter(subjects)), by) if len(subjects) == 1 else AmbiguousSubject(by)
