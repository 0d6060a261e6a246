"""Two parts of what one partition gave are one batch, unless a seek came between them."""

from processing.transport.consumer import Batch, _joined
from streams.engine import Message


def batch(since: int, *offsets: int) -> Batch:
    return Batch(since, [Message(offset, b"") for offset in offsets])


def test_what_follows_is_of_the_same_batch() -> None:
    # Offsets between two messages belong to aborted transactions and to marks.
    assert _joined(batch(3, 4, 7), batch(8, 9)) == batch(3, 4, 7, 9)


def test_what_was_taken_before_a_seek_is_left_to_it() -> None:
    assert _joined(batch(3, 4, 7), batch(5, 7, 9)) == batch(5, 7, 9)
    assert _joined(batch(3, 4, 7), batch(11, 12)) == batch(11, 12)
