"""The headers of a bank's message, which say again what its value says, so that tools route it without decoding it.

The entries have no hash of them: they follow from the value, and are computed here once more.
"""

from collections.abc import Iterable, Mapping
from typing import Any


def wrong_headers(value: Mapping[str, Any], name: str, headers: Iterable[tuple[str, bytes]] | None) -> str | None:
    """Return what is wrong with the headers of a message, None where nothing is; ``name``: of its record type."""
    there, due = list(headers or ()), _headers(value, name)
    if there == due:
        return None
    said, wanted = ({key: word.decode(errors="replace") for key, word in one} for one in (there, due))
    return f"{value['subject']}: message {value['sequence']} has the headers {said}, not {wanted}"


def _headers(value: Mapping[str, Any], name: str) -> list[tuple[str, bytes]]:
    op = value.get("op")
    if op is None:
        op = "WITHDRAW" if value.get("status") == "OUT" else "REPORT"
    words = {"type": name, "item": value.get("item"), "op": op, "sequence": value["sequence"]}
    return [(key, str(word).encode()) for key, word in words.items() if word is not None]
