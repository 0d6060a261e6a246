"""Encryption and linking of personal data: AES-256-GCM field by field, and a keyed hash to find them again.

The linking key is separate from the encryption keys and does not rotate with them. A ciphertext is
``key id (4 bytes) | nonce (12) | ciphertext and tag``, so that any retired key still opens what it closed.
"""

import base64
import hmac
import json
import os
import secrets
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catalogue.errors import HubError, UsageError

_KEY_ID = struct.Struct(">I")
_NONCE_SIZE = 12


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The linking key, and every encryption key by its id; the highest id closes, any opens."""

    link: bytes
    keys: dict[int, bytes]

    @property
    def current(self) -> int:
        """Id of the key that encrypts from now on."""
        return max(self.keys)


class Cipher:
    """Closes, opens and links values. The one interface behind which another cipher can be put."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._boxes = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}

    def close(self, plain: bytes, context: str) -> bytes:
        """Encrypt; ``context`` (item and field) is authenticated, so a ciphertext cannot be moved to another field."""
        nonce = os.urandom(_NONCE_SIZE)
        key_id = self._ring.current
        return _KEY_ID.pack(key_id) + nonce + self._boxes[key_id].encrypt(nonce, plain, context.encode())

    def open(self, closed: bytes, context: str) -> bytes:
        """Decrypt; raises HubError when the key is unknown or the value was tampered with."""
        (key_id,) = _KEY_ID.unpack_from(closed)
        if key_id not in self._boxes:
            raise HubError(f"The key file has no key {key_id}.", remedy="Use the key file that the adapter used.")
        body = closed[_KEY_ID.size :]
        try:
            return self._boxes[key_id].decrypt(body[:_NONCE_SIZE], body[_NONCE_SIZE:], context.encode())
        except InvalidTag as exc:
            raise HubError(f"A value of {context} cannot be opened: it was changed or moved.") from exc

    def link(self, value: str, purpose: str = "") -> str:
        """Return the keyed hash (HMAC-SHA-256, first 128 bits, hex) by which equal values are found."""
        return hmac.digest(self._ring.link, f"{purpose}\x00{value}".encode(), "sha256").hex()[:32]


def create_key_file(path: Path) -> KeyRing:
    """Make a key file that only its owner can read; raises UsageError when there is one already."""
    ring = KeyRing(secrets.token_bytes(32), {1: AESGCM.generate_key(256)})
    _write(path, ring, exclusive=True)
    return ring


def rotate(path: Path) -> KeyRing:
    """Add a new encryption key; the linking key and the retired keys stay."""
    held = load_key_file(path)
    ring = KeyRing(held.link, {**held.keys, held.current + 1: AESGCM.generate_key(256)})
    _write(path, ring, exclusive=False)
    return ring


def load_key_file(path: Path) -> KeyRing:
    """Read a key file; raises UsageError when there is none or it is damaged."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        return KeyRing(base64.b64decode(raw["link"]), {int(k["id"]): base64.b64decode(k["key"]) for k in raw["keys"]})
    except FileNotFoundError as exc:
        raise UsageError(
            f"There is no key file {path}.",
            remedy="Copy it from the node, or from its backup; on a new node `credithub prepare` makes it.",
        ) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise UsageError(f"The key file {path} is damaged.", remedy="Restore it from its backup.") from exc


def _write(path: Path, ring: KeyRing, *, exclusive: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if exclusive and path.exists():
        raise UsageError(f"There is a key file {path} already.", remedy="`credithub keys rotate` adds a key to it.")
    body = {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "link": base64.b64encode(ring.link).decode(),
        "keys": [{"id": i, "key": base64.b64encode(k).decode()} for i, k in sorted(ring.keys.items())],
    }
    # Written beside and moved into place: a crash must not leave half a key file.
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        json.dump(body, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
