"""What a sink receives, busy or idle."""

from typing import Any

from bus.reading.receiving import receive
from tests.unit.sinks.log import Log


class Timed(Log):
    """A log that notes how long it was asked to wait."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.waits: list[tuple[int, float]] = []

    def consume(self, most: int, timeout: float) -> list[Any]:
        """Note, and return what comes next."""
        self.waits.append((most, timeout))
        return super().consume(most, timeout)


def offsets(log: Any, **more: Any) -> list[int]:
    return [message.offset() or 0 for message in receive(log, 3, 0.4, **more)]


def test_a_busy_process_waits_once() -> None:
    log = Timed(5)
    assert offsets(log) == [0, 1, 2]
    assert log.waits == [(3, 0.4)]


def test_an_idle_one_waits_long_for_the_first_and_briefly_for_those_beside_it() -> None:
    log = Timed(5)
    assert offsets(log, first_s=0.5) == [0, 1, 2]
    assert log.waits == [(1, 0.5), (2, 0.2)]
    empty = Timed(0)
    assert offsets(empty, first_s=0.5) == []
    assert empty.waits == [(1, 0.5)]
