"""A private file is its owner's alone, and takes no other's place."""

import stat
from pathlib import Path

import pytest

from bus.crypto.private_files import create_private, private_text, why_unsafe
from catalogue.errors import UsageError


@pytest.mark.parametrize(
    ("mode", "owner", "user", "safe"),
    [
        (0o600, 10001, 10001, True),
        (0o400, 10001, 10001, True),
        (0o640, 10001, 10001, False),
        (0o600, 10002, 10001, False),
        # A secret that a container is given: root's, and its group's alone.
        (0o440, 0, 10001, True),
        (0o400, 0, 10001, True),
        (0o444, 0, 10001, False),
        (0o460, 0, 10001, False),
        # To root such a group is of others.
        (0o440, 0, 0, False),
        (0o600, 10001, 0, False),
    ],
)
def test_who_may_own_and_read_it(mode: int, owner: int, user: int, safe: bool) -> None:
    assert (why_unsafe(stat.S_IFREG | mode, owner, user) is None) is safe
    assert why_unsafe(stat.S_IFIFO | mode, owner, user)


@pytest.mark.attack(by="a local user", wants="a certificate's key written where a link of his leads")
def test_it_is_made_once_and_never_through_a_link(tmp_path: Path) -> None:
    path, planted = tmp_path / "a.pem", tmp_path / "planted"
    create_private(path, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert private_text(path, what="The file", exposed="make another") == "secret"
    (tmp_path / "b.pem").symlink_to(planted)
    for taken in ("a.pem", "b.pem"):
        with pytest.raises(FileExistsError):
            create_private(tmp_path / taken, "other")
    assert path.read_text("utf-8") == "secret"
    assert {file.name for file in tmp_path.iterdir()} == {"a.pem", "b.pem"}


def test_what_others_can_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    create_private(path, "secret")
    path.chmod(0o640)
    with pytest.raises(UsageError, match=r"The file .*a.pem can be read") as refused:
        private_text(path, what="The file", exposed="make another")
    assert "make another" in refused.value.remedy
