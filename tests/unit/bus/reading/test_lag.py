"""When a partition is looked at to know what waits, and what is said of it in between."""

from collections.abc import Mapping

import pytest

from bus.config import BusConfig
from bus.reading.lag import LagReader, Waiting
from bus.reading.offsets import TopicPartition

KEY = TopicPartition("a", 0)


class Drawn(LagReader):
    """Ends as the test says; a look finds the first of these messages (offset and time) behind a start."""

    def __init__(self) -> None:
        super().__init__(BusConfig("", ""))
        self.end = 0
        self.messages: dict[int, float] = {}
        self.looks = 0

    def _ends(self, reached: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        return dict.fromkeys(reached, self.end)

    def _look(self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> set[TopicPartition]:
        self.looks += 1
        for key, start in starts.items():
            behind = sorted(offset for offset in self.messages if start <= offset < ends[key])
            if behind:
                self._oldest[key] = (behind[0], self.messages[behind[0]])
            else:
                self._forget(key)
                self._empty_to[key] = ends[key]
        return set(starts)

    def ask(self, position: int) -> Waiting | None:
        """Return what waits behind a position."""
        return self.waiting({KEY: position})[KEY]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    monkeypatch.setattr("bus.reading.lag.time.time", lambda: 1000.0)
    return Drawn()


def test_markers_are_looked_at_once(reader: Drawn) -> None:
    reader.end = 3
    reader.messages = {0: 10.0, 1: 10.0}
    assert reader.ask(2) is None
    assert reader.ask(2) is None
    assert reader.looks == 1
    reader.end, reader.messages[3] = 5, 20.0
    assert reader.ask(2) == (3, 2, 20.0)


def test_what_stands_still_is_looked_at_once_and_grows(reader: Drawn) -> None:
    reader.end = 100
    reader.messages = dict.fromkeys(range(100), 10.0)
    assert reader.ask(0) == (0, 100, 10.0)
    reader.end = 200
    assert reader.ask(0) == (0, 200, 10.0)
    assert reader.looks == 1


def test_a_long_queue_that_moves_is_looked_at_seldom(reader: Drawn) -> None:
    reader.end = 100
    reader.messages = {offset: float(offset) for offset in range(100)}
    assert reader.ask(0) == (0, 100, 0.0)
    assert reader.ask(20) == (20, 80, 0.0)
    assert reader.ask(40) == (40, 60, 0.0)
    assert reader.looks == 1
    # It stands still: now it counts since when.
    assert reader.ask(40) == (40, 60, 40.0)
    assert reader.ask(90) == (90, 10, 90.0)
    assert reader.ask(100) is None


def test_a_topic_that_lost_its_tail_is_looked_at_anew(reader: Drawn) -> None:
    reader.end = 3
    assert reader.ask(2) is None
    reader.end, reader.messages = 1, {0: 5.0}
    assert reader.ask(0) == (0, 1, 5.0)
