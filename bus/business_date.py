"""What the messages of ``calendar.v1`` say."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from catalogue.errors import PoisonMessage


def business_date_of(decode: Callable[[bytes], Mapping[str, Any]], message: bytes | None) -> date | None:
    """Return the day that a message tells; None for what tells none, which the merge sets aside and nobody heeds.

    Raises Unavailable when the registry is away.
    """
    try:
        day = decode(message or b"").get("date")
    except PoisonMessage:
        return None
    return day if isinstance(day, date) else None
