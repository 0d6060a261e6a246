"""Batches of a partition: joined, compared with its position, refused where records are missing."""

import pytest

from catalogue.errors import IntegrityError
from processing.batches import Batch, joined, not_yet_processed, refuse_left_out
from processing.output import InputMessage


def batch(since: int, *offsets: int) -> Batch:
    return Batch(since, [InputMessage(offset, b"") for offset in offsets])


def test_what_follows_is_of_the_same_batch() -> None:
    # Offsets between two messages belong to aborted transactions and to marks.
    assert joined(batch(3, 4, 7), batch(8, 9)) == batch(3, 4, 7, 9)


def test_what_was_taken_before_a_seek_is_left_to_it() -> None:
    assert joined(batch(3, 4, 7), batch(5, 7, 9)) == batch(5, 7, 9)
    assert joined(batch(3, 4, 7), batch(11, 12)) == batch(11, 12)


def test_what_was_processed_before_is_left_out() -> None:
    batches = {"a": batch(0, 1, 2, 5), "b": batch(0, 3), "c": batch(4, 4)}
    todo = not_yet_processed({"a": 2, "b": 4}, batches)
    assert {topic: [m.offset for m in messages] for topic, messages in todo.items()} == {"a": [2, 5], "c": [4]}


def test_a_batch_that_begins_behind_the_position_leaves_records_out() -> None:
    refuse_left_out(3, {"a": 7}, {"a": batch(7, 9), "b": batch(0, 1)})
    with pytest.raises(IntegrityError, match=r"a\[3\]: merged up to offset 7, but the next batch begins at 8"):
        refuse_left_out(3, {"a": 7}, {"a": batch(8, 9)})
