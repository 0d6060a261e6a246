"""Values of the wire as JSON has them: exact numbers as text, times in Beijing's; ciphertext stays sealed."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalogue.times import SHANGHAI

SEALED = "sealed"


def jsonable(value: Any) -> Any:
    """Return a value of the wire for JSON."""
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return SEALED
    if isinstance(value, Mapping):
        return {name: jsonable(element) for name, element in value.items()}
    return [jsonable(element) for element in value] if isinstance(value, list) else value


def number(value: Decimal) -> str:
    """Return a decimal exactly, without idle zeros behind the point."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(value: datetime) -> str:
    """Return a moment in Beijing time, ISO 8601."""
    return value.astimezone(SHANGHAI).isoformat()
