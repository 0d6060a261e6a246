"""Since when a message waits that a stage has not read: the windows in which messages came, by their first one."""

from bisect import bisect_right, insort

from bus.reading.offsets import TopicPartition

_MOST = 500


class Arrivals:
    """The first offset of each window of a partition, and when that message was written."""

    def __init__(self) -> None:
        self._windows: dict[TopicPartition, list[tuple[int, float]]] = {}

    def note(self, partition: TopicPartition, offset: int, written_at_s: float) -> None:
        """Note the first message of a window."""
        windows = self._windows.setdefault(partition, [])
        insort(windows, (offset, written_at_s))
        if len(windows) > _MOST:
            # The newer ones are for who is nearly there; who is far behind is told rather too old an age.
            del windows[1:-1:2]

    def since(self, partition: TopicPartition, offset: int) -> float | None:
        """Return when the message at an offset was written, or one that is a window older; None: not known."""
        windows = self._windows.get(partition)
        if not windows:
            return None
        return windows[max(0, bisect_right(windows, (offset, float("inf"))) - 1)][1]
