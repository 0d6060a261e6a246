"""Gives living clients a password that was rotated, so that they are let in when they next connect.

A connection that stands is not asked again. A process that connects just between the broker's change and this one is
refused, as by any wrong password.
"""

import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from bus.access import client_settings, user_of
from catalogue.errors import UsageError

log = logging.getLogger(__name__)
_EVERY_S = 1.0


class Client(Protocol):
    """What logs in again with another password, as librdkafka's clients do."""

    def set_sasl_credentials(self, username: str, password: str, /) -> None:
        """Log in as this user from the next connection on."""


class Followed:
    """The clients of one client file, which is looked at each second on a thread of its own."""

    def __init__(self, file: Path, every_s: float = _EVERY_S) -> None:
        self._file, self._every_s = file, every_s
        self._clients: WeakSet[Client] = WeakSet()
        # A set must not change while another thread goes through it.
        self._lock = threading.Lock()
        self._seen = self._stamp()
        threading.Thread(target=self._run, name=f"login-{file.stem}", daemon=True).start()

    def add(self, client: Client) -> None:
        """Tell this client, too, for as long as it lives."""
        with self._lock:
            self._clients.add(client)

    def _run(self) -> None:
        while True:
            time.sleep(self._every_s)
            # One that is gone says nothing; its hub may be gone, too.
            if (stamp := self._stamp()) in (None, self._seen):
                continue
            try:
                user, password = user_of(client_settings(self._file))
            except (UsageError, KeyError) as problem:
                # Once for each change; the connections that stand go on.
                log.warning("the login stays as it was: %s", problem)
            else:
                with self._lock:
                    living = list(self._clients)
                for client in living:
                    # One that was closed and is still named somewhere.
                    with contextlib.suppress(RuntimeError):
                        client.set_sasl_credentials(user, password)
                log.info("%d clients log in with another password from now on", len(living))
            self._seen = stamp

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


_followed: dict[str, Followed] = {}
_starting = threading.Lock()


def follow(file: str, client: Client) -> None:
    """Have a client follow its client file."""
    with _starting:
        if file not in _followed:
            _followed[file] = Followed(Path(file))
    _followed[file].add(client)
