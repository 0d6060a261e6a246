"""Secrets that the embedded stack makes for itself: one in a file, for its owner alone."""

import secrets
from pathlib import Path

from bus.crypto.private_files import private_text
from catalogue.errors import UsageError
from hub.stack.status import write_private

_BYTES = 24


def generated_secret(file: Path) -> str:
    """Return the secret in a file, made at the first call: URL-safe Base64, so it needs no quotes anywhere.

    Raises UsageError for a file that others can read or have put there, and for a link.
    """
    secret = _kept(file)
    if not secret:
        secret = secrets.token_urlsafe(_BYTES)
        write_private(file, secret)
    return secret


def _kept(file: Path) -> str:
    try:
        return private_text(file, what="The secret", exposed="change it").strip()
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise UsageError(
            f"The secret {file} cannot be read: {exc.strerror}.", remedy="Put the file itself there, no link to it."
        ) from exc
