"""The hub's keys, and the file that holds them.

The linking key is separate from the encryption keys and does not rotate with them: it makes record keys and subjects,
which must stay the same for ever.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.crypto.private_files import (
    create_private,
    folder_alone,
    private_text,
    written_beside,
    written_for_owner,
)
from catalogue.errors import UsageError

_WHAT = "The key file"


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
    with folder_alone(path.parent), written_for_owner(path, _WHAT):
        try:
            create_private(path, _body(ring))
        except FileExistsError as exc:
            raise UsageError(
                f"There is a key file {path} already.", remedy="`credithub keys rotate` adds a key to it."
            ) from exc
    return ring


def rotate(path: Path) -> KeyRing:
    """Add a new encryption key; the linking key and the retired keys stay."""
    load_key_file(path)
    with folder_alone(path.parent):
        ring = load_key_file(path)
        ring = KeyRing(ring.link, {**ring.keys, ring.current + 1: AESGCM.generate_key(256)})
        with written_for_owner(path, _WHAT), written_beside(path, _body(ring)) as fresh:
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


def _text(path: Path) -> str:
    return private_text(path, what=_WHAT, exposed="rotate the keys")


def _body(ring: KeyRing) -> str:
    body = {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "link": base64.b64encode(ring.link).decode(),
        "keys": [{"id": key_id, "key": base64.b64encode(key).decode()} for key_id, key in sorted(ring.keys.items())],
    }
    return json.dumps(body, indent=1)
