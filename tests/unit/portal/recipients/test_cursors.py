"""A cursor is whoever's and whatever's it was given for, and nothing else opens it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file
from portal.recipients.cursors import CursorRefused, Cursors


@pytest.fixture(scope="module")
def cursors(tmp_path_factory: pytest.TempPathFactory) -> Cursors:
    folder: Path = tmp_path_factory.mktemp("keys")
    return Cursors(Cipher(create_key_file(folder / "keys.json")))


@given(st.lists(st.integers(0, 2**62) | st.text(max_size=20), max_size=8))
def test_a_place_is_opened_as_it_was_sealed(cursors: Cursors, place: list[object]) -> None:
    assert cursors.open(cursors.seal(place, "yinhe", "changes"), "yinhe", "changes") == place


@given(st.text(max_size=200))
def test_whatever_was_not_sealed_is_refused(cursors: Cursors, text: str) -> None:
    with pytest.raises(CursorRefused):
        cursors.open(text, "yinhe", "changes")


def test_it_says_nothing_of_its_place(cursors: Cursors) -> None:
    sealed = cursors.seal(["tax.payment", "secret-key"], "yinhe", "view")
    assert "secret" not in sealed
    for other in (("qinghe", "view"), ("yinhe", "changes"), ("yinhe",), ("yinhe", "view", "")):
        with pytest.raises(CursorRefused):
            cursors.open(sealed, *other)
