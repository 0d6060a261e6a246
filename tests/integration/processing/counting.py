"""The smallest processor that keeps a state: how often each subject was met, as text.

An event's key is the subject, its value ``met``. Counting is not idempotent: an event that is processed twice, or
not at all, shows in the counts. ``close`` closes the count of every subject, two subjects in each transaction.
``late`` is found to be unreadable when the events before it were counted already.
"""

from collections.abc import Iterator, Mapping

from bus.topics import TopicSpec
from catalogue.errors import PoisonMessage
from processing.output import Batches, Output, StoreWrites, no_outcomes
from processing.processor import PartitionTask, Processor, Restore
from processing.store import Store

EVENTS, COUNTS, POSITIONS = "count.event.v1", "count.state.v1", "count.position.v1"
MET, CLOSE, LATE = b"met", b"close", b"late"
CLOSED = b" closed"
_COUNT = b"c"
_SUBJECTS_A_PART = 2
_COMPACT = {"cleanup.policy": "compact"}
SPECS = (TopicSpec(EVENTS, {}), TopicSpec(COUNTS, _COMPACT), TopicSpec(POSITIONS, _COMPACT))


class Counting(Processor):
    """Counts events by subject."""

    name = "count"
    inputs = (EVENTS,)
    changelogs = (COUNTS,)
    positions = POSITIONS

    def restorer(self, store: Store) -> Restore:
        """Return what writes a published count to the store."""
        return _restore

    def begin(self, partition: int, store: Store, reached: Mapping[str, int]) -> PartitionTask:
        """Return the task of a partition."""
        return CountingTask(store)


def _restore(topic: str, key: bytes, value: bytes | None, writes: StoreWrites) -> None:
    writes[_COUNT + key] = value


class CountingTask(PartitionTask):
    """Counts on one partition."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def parts(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Yield the counts that are to be closed; those that were closed before are not found again."""
        if not any(message.value == CLOSE for message in batches[EVENTS]):
            return
        unclosed = [(key[1:], count) for key, count in self._store.below(_COUNT) if not count.endswith(CLOSED)]
        for first in range(0, len(unclosed), _SUBJECTS_A_PART):
            part = Output()
            for subject, count in unclosed[first : first + _SUBJECTS_A_PART]:
                _publish(part, subject, count + CLOSED)
            yield part

    def work(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Yield the new counts, each subject's in a piece of its own."""
        output, counts = Output(no_outcomes(batches)), dict[bytes, int]()
        outcomes = output.outcomes[EVENTS]
        for message in batches[EVENTS]:
            if message.value == MET and message.key is not None:
                before = counts.get(message.key) or self._count(message.key)
                counts[message.key] = before + 1
            elif message.value == LATE and not careful:
                raise PoisonMessage("It is too late.")
            elif message.value != CLOSE:
                output.reject(EVENTS, message, "It is neither met nor close.")
                continue
            outcomes["merged"] += 1
        yield output
        for subject, count in counts.items():
            piece = Output()
            _publish(piece, subject, b"%d" % count)
            yield piece

    def _count(self, subject: bytes) -> int:
        return int((self._store.get(_COUNT + subject) or b"0").removesuffix(CLOSED))


def _publish(output: Output, subject: bytes, count: bytes) -> None:
    output.messages[COUNTS].append((subject, count))
    output.writes[_COUNT + subject] = count
