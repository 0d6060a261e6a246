"""Ciphertext opens with any retired key, only in its own field and record, and only unchanged."""

import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.crypto.cipher import Cipher, bound
from bus.crypto.keys import KeyRing, create_key_file, load_key_file, rotate
from catalogue.errors import HubError

CONTEXT = "market.registration legal_rep_id_number"
RING = KeyRing(bytes(range(32)), {1: bytes(32), 2: bytes([7]) * 32})
CIPHER = Cipher(RING)
RECORD = bound("91630000000000001X", "2024")


@pytest.mark.parametrize("plain", [b"", b"630102", "法定代表人".encode(), bytes(70_000)])
def test_what_is_closed_opens_again(plain: bytes) -> None:
    closed = CIPHER.close(plain, CONTEXT, RECORD)
    assert CIPHER.open(closed, CONTEXT, RECORD) == plain
    assert not plain or plain not in closed


def test_equal_values_have_different_ciphertexts() -> None:
    assert CIPHER.close(b"630102", CONTEXT, RECORD) != CIPHER.close(b"630102", CONTEXT, RECORD)


@pytest.mark.attack(
    by="whoever writes into a topic", wants="a secret shown where its field is open, by moving its ciphertext there"
)
def test_a_ciphertext_moved_to_another_field_is_refused() -> None:
    closed = CIPHER.close(b"630102", CONTEXT, RECORD)
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(closed, "market.registration legal_rep_phone", RECORD)


@pytest.mark.attack(
    by="whoever writes into a topic", wants="one enterprise's secret told as another's, by swapping ciphertexts"
)
@pytest.mark.parametrize("other", [("91630000000000002X", "2024"), ("91630000000000001X", "2025"), ()])
def test_a_ciphertext_moved_to_another_record_is_refused(other: tuple[str, ...]) -> None:
    closed = CIPHER.close(b"630102", CONTEXT, RECORD)
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(closed, CONTEXT, bound(*other))


def test_parts_of_a_record_s_name_do_not_run_together() -> None:
    assert len({bound("a", "bc"), bound("ab", "c"), bound("abc")}) == 3


@pytest.mark.attack(
    by="whoever writes into a topic", wants="a bound ciphertext taken for one of before, which was not bound"
)
def test_what_was_closed_before_opens_and_is_not_taken_for_bound() -> None:
    # As it was written then: the plain key id, and nothing authenticated but the field.
    nonce = bytes(12)
    former = struct.pack(">I", 2) + nonce + AESGCM(RING.keys[2]).encrypt(nonce, b"630102", CONTEXT.encode())
    assert CIPHER.open(former, CONTEXT, RECORD) == b"630102"
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(former, CONTEXT + "x", RECORD)
    # Neither form becomes the other by its mark.
    for closed in (former, CIPHER.close(b"630102", CONTEXT, RECORD)):
        with pytest.raises(HubError, match="changed or moved"):
            CIPHER.open(bytes([closed[0] ^ 0x80]) + closed[1:], CONTEXT, RECORD)


@pytest.mark.attack(by="whoever writes into a topic", wants="another value, by changing bits of its ciphertext")
@pytest.mark.parametrize("at", [4, 15, 16, -1])
def test_a_changed_ciphertext_is_refused(at: int) -> None:
    closed = bytearray(CIPHER.close(b"630102", CONTEXT, RECORD))
    closed[at] ^= 1
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(bytes(closed), CONTEXT, RECORD)


def test_retired_keys_go_on_decrypting(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old = Cipher(create_key_file(path))
    closed = old.close(b"630102", CONTEXT, RECORD)
    rotate(path)
    new = Cipher(load_key_file(path))
    assert new.open(closed, CONTEXT, RECORD) == b"630102"
    assert new.close(b"", CONTEXT, RECORD)[:4] != closed[:4]
    with pytest.raises(HubError, match="no key 2") as refused:
        old.open(new.close(b"630102", CONTEXT, RECORD), CONTEXT, RECORD)
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


@pytest.mark.attack(by="whoever writes into a topic", wants="another value, by cutting its ciphertext")
@pytest.mark.parametrize("length", [0, 3, 4, 15, 16, 31])
def test_a_value_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(CIPHER.close(b"630102", CONTEXT, RECORD)[:length], CONTEXT, RECORD)
