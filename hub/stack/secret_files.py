"""Secrets that the embedded stack makes for itself: one in a file, for its owner alone."""

import secrets
from pathlib import Path

from hub.stack.status import write_private

_BYTES = 24


def generated_secret(file: Path) -> str:
    """Return the secret in a file, made at the first call: URL-safe Base64, so it needs no quotes anywhere."""
    secret = file.read_text("utf-8").strip() if file.exists() else ""
    if not secret:
        secret = secrets.token_urlsafe(_BYTES)
        write_private(file, secret)
    return secret
