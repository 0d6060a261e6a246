"""Encryption and linking of personal data: AES-256-GCM field by field, and a keyed hash that finds equal values.

A ciphertext is ``key id (4 bytes) | nonce (12) | ciphertext and tag``, so that any retired key still opens what it
encrypted.
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


class Cipher:
    """Encrypts, decrypts and links values. Another cipher can take its place behind this interface."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        # Copied for each value: the key is worked in once.
        self._linking = hmac.new(ring.link, digestmod="sha256")
        self._aead = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}

    def close(self, plain: bytes, context: str) -> bytes:
        """Encrypt; ``context`` (item and field) is authenticated, so a ciphertext cannot be moved to another field."""
        nonce = os.urandom(_NONCE_SIZE)
        key_id = self._ring.current
        return _KEY_ID.pack(key_id) + nonce + self._aead[key_id].encrypt(nonce, plain, context.encode())

    def open(self, closed: bytes, context: str) -> bytes:
        """Decrypt; raises HubError when the key is unknown or the value was tampered with."""
        (key_id,) = _KEY_ID.unpack_from(closed)
        if key_id not in self._aead:
            raise HubError(f"The key file has no key {key_id}.", remedy="Use the key file that the adapter used.")
        body = closed[_KEY_ID.size :]
        try:
            return self._aead[key_id].decrypt(body[:_NONCE_SIZE], body[_NONCE_SIZE:], context.encode())
        except InvalidTag as exc:
            raise HubError(f"A value of {context} cannot be opened: it was changed or moved.") from exc

    def link(self, value: str, purpose: str = "") -> str:
        """Return the keyed hash (HMAC-SHA-256, first 128 bits, hex) by which equal values are found."""
        keyed = self._linking.copy()
        keyed.update(f"{purpose}\x00{value}".encode())
        return keyed.hexdigest()[:32]
