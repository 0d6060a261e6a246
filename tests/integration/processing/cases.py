"""The processors that are put through the frame's tests; a new one is one more ``Case``."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.topics import TopicSpec
from processing.processor import Processor
from tests.integration.processing import counting


@dataclass(frozen=True, slots=True)
class Case:
    """A processor, events for it, and what is published in the end whatever happens meanwhile.

    ``event`` makes the (key, value) of event number n; ``expected`` is what ``published`` returns when all of so many
    events were processed once each. ``parts``: the value of an event that is worked on in parts, if there is such.
    """

    processor: Callable[[BusConfig, Registry], Processor]
    specs: tuple[TopicSpec, ...]
    event: Callable[[int], tuple[bytes, bytes]]
    expected: Callable[[int], Mapping[str, str]]
    published: Callable[[BusConfig], Mapping[str, str]]
    unreadable: bytes
    late: bytes
    parts: bytes

    @property
    def topic(self) -> str:
        """The topic of the events."""
        return self.specs[0].name


def _subject(number: int) -> bytes:
    return b"subject %d" % (number * 7 % 40)


def _latest_counts(config: BusConfig) -> dict[str, str]:
    return {m.key().decode(): m.value().decode() for m in scan(config, counting.COUNTS)}


CASES = {
    "counting": Case(
        processor=lambda config, registry: counting.Counting(),
        specs=counting.SPECS,
        event=lambda number: (_subject(number), counting.MET),
        expected=lambda events: {s.decode(): str(n) for s, n in Counter(map(_subject, range(events))).items()},
        published=_latest_counts,
        unreadable=b"\x01nonsense",
        late=counting.LATE,
        parts=counting.CLOSE,
    )
}
