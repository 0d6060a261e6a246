"""The file with the hub's signing key, and the public keys of those that signed before."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bus.crypto.private_files import (
    create_private,
    folder_alone,
    private_text,
    written_beside,
    written_for_owner,
)
from bus.crypto.signing import Ed25519Signer, Jwk, new_key, public_part
from catalogue.errors import IntegrityError, UsageError

_WHAT = "The signing key file"


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The private key that signs, and the public keys by which anything of this hub is verified, its own included."""

    private: Jwk
    public: tuple[Jwk, ...]

    @property
    def signer(self) -> Ed25519Signer:
        """Return what signs from now on."""
        return Ed25519Signer(self.private)

    def as_jwks(self) -> dict[str, Any]:
        """Return the public keys as a JWK set (RFC 7517)."""
        return {"keys": [dict(key) for key in self.public]}


def create_signing_keys(path: Path) -> SigningKeys:
    """Make the file, which only its owner can read; raises UsageError when there is one already."""
    private = new_key()
    keys = SigningKeys(private, (public_part(private),))
    path.parent.mkdir(parents=True, exist_ok=True)
    with folder_alone(path.parent), written_for_owner(path, _WHAT):
        try:
            create_private(path, _body(keys))
        except FileExistsError as exc:
            raise UsageError(
                f"There is a signing key file {path} already.", remedy="`credithub keys rotate --signing` renews it."
            ) from exc
    return keys


def rotate_signing_keys(path: Path) -> SigningKeys:
    """Sign with a new key from now on; of the former one the public key stays, for what it signed."""
    load_signing_keys(path)
    with folder_alone(path.parent):
        former, private = load_signing_keys(path), new_key()
        keys = SigningKeys(private, (*former.public, public_part(private)))
        with written_for_owner(path, _WHAT), written_beside(path, _body(keys)) as fresh:
            os.replace(fresh, path)
    return keys


def load_signing_keys(path: Path) -> SigningKeys:
    """Read the file; raises UsageError when there is none, it is damaged, or others can read or exchange it."""
    try:
        raw = json.loads(private_text(path, what=_WHAT, exposed="renew it (`credithub keys rotate --signing`)"))
        private = raw["private"]
        own = public_part(private)
        Ed25519Signer(private)
        keys = SigningKeys(private, read_jwks(raw))
    except FileNotFoundError as exc:
        raise UsageError(
            f"There is no signing key file {path}.",
            remedy="Copy it from its backup; on a new node `credithub prepare` makes it.",
        ) from exc
    except OSError as exc:
        raise UsageError(
            f"The signing key file {path} cannot be read: {exc.strerror}.",
            remedy="Run this as the hub's user, and name the file itself, no link to it.",
        ) from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError(f"The signing key file {path} is damaged.", remedy="Restore it from its backup.") from exc
    if own not in keys.public:
        raise UsageError(f"The signing key file {path} is damaged.", remedy="Restore it from its backup.")
    return keys


def read_jwks(value: Mapping[str, Any]) -> tuple[Jwk, ...]:
    """Return the public keys of a JWK set; raises ValueError, KeyError or TypeError for what is none."""
    return tuple(public_part(key) for key in value["keys"])


def refuse_exchanged_signing(path: Path, keys: SigningKeys, known: Iterable[str]) -> None:
    """Raise IntegrityError when a file lacks a key by which something was signed; ``known``: these by their ids."""
    missing = sorted(set(known) - {str(key["kid"]) for key in keys.public})
    if missing:
        raise IntegrityError(
            f"The signing key file {path} does not know the key {', '.join(missing)}, which signed consents.",
            remedy="Restore its newest copy from the backup: what that key signed could not be verified any more.",
        )


def _body(keys: SigningKeys) -> str:
    body = {"written_at": datetime.now(UTC).isoformat(timespec="seconds"), "private": keys.private, **keys.as_jwks()}
    return json.dumps(body, indent=1)
