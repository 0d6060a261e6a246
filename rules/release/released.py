"""How a message that was released is told over HTTP: whole, or, when it is not in force any more, its place and why."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from catalogue.envelope import Op
from catalogue.plain_values import jsonable
from rules.release.answering import AnswerRefusal

_HEAD = ("subject", "subject_name", "sequence", "item", "op", "record_key", "consents", "emitted_at")

Lost = Callable[[str, str, tuple[str, ...]], AnswerRefusal | None]
"""Says why of an enterprise and an item what was released by some consents may not be had any more; None: it may.

The item is empty where the message is about none, and the consents where none was needed.
"""


class DisclosedMessage(NamedTuple):
    """A message as it is handed out. ``redacted``: why nothing but its place is told; None: all of it is."""

    type: str
    head: Mapping[str, Any]
    content: dict[str, Any] | None
    redacted: AnswerRefusal | None

    def value(self) -> dict[str, Any]:
        """Return it for JSON, as the pull and the webhooks tell it."""
        return {"type": self.type, **self.head, "redacted": self.redacted, "content": self.content}


def item_of_record(value: Mapping[str, Any]) -> str:
    """Return the item of the record that a message is about; empty of any other, a row of indicators among them.

    Such a row has its group there, which may be of several items, and is told to whoever is told of the enterprise.
    """
    return str(value["item"]) if "record_key" in value else ""


def released(name: str, value: Mapping[str, Any], lost: Lost) -> DisclosedMessage:
    """Return a message of a recipient's topic as it is told now; ``name``: the full name of its record type."""
    head = {field: jsonable(value.get(field)) for field in _HEAD}
    head["op"] = value.get("op", Op.REPORT)
    head["consents"] = list(value.get("consents") or ())
    # A withdrawal tells nothing but that it is one.
    is_bare = value.get("op") == Op.WITHDRAW
    redacted = None if is_bare else lost(value["subject"], item_of_record(value), tuple(head["consents"]))
    if redacted is not None:
        return DisclosedMessage(name, head | {"subject_name": None}, None, redacted)
    content = {field: jsonable(one) for field, one in value.items() if field not in _HEAD}
    return DisclosedMessage(name, head, content, None)
