"""Evidence lies on the disk sealed: nothing of it can be read, changed or exchanged without the key."""

import hashlib
import stat
from pathlib import Path

import pytest

from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file
from catalogue.errors import HubError
from portal.evidence import MOST_BYTES, EvidenceRefused, EvidenceStore

PDF = b"%PDF-1.7 fictitious" + b" consent" * 50


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence", Cipher(create_key_file(tmp_path / "keys.json")))


def test_it_comes_back_whole_and_lies_under_its_hash_for_its_owner_alone(store: EvidenceStore) -> None:
    digest = store.put(PDF)
    assert digest == hashlib.sha256(PDF).hexdigest()
    assert store.put(PDF) == digest
    (file,) = store.folder.iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == (digest, 0o600)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert store.open(digest) == PDF


@pytest.mark.attack(by="whoever gets the disk without the keys", wants="to read, or exchange, what was signed")
def test_without_the_key_it_cannot_be_read_and_with_it_no_other_is_taken(store: EvidenceStore, tmp_path: Path) -> None:
    first, second = store.put(PDF), store.put(PDF + b"2")
    sealed = (store.folder / first).read_bytes()
    assert b"fictitious" not in sealed
    assert b"%PDF" not in sealed
    stranger = EvidenceStore(store.folder, Cipher(create_key_file(tmp_path / "others.json")))
    with pytest.raises(HubError, match="changed or moved"):
        stranger.open(first)
    (store.folder / first).write_bytes((store.folder / second).read_bytes())
    with pytest.raises(HubError, match="changed or moved"):
        store.open(first)
    (store.folder / first).write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(HubError, match="changed or moved"):
        store.open(first)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF", PDF[1:]])
def test_what_is_no_pdf_is_refused(store: EvidenceStore, content: bytes) -> None:
    with pytest.raises(EvidenceRefused, match="PDF"):
        store.put(content)


def test_what_is_too_large_is_refused(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceRefused, match="10MB"):
        store.put(PDF.ljust(MOST_BYTES + 1))
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("digest", ["", "../keys.json", "0" * 64, "A" * 64, "0" * 63 + "/"])
def test_nothing_else_is_opened(store: EvidenceStore, digest: str) -> None:
    assert not store.has(digest)
    with pytest.raises(EvidenceRefused):
        store.open(digest)
