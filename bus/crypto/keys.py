"""The hub's keys, and the file that holds them.

The linking key is separate from the encryption keys and does not rotate with them: it makes record keys and subjects,
which must stay the same for ever.
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catalogue.errors import UsageError

_ROOT = 0


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The linking key, and every encryption key by its id: the highest id encrypts, any of them decrypts."""

    link: bytes
    keys: dict[int, bytes]

    @property
    def current(self) -> int:
        """Return the id of the key that encrypts from now on."""
        return max(self.keys)


def create_key_file(path: Path) -> KeyRing:
    """Make a key file that only its owner can read; raises UsageError when there is one already."""
    ring = KeyRing(secrets.token_bytes(32), {1: AESGCM.generate_key(256)})
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent), _written(path, ring) as fresh:
        try:
            # Unlike a rename, a link never replaces what is there, nor follows it.
            os.link(fresh, path)
        except FileExistsError as exc:
            raise UsageError(
                f"There is a key file {path} already.", remedy="`credithub keys rotate` adds a key to it."
            ) from exc
    return ring


def rotate(path: Path) -> KeyRing:
    """Add a new encryption key; the linking key and the retired keys stay."""
    load_key_file(path)
    with _alone(path.parent):
        ring = load_key_file(path)
        ring = KeyRing(ring.link, {**ring.keys, ring.current + 1: AESGCM.generate_key(256)})
        with _written(path, ring) as fresh:
            os.replace(fresh, path)
    return ring


def load_key_file(path: Path) -> KeyRing:
    """Read a key file; raises UsageError when there is none, it is damaged, or others can read or exchange it."""
    try:
        raw = json.loads(_text(path))
        keys = {int(key["id"]): base64.b64decode(key["key"]) for key in raw["keys"]}
        return KeyRing(base64.b64decode(raw["link"]), keys)
    except FileNotFoundError as exc:
        raise UsageError(
            f"There is no key file {path}.",
            remedy="Copy it from the node, or from its backup; on a new node `credithub prepare` makes it.",
        ) from exc
    except OSError as exc:
        raise UsageError(
            f"The key file {path} cannot be read: {exc.strerror}.",
            remedy="Run this as the hub's user, and name the file itself, no link to it.",
        ) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise UsageError(f"The key file {path} is damaged.", remedy="Restore it from its backup.") from exc


def written_at(path: Path) -> datetime | None:
    """Return when the newest encryption key was made; None when the file does not say it."""
    try:
        return datetime.fromisoformat(json.loads(_text(path))["written_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


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


def _text(path: Path) -> str:
    # Not through a link, and not waiting for whoever would write into a pipe. What is judged is what is read.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        status = os.fstat(descriptor)
        unsafe = why_unsafe(status.st_mode, status.st_uid, os.geteuid())
        if unsafe is not None:
            raise UsageError(
                f"The key file {path} {unsafe}.",
                remedy=f"`chmod 600 {path}`, and `chown` it to the hub's user. If others may have read it, rotate the"
                " keys. A file of root's may be read by the group of the hub's user (mode 0440).",
            )
        return stream.read()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder: of two rotations at once the later one would drop the other's key, which may be in use."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        # A new name is on the disk once its folder is.
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _written(path: Path, ring: KeyRing) -> Iterator[Path]:
    """Write another file, to be moved into place: a crash must not leave half a key file.

    It has a name that nobody can guess, and is made with O_EXCL and O_NOFOLLOW: no link that was planted is followed.
    """
    body = {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "link": base64.b64encode(ring.link).decode(),
        "keys": [{"id": key_id, "key": base64.b64encode(key).decode()} for key_id, key in sorted(ring.keys.items())],
    }
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as exc:
        raise UsageError(
            f"The key file {path} cannot be written: {exc.strerror}.",
            remedy="A file that a container is given is rotated where it is kept.",
        ) from exc
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(body, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        yield Path(name)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
