"""What goes into a processor and what comes of it: values, without a client of Kafka."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# What becomes of an input message: it had an effect, said what was known, was older than what is known, or could not
# be read. The names are those of ``stream.position.v1``.
OUTCOMES = ("merged", "duplicate", "superseded", "rejected")
# What readers may know of a message without its value, by name.
Headers = list[tuple[str, bytes]]
# Store key → value; None deletes the key.
StoreWrites = dict[bytes, bytes | None]


class InputMessage(NamedTuple):
    """One committed message of an input topic. A record of the Kafka client has these fields and serves as well."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


# The messages of one batch by topic (without prefix), each topic's in offset order and at least one.
Batches = Mapping[str, Sequence[InputMessage]]


class DeadLetter(NamedTuple):
    """An input message that cannot be read; ``problem`` says why, in one sentence."""

    topic: str
    message: InputMessage
    problem: str


def no_outcomes(topics: Mapping[str, object]) -> dict[str, dict[str, int]]:
    """Return a count of 0 for every outcome of every topic."""
    return {topic: dict.fromkeys(OUTCOMES, 0) for topic in topics}


@dataclass(slots=True)
class Output:
    """What is to be published, all of it or a piece of it, and written to the store behind the transaction.

    ``outcomes``: what became of each topic's input messages; every message counts once.
    ``messages``: (key, value) by topic, in order; they go to the partition that the input came from.
    ``headed``: (key, value, headers) of topics whose messages have headers.
    ``writes``: what the store is to hold, once the transaction is committed.
    ``dead_letters``: what goes to ``rejected.v1`` with its reason.
    """

    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    messages: defaultdict[str, list[tuple[bytes | None, bytes]]] = field(default_factory=lambda: defaultdict(list))
    headed: defaultdict[str, list[tuple[bytes | None, bytes, Headers]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    writes: StoreWrites = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def reject(self, topic: str, message: InputMessage, problem: str) -> None:
        """Count a message as rejected, and have it set aside with its bytes and the reason."""
        self.outcomes[topic]["rejected"] += 1
        self.dead_letters.append(DeadLetter(topic, message, problem))
