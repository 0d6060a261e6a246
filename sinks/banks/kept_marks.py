"""The marks of enterprises that were told of lately: to unpack them is much for each change of many recipients."""

from collections.abc import Mapping

from sinks.banks.marks import Mark

_MOST = 4096
"""Marks, of all enterprises of a partition together: some two megabytes."""


class KeptMarks:
    """Marks as the store has them, or will have them with the transaction; the longest unused go first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most, self._count = most, 0
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
        while self._count > self._most and len(self._kept) > 1:
            self._count -= len(self._kept.pop(next(iter(self._kept))))
