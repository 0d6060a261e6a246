"""No character of a file commands a terminal, and none is lost."""

import json
import unicodedata

import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.visible_text import visible

TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.characters(codec=None), max_size=30))
def test_nothing_is_left_that_commands_a_terminal(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(c) != "Cc" or c in "\t\n" for c in shown)
    assert not set(shown) & {*TURNS, "\u2028", "\u2029"}
    shown.encode()  # halves of characters, too
    # Repeating it changes nothing.
    assert visible(shown) == shown


@given(st.text(st.sampled_from("中文 aZ09[]{}\\\"'\t\n—😀"), max_size=30))
def test_other_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text(max_size=30))
def test_json_reads_the_same_again(text: str) -> None:
    assert json.loads(visible(json.dumps({"column": text}, ensure_ascii=False))) == {"column": text}


def test_a_command_is_seen() -> None:
    text = "甲\x1b]0;名\x07\x7f\x9b31m\u202e丙"
    # A mapping that is suggested is YAML.
    assert yaml.safe_load(visible(json.dumps([text], ensure_ascii=False))) == [text]
    assert visible("甲\x1b]0;名\x07乙\x9b31m\u202e丙\r") == r"甲\u001b]0;名\u0007乙\u009b31m\u202e丙\u000d"
