"""Ciphertext opens with any retired key, only in its own field, and only unchanged."""

from pathlib import Path

import pytest

from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing, create_key_file, load_key_file, rotate
from catalogue.errors import HubError

CONTEXT = "market.registration legal_rep_id_number"
RING = KeyRing(bytes(range(32)), {1: bytes(32), 2: bytes([7]) * 32})
CIPHER = Cipher(RING)


@pytest.mark.parametrize("plain", [b"", b"630102", "法定代表人".encode(), bytes(70_000)])
def test_what_is_closed_opens_again(plain: bytes) -> None:
    closed = CIPHER.close(plain, CONTEXT)
    assert CIPHER.open(closed, CONTEXT) == plain
    assert not plain or plain not in closed


def test_equal_values_have_different_ciphertexts() -> None:
    assert CIPHER.close(b"630102", CONTEXT) != CIPHER.close(b"630102", CONTEXT)


def test_a_ciphertext_moved_to_another_field_is_refused() -> None:
    closed = CIPHER.close(b"630102", CONTEXT)
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(closed, "market.registration legal_rep_phone")


@pytest.mark.parametrize("at", [4, 15, 16, -1])
def test_a_changed_ciphertext_is_refused(at: int) -> None:
    closed = bytearray(CIPHER.close(b"630102", CONTEXT))
    closed[at] ^= 1
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(bytes(closed), CONTEXT)


def test_retired_keys_go_on_decrypting(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old = Cipher(create_key_file(path))
    closed = old.close(b"630102", CONTEXT)
    rotate(path)
    new = Cipher(load_key_file(path))
    assert new.open(closed, CONTEXT) == b"630102"
    assert new.close(b"", CONTEXT)[:4] != closed[:4]
    with pytest.raises(HubError, match="no key 2") as refused:
        old.open(new.close(b"630102", CONTEXT), CONTEXT)
    assert refused.value.remedy


def test_a_link_is_the_same_for_ever_and_apart_by_purpose(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old = Cipher(create_key_file(path))
    rotate(path)
    assert Cipher(load_key_file(path)).link("630102") == old.link("630102")
    assert old.link("630102") != old.link("630102", "phone")
    assert old.link("630102") != CIPHER.link("630102")
    # Stored subjects and record keys are made of it.
    assert CIPHER.link("样例", "name") == "35d5acd9231867370fe8b54fa589ad97"
