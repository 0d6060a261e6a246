"""An anchor as the text that is signed, and back: JSON with sorted keys, so that equal anchors are equal texts.

Who keeps one can show at any time whether the chains still are what they were at its moment. Each holds the SHA-256 of
the one before it, so that none between two that somebody keeps can be left out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

ANCHOR_TYPE = "credithub-anchor+jws"
"""The ``typ`` of its signature: what was signed for another end is no anchor."""
_FORMAT = 1


class ChainHead(NamedTuple):
    """The newest link of one chain."""

    topic: str
    partition: int
    number: int
    digest: bytes


class Anchor(NamedTuple):
    """The heads of all chains at a moment; ``previous``: SHA-256 of the artefact before, hex; "": it is the first."""

    number: int
    moment: datetime
    previous: str
    heads: tuple[ChainHead, ...]


def anchor_digest(artefact: str) -> str:
    """Return the SHA-256 of a signed anchor, hex."""
    return sha256(artefact.encode()).hexdigest()


def anchor_text(anchor: Anchor) -> bytes:
    """Return what is signed of an anchor."""
    heads = [{**head._asdict(), "digest": head.digest.hex()} for head in anchor.heads]
    value = {
        "format": _FORMAT,
        "number": anchor.number,
        "moment": anchor.moment.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": anchor.previous,
        "heads": heads,
    }
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def read_anchor(text: bytes) -> Anchor:
    """Return what a signed text says; raises ValueError for one that ``anchor_text`` did not write."""
    try:
        value = orjson.loads(text)
        heads = tuple(
            ChainHead(head["topic"], head["partition"], head["number"], bytes.fromhex(head["digest"]))
            for head in value["heads"]
        )
        anchor = Anchor(value["number"], datetime.fromisoformat(value["moment"]), value["previous"], heads)
        is_own = anchor_text(anchor) == text
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as exc:
        raise ValueError("it is no anchor") from exc
    if not is_own:
        raise ValueError("it is no anchor")
    return anchor


def anchor_message(anchor: Anchor, artefact: str, alg: str, kid: str) -> Mapping[str, Any]:
    """Return the value of ``anchor.v1`` for a signed anchor."""
    return {
        "number": anchor.number,
        "moment": anchor.moment,
        "heads": [head._asdict() for head in anchor.heads],
        "alg": alg,
        "kid": kid,
        "artefact": artefact,
    }


def read_anchor_message(message: Mapping[str, Any], payload: bytes, alg: str, kid: str) -> Anchor:
    """Return what a message says whose artefact was verified: signed is ``payload``, by ``alg`` with ``kid``.

    Raises ValueError where the message itself, which nobody signed, says something else than its artefact.
    """
    anchor = read_anchor(payload)
    if dict(message) != anchor_message(anchor, message["artefact"], alg, kid):
        raise ValueError("the message says something else than its artefact")
    return anchor
