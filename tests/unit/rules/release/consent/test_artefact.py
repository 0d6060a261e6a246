"""What is signed reads back as it was written, and nothing else does."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.release.consent.artefact import (
    Held,
    digest_of,
    follow,
    key_of,
    message_of,
    read_message,
    read_text,
    text_of,
)
from rules.release.consent.lifecycle import Act, IllegalTransition, Transition
from tests.builders.consents import folded, lives, step, terms


@given(lives())
def test_a_life_reads_back_from_its_artefacts(life: tuple[Transition, ...]) -> None:
    held: Held | None = None
    for one in life:
        text = text_of(one, held.digest if held else "")
        found = read_text(text)
        assert found.step == one
        held = follow(held, found, digest_of(text.decode()))
        assert found.state == held.consent.state
    assert held is not None
    assert held.consent == folded(life)


@given(lives(), st.data())
def test_artefacts_in_another_order_or_with_a_gap_do_not_follow(
    life: tuple[Transition, ...], data: st.DataObject
) -> None:
    held: Held | None = None
    texts = []
    for one in life:
        texts.append(text_of(one, held.digest if held else ""))
        held = follow(held, read_text(texts[-1]), digest_of(texts[-1].decode()))
    chosen = data.draw(st.lists(st.sampled_from(texts), max_size=len(texts)))
    if chosen != texts[: len(chosen)]:
        with pytest.raises(IllegalTransition):
            _followed(chosen)


def _followed(texts: list[bytes]) -> None:
    held: Held | None = None
    for text in texts:
        held = follow(held, read_text(text), digest_of(text.decode()))


def _first() -> bytes:
    return text_of(step(None, Act.REQUEST, terms()), "")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1"}, {"act": "SEIZE"}, {"state": "ACTIVE "}, {"at": "today"}, {"terms": {}}, {"terms": None},
        {"signatory": {"capacity": "LEGAL_REPRESENTATIVE"}}, {"extra": 1}, {"format": 2}, {"reason": None},
    ],
)  # fmt: skip
def test_another_text_is_no_transition(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no transition"):
        read_text(orjson.dumps({**orjson.loads(_first()), **change}, option=orjson.OPT_SORT_KEYS))


@pytest.mark.parametrize("text", [b"", b"{}", b"null", b"[]", b"\xff", _first() + b" "])
def test_nor_is_what_is_no_json_of_ours(text: bytes) -> None:
    with pytest.raises(ValueError, match="no transition"):
        read_text(text)


@pytest.mark.parametrize(
    "change", [{"subject": "x"}, {"number": "x"}, {"version": 2}, {"recipient": "x"}, {"act": "GRANT"}, {"kid": "x"}]
)
def test_a_message_that_says_something_else_than_its_artefact_is_refused(change: dict[str, Any]) -> None:
    text, own = _first(), terms()
    value = dict(message_of(read_text(text), "jws", "Ed25519", "k"))
    key = key_of(own.subject, own.number)
    assert read_message(value, key, text, "Ed25519", "k").step.terms == own
    with pytest.raises(ValueError, match="something else"):
        read_message({**value, **change}, key, text, "Ed25519", "k")
    with pytest.raises(ValueError, match="another consent"):
        read_message(value, key + b"x", text, "Ed25519", "k")
