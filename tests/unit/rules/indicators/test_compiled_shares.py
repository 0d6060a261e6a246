"""The compiled function of an item gives each of its series the shares that the definition of a share does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.indicators.compiled_shares import compile_shares
from rules.indicators.definitions import load_indicators
from rules.indicators.groups import groups_of
from rules.indicators.shares import shares
from tests.builders.facts import facts_of

_GROUPS = groups_of(load_indicators()).by_item


@pytest.mark.parametrize("item", sorted(_GROUPS))
@settings(max_examples=15)
@given(data=st.data())
def test_it_gives_each_series_its_shares(item: str, data: st.DataObject) -> None:
    group = _GROUPS[item]
    compiled = compile_shares(group.series)
    for fact in data.draw(facts_of(group)):
        found = compiled(fact)
        for series in group.series:
            assert [share for one, share in found if one is series] == shares(series, fact)
        assert len(found) == sum(len(shares(series, fact)) for series in group.series)
