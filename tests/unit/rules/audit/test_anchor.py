"""An anchor is one text, and nothing else is one."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.audit.anchor import (
    Anchor,
    ChainHead,
    anchor_digest,
    anchor_message,
    anchor_text,
    read_anchor,
    read_anchor_message,
)

HEADS = st.builds(
    ChainHead, st.sampled_from(["audit.v1", "release.v1"]), st.integers(0, 64), st.integers(1, 1 << 40), st.binary()
)
ANCHORS = st.builds(
    Anchor,
    st.integers(1, 1 << 40),
    st.datetimes(timezones=st.just(UTC)),
    st.text("0123456789abcdef", max_size=64),
    st.lists(HEADS, max_size=5).map(tuple),
)
ONE = Anchor(2, datetime(2026, 3, 2, tzinfo=UTC), "ab", (ChainHead("audit.v1", 0, 7, b"d"),))


@given(ANCHORS)
def test_what_is_written_is_read(anchor: Anchor) -> None:
    assert read_anchor(anchor_text(anchor)) == anchor


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", anchor_text(ONE) + b" ", orjson.dumps({**orjson.loads(anchor_text(ONE)), "heads": [1]})],
)
def test_anything_else_is_no_anchor(text: bytes) -> None:
    with pytest.raises(ValueError, match="no anchor"):
        read_anchor(text)


@pytest.mark.attack(by="somebody who may write into anchor.v1", wants="heads beside a genuine signature to count")
def test_a_message_says_what_its_artefact_says() -> None:
    message = anchor_message(ONE, "a.b.c", "Ed25519", "k")
    assert read_anchor_message(message, anchor_text(ONE), "Ed25519", "k") == ONE
    changes: tuple[dict[str, object], ...] = (
        {"number": 3},
        {"heads": []},
        {"kid": "else"},
        {"moment": datetime(2026, 3, 3, tzinfo=UTC)},
    )
    for change in changes:
        with pytest.raises(ValueError, match="something else"):
            read_anchor_message({**message, **change}, anchor_text(ONE), "Ed25519", "k")
    assert anchor_digest("a.b.c") != anchor_digest("a.b.d")
