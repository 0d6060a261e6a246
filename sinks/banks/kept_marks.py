"""The marks of enterprises that were told of lately: to unpack them is much for each change of many recipients."""

from collections.abc import Mapping

from sinks.banks.marks import Mark

_MOST, _MOST_AT_REST = 16_384, 4096
"""Marks, of all enterprises of a partition together: those of a batch, which are asked for again and again, some eight
megabytes; and while other partitions are worked on."""


class KeptMarks:
    """Marks as the store has them, or will have them with the transaction; the longest unused go first."""

    def __init__(self, most: int = _MOST, at_rest: int = _MOST_AT_REST) -> None:
        self._most, self._at_rest, self._count = most, at_rest, 0
        self._kept: dict[str, Mapping[str, Mark]] = {}

    def get(self, subject: str) -> Mapping[str, Mark] | None:
        """Return the marks of an enterprise; None: they are not kept."""
        found = self._kept.pop(subject, None)
        if found is not None:
            self._kept[subject] = found
        return found

    def put(self, subject: str, marks: Mapping[str, Mark]) -> None:
        """Keep marks, which are not changed from here on."""
        former = self._kept.pop(subject, None)
        self._kept[subject] = marks
        self._count += len(marks) - len(former or ())
        self._leave(self._most)

    def rest(self) -> None:
        """Keep less until the next batch."""
        self._leave(self._at_rest)

    def _leave(self, most: int) -> None:
        while self._count > most and len(self._kept) > 1:
            self._count -= len(self._kept.pop(next(iter(self._kept))))
