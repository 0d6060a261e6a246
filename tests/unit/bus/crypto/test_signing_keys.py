"""The file with the signing key: its owner's alone, renewed without forgetting what signed before."""

import json
import os
import stat
from pathlib import Path

import pytest

from bus.crypto.signing import Ed25519Verifier
from bus.crypto.signing_keys import (
    create_signing_keys,
    load_signing_keys,
    read_jwks,
    refuse_exchanged_signing,
    rotate_signing_keys,
)
from catalogue.errors import IntegrityError, UsageError

KIND = "fictitious+jws"


def test_a_new_file_is_its_owner_s_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    keys = create_signing_keys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_signing_keys(path) == keys
    with pytest.raises(UsageError, match="already"):
        create_signing_keys(path)
    assert load_signing_keys(path) == keys


def test_a_renewed_key_signs_and_the_former_one_is_still_believed(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    former = create_signing_keys(path)
    text = former.signer.sign(b"{}", KIND)
    renewed = rotate_signing_keys(path)
    assert renewed.signer.kid != former.signer.kid
    assert load_signing_keys(path) == renewed
    verifier = Ed25519Verifier(read_jwks(renewed.as_jwks()))
    assert verifier.verify(text, KIND).kid == former.signer.kid
    assert verifier.verify(renewed.signer.sign(b"{}", KIND), KIND).kid == renewed.signer.kid
    # Of the former key nothing can be signed any more.
    assert str(former.private["d"]) not in path.read_text("utf-8")
    assert '"d"' not in json.dumps(renewed.as_jwks())


def test_a_file_that_lacks_a_key_which_signed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    keys = create_signing_keys(path)
    refuse_exchanged_signing(path, keys, [keys.signer.kid])
    with pytest.raises(IntegrityError, match="does not know"):
        refuse_exchanged_signing(path, keys, ["another"])


@pytest.mark.attack(by="a local user", wants="a signing key that he can read or exchange")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o644])
def test_a_signing_key_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "signing.json"
    create_signing_keys(path)
    path.chmod(mode)
    with pytest.raises(UsageError, match="others"):
        load_signing_keys(path)
    path.chmod(0o600)
    os.symlink(path, tmp_path / "link.json")
    with pytest.raises(UsageError):
        load_signing_keys(tmp_path / "link.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"private": {}, "keys": []}', '{"private": 1}'])
def test_a_damaged_file_is_told_from_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.json"
    with pytest.raises(UsageError, match="There is no"):
        load_signing_keys(path)
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="damaged"):
        load_signing_keys(path)


def test_a_private_key_without_its_public_one_is_damage(tmp_path: Path) -> None:
    path, other = tmp_path / "signing.json", tmp_path / "other.json"
    create_signing_keys(path)
    create_signing_keys(other)
    mixed = json.loads(path.read_text("utf-8")) | {"keys": json.loads(other.read_text("utf-8"))["keys"]}
    path.write_text(json.dumps(mixed), "utf-8")
    with pytest.raises(UsageError, match="damaged"):
        load_signing_keys(path)
