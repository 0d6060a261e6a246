"""A key file that was exchanged is told from one that was rotated, and no fingerprint tells a key."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.crypto.fingerprints import fingerprints, refuse_exchanged
from bus.crypto.keys import KeyRing
from catalogue.errors import IntegrityError

FILE = Path("keys.json")
KEY = st.binary(min_size=32, max_size=32)
RING = KeyRing(bytes(range(32)), {1: bytes(32), 2: bytes([7]) * 32})


@given(st.builds(KeyRing, KEY, st.dictionaries(st.integers(1, 5), KEY, min_size=1)), st.integers(6, 9), KEY)
def test_the_same_file_and_a_rotated_one_are_the_ones_in_use(ring: KeyRing, key_id: int, key: bytes) -> None:
    published = fingerprints(ring)
    refuse_exchanged(FILE, ring, published)
    refuse_exchanged(FILE, replace(ring, keys={**ring.keys, key_id: key}), published)
    # A hub that tells no keys takes any.
    refuse_exchanged(FILE, ring, {})
    for name, own in (("link", ring.link), *((str(i), k) for i, k in ring.keys.items())):
        assert own.hex()[:32] != published[name]
        assert len(published[name]) == 32


@pytest.mark.attack(by="who may exchange the key file", wants="records sealed from now on with keys of his")
def test_another_linking_key_is_refused_whatever_the_other_keys_are() -> None:
    with pytest.raises(IntegrityError, match="another than the one that what Kafka holds") as refused:
        refuse_exchanged(FILE, replace(RING, link=bytes(32)), fingerprints(RING))
    assert "backup" in refused.value.remedy
    assert "CREDITHUB_KEY_FILE" in refused.value.remedy


@pytest.mark.attack(by="who may exchange the key file", wants="an older copy of it in use")
def test_a_file_without_a_retired_key_is_refused() -> None:
    for kept in (1, 2):
        with pytest.raises(IntegrityError, match=f"lacks the key {3 - kept}, with") as refused:
            refuse_exchanged(FILE, replace(RING, keys={kept: RING.keys[kept]}), fingerprints(RING))
        assert "newest copy" in refused.value.remedy


def test_two_rotations_apart_are_refused() -> None:
    with pytest.raises(IntegrityError, match=r"key 2 of the key file .* is another") as refused:
        refuse_exchanged(FILE, replace(RING, keys={1: RING.keys[1], 2: bytes(32)}), fingerprints(RING))
    assert "rotated apart" in refused.value.remedy


def test_fingerprints_stay_the_same_for_ever_and_differ_by_key() -> None:
    assert fingerprints(RING) == {
        "link": "6f1c83629481dc863ecdf8e205e43d0c",
        "1": "377a79fe3823f4a04d4de426301b790f",
        "2": "774fa83855f59e4589c5275e4f614280",
    }
