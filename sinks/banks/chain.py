"""What a step published, as the entries and the step of ``release.v1``: a chain in which nothing can be exchanged."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bus.avro.encoding import Encoder
from sinks.banks.encoding import ReleasedMessage, entry_body


class LastStep(NamedTuple):
    """What of the last step the next one needs; of the first one nothing was before."""

    number: int = 0
    digest: bytes = b""
    after: Mapping[str, int] = {}


class StepChain:
    """The steps of one partition; entries are taken until the step that ends them is made."""

    def __init__(self, last: LastStep, encode_entry: Encoder, encode_step: Encoder) -> None:
        self.last, self._encode_entry, self._encode_step = last, encode_entry, encode_step
        self._hash, self._count = hashlib.sha256(), 0

    @property
    def is_empty(self) -> bool:
        """Whether no entry was taken since the last step."""
        return not self._count

    def entry(
        self,
        subject: str,
        item: str,
        op: str,
        reason: str,
        policy: int,
        messages: Sequence[ReleasedMessage],
    ) -> bytes:
        """Return the message of an entry of the step that is being made."""
        body = entry_body(self.last.number + 1, subject, item, op, reason, policy, messages)
        entry = self._encode_entry.wrap(body)
        self._hash.update(hashlib.sha256(entry).digest())
        self._count += 1
        return entry

    def step(self, policy: int, moment: datetime, after: Mapping[str, int], *, is_settled: bool) -> bytes:
        """Return the message of the step that ends the entries; the next ones are the next step's.

        ``after``: up to which offset each input is told.
        """
        value: dict[str, Any] = {
            "number": self.last.number + 1,
            "policy": policy,
            "moment": moment,
            "before": dict(self.last.after),
            "after": {**self.last.after, **after},
            "entries": self._count,
            "is_settled": is_settled,
            "previous": self.last.digest,
            "digest": b"",
        }
        value["digest"] = step_digest(self._hash, self._encode_step(value))
        self.last = last_step(value)
        self._hash, self._count = hashlib.sha256(), 0
        return self._encode_step(value)


def step_digest(entries: "hashlib._Hash", undigested: bytes) -> bytes:
    """Return the digest of a step; ``entries``: over the hashes of its entries; ``undigested``: the rest of it."""
    whole = entries.copy()
    whole.update(undigested)
    return whole.digest()


def last_step(value: Mapping[str, Any]) -> LastStep:
    """Return what the next step needs of a step."""
    return LastStep(value["number"], value["digest"], value["after"])
