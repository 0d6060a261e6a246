"""The values of a subject's indicators as the rating keeps them: group by group, each with the offset that told it."""

import marshal
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from catalogue.errors import PoisonMessage
from rules.rating.scoring import Values

Groups = dict[str, tuple[int, dict[str, int | None]]]
"""By group: the offset of the message, and its values in millionths."""


class ToldValues(NamedTuple):
    """What a message of ``credit.indicator.v1`` says: the values of one group of a subject, in millionths."""

    subject: str
    group: str
    values: dict[str, int | None]


def read_values(decode: Callable[[bytes], Mapping[str, Any]], raw: bytes | None) -> ToldValues:
    """Return what a message says; ``decode`` leaves decimals unscaled. Raises PoisonMessage and Unavailable."""
    value = decode(raw or b"")
    try:
        return ToldValues(value["subject"], value["item"], value["indicators"])
    except KeyError as exc:
        raise PoisonMessage("It holds no values of indicators.") from exc


def pack(groups: Groups) -> bytes:
    """Return values as the store keeps them."""
    return marshal.dumps(groups)


def unpack(raw: bytes | None) -> Groups:
    """Return values that the store kept; none: nothing is known."""
    groups: Groups = {} if raw is None else marshal.loads(raw)
    return groups


def all_values(groups: Groups) -> Values:
    """Return the values of all groups by the indicators' ids, which are of one group each."""
    found: dict[str, int | None] = {}
    for _, values in groups.values():
        found.update(values)
    return found
