"""The key file: only its owner reads it, rotation loses no key, and damage is told apart from absence."""

import base64
import json
import stat
from pathlib import Path

import pytest

from bus.crypto.keys import create_key_file, load_key_file, rotate
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
    with pytest.raises(UsageError, match="is damaged") as refused:
        load_key_file(path)
    assert "backup" in refused.value.remedy
