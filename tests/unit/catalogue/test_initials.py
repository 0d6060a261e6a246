"""Databases abbreviate Chinese names by their pinyin initials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.initials import initials


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("企业名称", "qymc"),
        ("统一社会信用代码", "tyshxydm"),
        ("法定代表人", "fddbr"),
        ("年报信息ID", "nbxxid"),
        ("税额(元)", "sey"),
    ],
)
def test_each_character_gives_its_first_letter(text: str, letters: str) -> None:
    assert initials(text) == letters


@given(st.text(max_size=30))
def test_any_text_gives_small_letters_and_digits(text: str) -> None:
    assert all(char.isalnum() and char.isascii() for char in initials(text))
