"""One-time links: an operator checked who somebody is, and gives him a secret that opens the page once.

They are held in memory alone, by their hashes: a restart ends them, so no copy of a disk and no backup brings a spent
one back. Another one is issued in seconds.
"""

import hashlib
import secrets
import threading
from datetime import datetime, timedelta
from typing import NamedTuple

from portal.pages.identity import Identified, IdentityCheck

GOOD_FOR = timedelta(minutes=30)
# More than an office issues in half an hour; an operator's script that issues without end takes no memory.
_MOST = 10_000
_SECRET_BYTES = 32
# With a 工号 of 32 characters, and a point, the 40 of an id in the audit log.
_REFERENCE_CHARS = 7


class IssuedLink(NamedTuple):
    """What the operator hands over, and until when it is good."""

    secret: str
    who: Identified
    until: datetime


class OneTimeLinks:
    """The links that were issued and not used; an ``IdentityProof``."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[Identified, datetime]] = {}
        self._lock = threading.Lock()

    def issue(self, subject: str, check: IdentityCheck, by: str, now: datetime) -> IssuedLink:
        """Return a link for whoever acts for an enterprise; of too many, the oldest one ends."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        digest = hash_of(secret)
        # What is written down of it names it and opens nothing.
        who = Identified(subject, check, by, f"{by}.{digest[:_REFERENCE_CHARS]}")
        with self._lock:
            self._drop_past(now)
            while len(self._issued) >= _MOST:
                del self._issued[next(iter(self._issued))]
            self._issued[digest] = (who, now + GOOD_FOR)
        return IssuedLink(secret, who, now + GOOD_FOR)

    def is_good(self, secret: str, now: datetime) -> bool:
        """Whether it opens the page now."""
        with self._lock:
            found = self._issued.get(hash_of(secret))
        return found is not None and now < found[1]

    def redeem(self, secret: str, now: datetime) -> Identified | None:
        """Return whom it was issued for, once; None: it is used, past, of before a restart, or never was."""
        with self._lock:
            who, until = self._issued.pop(hash_of(secret), (None, now))
        return who if now < until else None

    def _drop_past(self, now: datetime) -> None:
        for digest in [digest for digest, (_, until) in self._issued.items() if until <= now]:
            del self._issued[digest]


def hash_of(secret: str) -> str:
    """Return by what a secret is known to whoever must not be able to use it: its SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
