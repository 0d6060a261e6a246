"""Encryption and linking of personal data: AES-256-GCM field by field, and a keyed hash that finds equal values.

A ciphertext is ``key id (4 bytes) | nonce (12) | ciphertext and tag``, so that any retired key still opens what it
encrypted. The key id's highest bit says that the ciphertext is bound to its record, too: what was closed before has it
not, and is bound to its field alone.
"""

import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bus.crypto.keys import KeyRing
from catalogue.errors import HubError

_KEY_ID = struct.Struct(">I")
_NONCE_SIZE = 12
_BOUND = 1 << 31


def bound(*record: str) -> bytes:
    """Return what a ciphertext is bound to, beside its context, from what names the record."""
    return "\x00".join(("", *record)).encode()


class Cipher:
    """Encrypts, decrypts and links values. Another cipher can take its place behind this interface."""

    def __init__(self, ring: KeyRing) -> None:
        # Copied for each value: the key is worked in once.
        self._linking = hmac.new(ring.link, digestmod="sha256")
        self._aead = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}
        self._current, self._head = self._aead[ring.current], _KEY_ID.pack(ring.current | _BOUND)

    def close(self, plain: bytes, context: str, record: bytes) -> bytes:
        """Encrypt; ``context`` (item and field) and ``record`` (see ``bound``) are authenticated.

        So a ciphertext cannot be moved to another field or record.
        """
        nonce = os.urandom(_NONCE_SIZE)
        return self._head + nonce + self._current.encrypt(nonce, plain, context.encode() + record)

    def open(self, closed: bytes, context: str, record: bytes) -> bytes:
        """Decrypt; raises HubError when the key is unknown or the value was tampered with."""
        moved = f"A value of {context} cannot be opened: it was changed or moved."
        if len(closed) < _KEY_ID.size + _NONCE_SIZE:
            raise HubError(moved)
        (head,) = _KEY_ID.unpack_from(closed)
        key_id, authenticated = head & ~_BOUND, context.encode() + (record if head & _BOUND else b"")
        if key_id not in self._aead:
            raise HubError(f"The key file has no key {key_id}.", remedy="Use the key file that the adapter used.")
        body = closed[_KEY_ID.size :]
        try:
            return self._aead[key_id].decrypt(body[:_NONCE_SIZE], body[_NONCE_SIZE:], authenticated)
        except InvalidTag as exc:
            raise HubError(moved) from exc

    def link(self, value: str, purpose: str = "") -> str:
        """Return the keyed hash (HMAC-SHA-256, first 128 bits, hex) by which equal values are found."""
        keyed = self._linking.copy()
        keyed.update(f"{purpose}\x00{value}".encode())
        return keyed.hexdigest()[:32]
