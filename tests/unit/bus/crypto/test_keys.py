"""The key file: only its owner reads it, rotation loses no key, and damage is told apart from absence."""

import base64
import json
import os
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from bus.crypto.keys import create_key_file, load_key_file, rotate, written_at
from catalogue.errors import UsageError


def test_a_new_key_file_is_its_owner_s_alone_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys.json"
    ring = create_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key_file(path) == ring
    assert ring.current == 1
    assert len(ring.link) == len(ring.keys[1]) == 32


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = create_key_file(path)
    with pytest.raises(UsageError, match="already"):
        create_key_file(path)
    assert load_key_file(path) == ring


def test_rotation_adds_a_key_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    before = create_key_file(path)
    rotate(path)
    after = rotate(path)
    assert after.current == 3
    assert after.link == before.link
    assert after.keys[1] == before.keys[1]
    assert len({*after.keys.values()}) == 3
    assert load_key_file(path) == after
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]


def test_a_missing_file_is_not_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no key file"):
        load_key_file(tmp_path / "keys.json")


_KEY = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        json.dumps({"link": _KEY}),
        json.dumps({"link": 7, "keys": []}),
        json.dumps({"link": _KEY, "keys": [{"id": "one", "key": _KEY}]}),
        json.dumps({"link": _KEY, "keys": [{"id": 1}]}),
        json.dumps({"link": _KEY, "keys": [{"id": 1, "key": "A"}]}),
    ],
)
def test_a_damaged_file_is_refused_with_its_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="is damaged") as refused:
        load_key_file(path)
    assert "backup" in refused.value.remedy


@pytest.mark.attack(by="a local user", wants="keys that he can read or exchange")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o644, 0o444])
def test_a_file_that_others_may_read_or_write_stops_with_its_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    path.chmod(mode)
    for use in (load_key_file, written_at, rotate):
        with pytest.raises(UsageError, match=f"by others .mode {mode:04o}.") as refused:
            use(path)
        assert f"chmod 600 {path}" in refused.value.remedy
    path.chmod(0o400)
    assert load_key_file(path).current == 1


@pytest.mark.attack(by="a local user", wants="keys that are his")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_stops(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    os.chown(path, 10001, 10001)
    with pytest.raises(UsageError, match=r"another user .uid 10001, this is uid 0.") as refused:
        load_key_file(path)
    assert "chown" in refused.value.remedy


@pytest.mark.attack(by="a local user", wants="the keys written to, or read from, where a link of his leads")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path, kept = tmp_path / "keys.json", tmp_path / "elsewhere.json"
    create_key_file(kept)
    path.symlink_to(kept)
    before = kept.read_bytes()
    for use in (load_key_file, rotate):
        with pytest.raises(UsageError, match="cannot be read"):
            use(path)
    with pytest.raises(UsageError, match="already"):
        create_key_file(path)
    # Nor one that leads nowhere yet.
    path.unlink()
    path.symlink_to(tmp_path / "planted")
    with pytest.raises(UsageError, match="already"):
        create_key_file(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.is_symlink()} == {
        "elsewhere.json": before
    }


@pytest.mark.attack(by="a local user", wants="new keys written through a link under a guessed name")
def test_a_rotation_follows_no_link_that_was_planted_beside_it(tmp_path: Path) -> None:
    path, victim = tmp_path / "keys.json", tmp_path / "victim"
    create_key_file(path)
    victim.write_text("untouched", "utf-8")
    for name in ("keys.new", "keys.json.new", ".keys.json.new"):
        (tmp_path / name).symlink_to(victim)
    assert rotate(path).current == 2
    assert victim.read_text("utf-8") == "untouched"
    assert stat.S_IMODE(victim.stat().st_mode) != 0o600


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    with get_context("fork").Pool(3) as pool:
        rings = pool.map(rotate, [path] * 9, chunksize=1)
    last = load_key_file(path)
    assert last.current == 10
    assert all(last.keys[ring.current] == ring.keys[ring.current] for ring in rings)


@pytest.mark.attack(by="a local user", wants="the hub to wait for ever at a pipe, or to read keys from it")
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys.json", 0o600)
    with pytest.raises(UsageError, match="is no file"):
        load_key_file(tmp_path / "keys.json")
