"""Short sessions of enterprises, in memory: a restart of the portal ends them."""

import hmac
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.pages.identity import Identified
from portal.pages.links import hash_of

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=1)
_MOST = 10_000
# So many pages that nobody reads them within LONGEST: a program that asks without end fills no log.
_MOST_PAGES = 1000
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EnterpriseSession:
    """Somebody who acts for an enterprise."""

    who: Identified
    csrf: str
    """What each form has to bring back: another site cannot read it."""
    began_at: datetime
    used_at: datetime
    pages: int = 0
    """How many were asked for in it."""

    @property
    def until(self) -> datetime:
        """When it ends unless it is used before; LONGEST after it began in any case."""
        return min(self.used_at + IDLE, self.began_at + LONGEST)

    def is_form_of(self, token: str) -> bool:
        """Whether a form that brings this token was shown in this session."""
        return hmac.compare_digest(token.encode(), self.csrf.encode())


class Sessions:
    """The sessions by the hashes of their cookies. Safe to use from several threads."""

    def __init__(self) -> None:
        self._sessions: dict[str, EnterpriseSession] = {}
        self._lock = threading.Lock()

    def begin(self, who: Identified, now: datetime) -> str:
        """Begin a session and return its cookie, which nobody had before."""
        cookie = secrets.token_urlsafe(_SECRET_BYTES)
        with self._lock:
            for digest in [digest for digest, one in self._sessions.items() if one.until <= now]:
                del self._sessions[digest]
            while len(self._sessions) >= _MOST:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[hash_of(cookie)] = EnterpriseSession(who, secrets.token_urlsafe(_SECRET_BYTES), now, now)
        return cookie

    def of(self, cookie: str, now: datetime) -> EnterpriseSession | None:
        """Return the session of a cookie, which lasts longer by that; None: it has ended, or never was."""
        digest = hash_of(cookie)
        with self._lock:
            session = self._sessions.get(digest)
            if session is None or session.until <= now or session.pages >= _MOST_PAGES:
                self._sessions.pop(digest, None)
                return None
            self._sessions[digest] = used = replace(session, used_at=now, pages=session.pages + 1)
            return used

    def end(self, cookie: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(hash_of(cookie), None)
