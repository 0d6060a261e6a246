"""Connections of strangers: of one client so many at once, and none for ever.

uvicorn waits without end for a request that was begun, and counts connections over all clients alone: whoever opens
them and says nothing would keep everybody else out.
"""

import asyncio
from collections import Counter
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.registry_door.throttle import client_of

MOST_PER_CLIENT = 64
LONGEST_S = 60.0
LEAVE_S = 5.0


class CountedConnection(H11Protocol):
    """uvicorn's connection, which ends after a minute; one of a client that has too many ends at once."""

    by_client: ClassVar[Counter[str]] = Counter()
    """How many each client has, over all servers of this process."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or end it."""
        super().connection_made(transport)
        self._of = client_of(self.client[0] if self.client else "")
        self.by_client[self._of] += 1
        self._end = self.loop.call_later(LONGEST_S, self._finish)
        if self.by_client[self._of] > MOST_PER_CLIENT:
            transport.abort()

    def _finish(self) -> None:
        self.transport.close()
        # By TLS the other side has to take its leave, too; asyncio waits half a minute for that.
        self._end = self.loop.call_later(LEAVE_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._end.cancel()
        self.by_client[self._of] -= 1
        if not self.by_client[self._of]:
            del self.by_client[self._of]
