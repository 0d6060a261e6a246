"""How far a recipient has read, as it keeps it: sealed, and bound to it and to what is read.

Whoever else shows it, or alters it, or shows it elsewhere, is refused. What it says is the hub's own affair.
"""

import base64
from collections.abc import Sequence

import orjson

from bus.crypto.cipher import Cipher, bound
from catalogue.errors import HubError

MOST_CHARACTERS = 1000
_CONTEXT = "recipient.cursor"


class CursorRefused(HubError):
    """A cursor is none that this hub gave to this recipient for this."""


class Cursors:
    """Seals and opens cursors."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, place: Sequence[object], recipient: str, *about: str) -> str:
        """Return the cursor of a place: plain values of JSON. ``about``: what is read."""
        closed = self._cipher.close(orjson.dumps(place), _CONTEXT, bound(recipient, *about))
        return base64.urlsafe_b64encode(closed).rstrip(b"=").decode()

    def open(self, cursor: str, recipient: str, *about: str) -> list[object]:
        """Return the place that was sealed; raises CursorRefused."""
        refused = CursorRefused(
            "游标不是本平台为贵机构的这项查询签发的", remedy="请原样使用上次答复中的游标，或从头读取。"
        )
        if len(cursor) > MOST_CHARACTERS:
            raise refused
        try:
            closed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            place: list[object] = orjson.loads(self._cipher.open(closed, _CONTEXT, bound(recipient, *about)))
        except (HubError, ValueError) as exc:
            raise refused from exc
        return place
