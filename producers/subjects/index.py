"""Whose code or name is whose, as registrations and land titles say, for rows that name their subject otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from catalogue.identifiers import normalised
from catalogue.model import Item
from catalogue.old_codes import CodeKind, OldCode, old_code
from catalogue.titles import normal

REGISTRATION, OWNERSHIP = "market.registration", "real_estate.ownership"
ITEMS = frozenset({REGISTRATION, OWNERSHIP})
_OTHER_CODE, _UNIT_NUMBER = "other_code", "real_estate_unit_number"
# The fields of ITEMS that ``add`` looks at.
MARKS = frozenset({_OTHER_CODE, _UNIT_NUMBER})
# The organisation code (GB 11714) lies in the 9th to 17th place of a USCC.
_ORGANISATION = slice(8, 17)


class SubjectMatch(NamedTuple):
    """Whose row it is, and by what it was found: ``code``, ``unit_number`` or ``name``."""

    subject: str
    by: str


class AmbiguousSubject(NamedTuple):
    """Several subjects fit: nobody guesses which."""

    by: str


class ContradictedSubject(NamedTuple):
    """The row's code is one enterprise's and its name another's, or none's."""

    by: str


SubjectAnswer = SubjectMatch | AmbiguousSubject | ContradictedSubject | None


class SubjectIndex:
    """Subjects by old code, real estate unit number and name; what two share names neither."""

    def __init__(self) -> None:
        self._subjects: dict[tuple[str, str], set[str]] = {}
        # What is registered of each subject: the other way round.
        self._names: dict[str, set[str]] = {}
        self._codes: dict[tuple[str, CodeKind], set[str]] = {}

    def add(self, item: str, subject: str, values: Mapping[str, Any], name: str | None) -> None:
        """Take in a live record of one of ITEMS."""
        if item == OWNERSHIP:
            self._note("unit_number", normalised(str(values.get(_UNIT_NUMBER) or "")), subject)
        if item != REGISTRATION:
            return
        own = OldCode(CodeKind.ORGANISATION, subject[_ORGANISATION], certain=True)
        for code in (own, old_code(str(values.get(_OTHER_CODE) or ""))):
            if code is not None:
                self._note(code.kind, code.text, subject)
                self._codes.setdefault((subject, code.kind), set()).add(code.text)
        registered = normal(name or "")
        self._note("name", registered, subject)
        if registered:
            self._names.setdefault(subject, set()).add(registered)

    def _note(self, kind: str, key: str, subject: str) -> None:
        if key:
            self._subjects.setdefault((kind, key), set()).add(subject)

    def find(self, item: Item, values: Mapping[str, Any]) -> SubjectAnswer:
        """Return whose row of ``item`` these values are.

        An old code decides when its own check holds and the row's name, where it has one, is the registered one; a
        code without a check needs the name. Then the real estate unit number decides, then the name alone, unless
        the row's code is none of the subject's. Never the code of another party of the row, such as a lender: only
        the subject's own columns count.
        """
        codes = list(_codes_of(item, values))
        name = normal(str(values.get(item.subject.name) or "")) if item.subject.name else ""
        for code in codes:
            subjects = self._subjects.get((code.kind, code.text), set())
            if len(subjects) > 1:
                return AmbiguousSubject("code")
            for subject in subjects:
                registered = self._names.get(subject, set())
                if name and registered and name not in registered:
                    return ContradictedSubject("code")
                if code.certain or (name and name in registered):
                    return SubjectMatch(subject, "code")
        marks = (("unit_number", normalised(str(values.get(_UNIT_NUMBER) or ""))), ("name", name))
        for kind, key in marks:
            subjects = self._subjects.get((kind, key), set()) if key else set()
            if len(subjects) > 1:
                return AmbiguousSubject(kind)
            for subject in subjects:
                return ContradictedSubject(kind) if self._refuted(subject, codes) else SubjectMatch(subject, kind)
        return None

    def _refuted(self, subject: str, codes: list[OldCode]) -> bool:
        """Whether a code says that a row is another subject's: of its kind this one has others."""
        known = ((code, self._codes.get((subject, code.kind), set())) for code in codes if code.certain)
        return any(own and code.text not in own for code, own in known)


def _codes_of(item: Item, values: Mapping[str, Any]) -> Iterator[OldCode]:
    for name in filter(None, (item.subject.uscc, *item.subject.codes)):
        code = old_code(str(values.get(name) or ""))
        if code is not None:
            yield code
