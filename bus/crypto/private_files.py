"""Files for their owner alone: read only when nobody else could read or exchange them, made without overwriting."""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from catalogue.errors import UsageError

_ROOT = 0


def why_unsafe(mode: int, owner: int, user: int) -> str | None:
    """Return what lets others read or exchange a file, as ``user`` sees it; None when nothing does.

    A secret that a container is given belongs to root, and the hub's user reads it as a member of its group.
    """
    if not stat.S_ISREG(mode):
        return "is no file"
    if owner not in (user, _ROOT):
        return f"belongs to another user (uid {owner}, this is uid {user})"
    others = 0o077 if owner == user else 0o037
    if mode & others:
        return f"can be read or changed by others (mode {stat.S_IMODE(mode):04o})"
    return None


def private_text(path: Path, *, what: str, exposed: str) -> str:
    """Return a file's text; raises OSError, and UsageError when others can read or exchange it.

    ``what`` is the file in the error, ``exposed`` what to do when others may have read it.
    """
    # Not through a link, and not waiting for whoever would write into a pipe. What is judged is what is read.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        status = os.fstat(descriptor)
        unsafe = why_unsafe(status.st_mode, status.st_uid, os.geteuid())
        if unsafe is not None:
            raise UsageError(
                f"{what} {path} {unsafe}.",
                remedy=f"`chmod 600 {path}`, and `chown` it to the hub's user. If others may have read it, {exposed}."
                " A file of root's may be read by the group of the hub's user (mode 0440).",
            )
        return stream.read()


@contextlib.contextmanager
def folder_alone(folder: Path) -> Iterator[None]:
    """Hold a folder: of two changes at once the later one would drop the other's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        # A new name is on the disk once its folder is.
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def written_beside(path: Path, text: str, *, durable: bool = True) -> Iterator[Path]:
    """Write another file, to be moved into place: a crash must not leave half of one. Raises OSError.

    It has a name that nobody can guess, and is made with O_EXCL and O_NOFOLLOW: no link that was planted is followed.
    Not ``durable``: it need not outlive the machine's power.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        yield Path(name)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def create_private(path: Path, text: str) -> None:
    """Make a file that only its owner can read; raises FileExistsError when there is one, or a link, of that name."""
    with written_beside(path, text) as fresh:
        # Unlike a rename, a link never replaces what is there, nor follows it.
        os.link(fresh, path)


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, on the disk when this returns; what is there of that name is replaced whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with folder_alone(path.parent):
            os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def sealed_bytes(path: Path) -> bytes:
    """Return a file's content, not through a link; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


@contextlib.contextmanager
def written_for_owner(path: Path, what: str) -> Iterator[None]:
    """Make or replace a file of keys in the block; FileExistsError passes, any other OSError becomes UsageError."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as exc:
        raise UsageError(
            f"{what} {path} cannot be written: {exc.strerror}.",
            remedy="A file that a container is given is rotated where it is kept.",
        ) from exc
