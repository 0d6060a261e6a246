"""A node that does not answer a batch is not ready, and is again when it did."""

from federation.receiver.under_way import BatchesUnderWay
from monitoring.progress import STALLED_AFTER_S


def test_a_batch_that_is_not_answered_is_told() -> None:
    now = [0.0]
    batches = BatchesUnderWay(clock=lambda: now[0])
    with batches.one():
        now[0] += STALLED_AFTER_S
        with batches.one():
            assert batches().ready
            now[0] += 1
            assert batches().reason == "a batch is not answered for 31 s: it waits for the store"
        assert not batches().ready
    assert batches().ready
