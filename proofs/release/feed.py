"""The messages of one input of a partition, in their order."""

from collections.abc import Iterator

from processing.output import InputMessage


class Feed:
    """The messages of one input, taken up to an offset at a time."""

    def __init__(self, messages: Iterator[InputMessage]) -> None:
        self._messages = messages
        self._next: InputMessage | None = None

    def upto(self, end: int) -> Iterator[InputMessage]:
        """Yield the messages before an offset that were not taken yet."""
        while (message := self._peeked()) is not None and message.offset < end:
            self._next = None
            yield message

    def rest(self) -> Iterator[InputMessage]:
        """Yield those that are left."""
        while (message := self._peeked()) is not None:
            self._next = None
            yield message

    def _peeked(self) -> InputMessage | None:
        if self._next is None:
            self._next = next(self._messages, None)
        return self._next
