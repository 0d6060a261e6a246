"""Values as the store keeps them come back, whatever their names and how large they are."""

import struct
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.store import Store
from rules.rating.model import MOST
from streams.rating.values import Shapes, pack, unpack, words

NAMES = st.sampled_from("abcdef")
NUMBERS = st.none() | st.integers(-(1 << 70), 1 << 70)


@given(
    told=st.dictionaries(st.sampled_from(["one", "two"]), st.dictionaries(NAMES, NUMBERS, max_size=4)),
    wanted=st.frozensets(NAMES),
)
def test_what_was_kept_comes_back(
    told: dict[str, dict[str, int | None]], wanted: frozenset[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    # An indicator is of one group.
    named = {group: {f"{group}.{name}": value for name, value in values.items()} for group, values in told.items()}
    asked = {f"{group}.{name}" for group in named for name in wanted}
    with closing(Store(tmp_path_factory.mktemp("values"))) as store:
        shapes = Shapes(store)
        groups = {
            group: (7, shapes.number_of(tuple(values)), words(values.values())) for group, values in named.items()
        }
        store.write(shapes.flush())
        assert shapes.flush() == {}
        # A successor reads the shapes.
        heir = Shapes(store)
        heir.want(asked)
        every = {name: value for values in named.values() for name, value in values.items() if name in asked}
        assert heir.wanted_of(unpack(pack(groups))) == {
            name: max(-MOST, min(value, MOST)) for name, value in every.items() if value is not None
        }


def test_each_value_is_a_word() -> None:
    assert words([1, None, -1]) == struct.pack("<3q", 1, -(1 << 63), -1)
    assert unpack(None) == {}
