"""A signature stands for one payload, one kind and one key; nothing that a text says of itself is followed."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.crypto.signing import ALGORITHM, Ed25519Signer, Ed25519Verifier, ForgedSignature, new_key, public_part

KEY, OTHER = new_key(), new_key()
SIGNER, VERIFIER = Ed25519Signer(KEY), Ed25519Verifier([public_part(KEY)])
KIND = "fictitious+jws"


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@given(st.binary())
def test_what_was_signed_is_read_with_what_signed_it(payload: bytes) -> None:
    signed = VERIFIER.verify(SIGNER.sign(payload, KIND), KIND)
    assert signed == (payload, ALGORITHM, KEY["kid"])


def test_a_public_key_tells_no_private_one() -> None:
    assert "d" not in public_part(KEY)
    assert public_part(KEY)["kid"] == SIGNER.kid
    for wrong in ({}, {**KEY, "crv": "X25519"}, {"kty": "oct", "k": "AAAA"}):
        with pytest.raises(ValueError, match="no key"):
            public_part(wrong)


@pytest.mark.attack(by="whoever hands a consent on", wants="an altered artefact to be taken for genuine")
@given(st.binary(min_size=1), st.data())
def test_a_changed_letter_is_noticed(payload: bytes, data: st.DataObject) -> None:
    text = SIGNER.sign(payload, KIND)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("Aa0_-.="))
    changed = text[:at] + letter + text[at + 1 :]
    if changed != text:
        with pytest.raises(ForgedSignature):
            VERIFIER.verify(changed, KIND)


@pytest.mark.attack(by="whoever signs with a key of his own", wants="a verifier that believes what a header says")
@pytest.mark.parametrize(
    "head",
    [
        {"alg": "none", "kid": KEY["kid"], "typ": KIND},
        {"alg": "HS256", "kid": KEY["kid"], "typ": KIND},
        {"alg": ALGORITHM, "kid": OTHER["kid"], "typ": KIND},
        {"alg": ALGORITHM, "kid": None, "typ": KIND},
        {"alg": ALGORITHM, "kid": KEY["kid"], "typ": KIND, "jwk": public_part(OTHER)},
        {"alg": ALGORITHM, "kid": KEY["kid"], "typ": KIND, "jku": "http://localhost/keys"},
        {"alg": ALGORITHM, "kid": KEY["kid"], "typ": KIND, "crit": ["b64"], "b64": False},
        {"alg": ALGORITHM, "kid": KEY["kid"]},
        [],
    ],
)
def test_a_header_of_another_s_is_not_followed(head: Any) -> None:
    _, payload, signature = SIGNER.sign(b"{}", KIND).split(".")
    for end in (signature, ""):
        with pytest.raises(ForgedSignature):
            VERIFIER.verify(f"{_encoded(head)}.{payload}.{end}", KIND)


@pytest.mark.attack(by="a bank with a genuine signature for another end", wants="it to count as a consent")
def test_what_was_signed_for_another_end_or_by_a_stranger_is_refused() -> None:
    with pytest.raises(ForgedSignature, match="kind"):
        VERIFIER.verify(SIGNER.sign(b"{}", "other+jws"), KIND)
    with pytest.raises(ForgedSignature, match="none of those"):
        VERIFIER.verify(Ed25519Signer(OTHER).sign(b"{}", KIND), KIND)


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a.b.c", "é.é.é", "{}", "x" * 100])
def test_what_is_no_signature_is_none(text: str) -> None:
    with pytest.raises(ForgedSignature):
        VERIFIER.verify(text, KIND)
