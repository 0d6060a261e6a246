"""What grants open is what the scope says, at every moment; and they are read as they were packed."""

import marshal
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from catalogue.times import micros
from rules.release.consent.lifecycle import Consent, in_force
from rules.release.consent.scope import scope_of
from rules.release.entitlement import Opening, openings_of
from rules.release.grants import Grant, grants_of, next_moment_of, openings_by
from tests.builders.consents import ITEMS, RECIPIENTS, moments, several

_PERMITTED = st.frozensets(st.sampled_from(ITEMS))


def _opened(consents: list[Consent], recipient: str, at: datetime, permitted: frozenset[str]) -> tuple[Opening, ...]:
    own = [one for one in grants_of(consents) if one.recipient == recipient and one.is_in_force(micros(at))]
    return openings_by(own, permitted)


@given(several(), moments(), st.sampled_from(RECIPIENTS), _PERMITTED)
def test_they_open_what_the_scope_opens(
    consents: list[Consent], at: datetime, recipient: str, permitted: frozenset[str]
) -> None:
    expected = openings_of(recipient, scope_of(consents, at), permitted)
    assert _opened(consents, recipient, at, permitted) == expected


@given(several(), moments())
def test_they_are_in_force_when_their_consents_are(consents: list[Consent], at: datetime) -> None:
    found = {one.number for one in grants_of(consents) if one.is_in_force(micros(at))}
    assert found == {one.terms.number for one in consents if in_force(one, at)}


@given(several(), moments(), st.integers(0, 24 * 30))
def test_until_the_next_moment_nothing_changes_by_itself(consents: list[Consent], at: datetime, hours: int) -> None:
    change, later = next_moment_of(grants_of(consents), micros(at)), at + timedelta(hours=hours)
    if change is None or micros(later) < change:
        everything = frozenset(ITEMS)
        for name in RECIPIENTS:
            assert _opened(consents, name, later, everything) == _opened(consents, name, at, everything)


@given(several())
def test_they_are_packed_as_plain_values(consents: list[Consent]) -> None:
    found = grants_of(consents)
    assert tuple(Grant(*one) for one in marshal.loads(marshal.dumps(tuple(map(tuple, found))))) == found
