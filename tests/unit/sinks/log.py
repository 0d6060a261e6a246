"""A log in memory that can be read, rewound and read again, and a sink that fails when it is told to."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from catalogue.errors import Unavailable
from sinks.contract import Sink
from sinks.holding import Patience

TOPIC, REAL = "credit.change.v1", "test.credit.change.v1"


class Entry(NamedTuple):
    """A message as far as the runner looks at it."""

    at: int
    number: int = 0
    age_s: float = 0.0

    def topic(self) -> str:
        """Return the real name."""
        return REAL

    def partition(self) -> int:
        """Return the partition."""
        return self.number

    def offset(self) -> int:
        """Return the offset."""
        return self.at

    def timestamp(self) -> tuple[int, int]:
        """Return the kind of time and milliseconds."""
        return 1, int((time.time() - self.age_s) * 1000)

    def error(self) -> None:
        """Nothing is wrong with it."""


class Log:
    """One partition, read from a position."""

    def __init__(self, count: int, age_s: float = 0.0) -> None:
        self.entries = [Entry(at, age_s=age_s) for at in range(count)]
        self.position = 0
        self.assigned = True

    def consume(self, most: int, timeout: float) -> list[Entry]:
        """Return what comes next."""
        found = self.entries[self.position : self.position + most]
        self.position += len(found)
        return found

    def seek(self, where: Any) -> None:
        """Go back."""
        assert (where.topic, where.partition) == (REAL, 0)
        self.position = where.offset

    def assignment(self) -> list[int]:
        """Return the partitions that are assigned."""
        return [0] if self.assigned else []


class ListSink(Sink[list[int]]):
    """Keeps offsets in a list; ``fails`` says, call by call, what raises next."""

    poll_s = 0.0

    def __init__(self, log: Log, *, batch_size: int = 2, pipelined: bool = False) -> None:
        self.consumer: Any = log
        self.name, self.batch_size, self.sources = "sink.test", batch_size, {REAL: TOPIC}
        self.is_pipelined = pipelined
        self.fails: dict[str, deque[Exception | None]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.delivered: list[int] = []
        self.reached = {}

    @property
    def pipelined(self) -> bool:  # type: ignore[override]
        """Whether the next batch is read while one is sent."""
        return self.is_pipelined

    def fail(self, call: str, *errors: Exception | None) -> None:
        """Let the next calls raise; None: that one succeeds."""
        self.fails[call] = deque(errors)

    def _called(self, call: str, what: Any = None) -> None:
        self.calls.append((call, what))
        errors = self.fails.get(call)
        if errors and (error := errors.popleft()) is not None:
            raise error

    def open(self, patience: Patience) -> None:
        """Open."""
        self._called("open")

    def prepare(self, messages: Sequence[Any]) -> list[int]:
        """Take the offsets."""
        offsets = [message.offset() for message in messages]
        self._called("prepare", offsets)
        return offsets

    def start(self, prepared: list[int]) -> None:
        """Begin."""
        self._called("start", prepared)

    def deliver(self, prepared: list[int], messages: Sequence[Any]) -> Mapping[str, int]:
        """Keep the offsets."""
        self._called("deliver", prepared)
        self.delivered += prepared
        return {"delivered": len(prepared)}

    def discard(self, prepared: list[int]) -> None:
        """Note it."""
        self._called("discard", prepared)

    def abort(self) -> None:
        """Note it."""
        self._called("abort")

    def close(self) -> None:
        """Note it."""
        self._called("close")


def away(retry_after_s: float = 0.0) -> Unavailable:
    """Return the error of a receiver that is away."""
    return Unavailable("The receiver is away.", retry_after_s=retry_after_s)
