"""An arrow's flow, from two looks at its positions and what waits behind them."""

from datetime import UTC, datetime

from bus.reading.lag import Waiting
from bus.reading.offsets import TopicPartition
from queries.flow import ArrowFlow, ArrowSource, PositionsAt, flow_of

FIRST, SECOND = TopicPartition("credit.change.v1", 0), TopicPartition("credit.change.v1", 1)
DELIVERED = datetime(2026, 1, 1, tzinfo=UTC)
STAMPED = ArrowSource("bank.yinhe", dict, lambda: DELIVERED)
UNSTAMPED = ArrowSource("postgres", dict, lambda: DELIVERED, stamps_delivery=False)


def flow(source: ArrowSource = STAMPED, before: PositionsAt | None = None, **waiting: Waiting | None) -> ArrowFlow:
    keys = {"first": FIRST, "second": SECOND}
    behind = {keys[name]: found for name, found in waiting.items()}
    return flow_of(source, before, PositionsAt(110.0, {FIRST: 70, SECOND: 5}), behind, DELIVERED)


def test_the_first_look_knows_no_rate() -> None:
    assert flow(first=None, second=None) == ArrowFlow("bank.yinhe", None, 0, None, DELIVERED)


def test_a_rate_is_what_the_positions_moved() -> None:
    assert flow(before=PositionsAt(100.0, {FIRST: 50, SECOND: 5}), first=None, second=None).rate_per_s == 2.0
    # Made anew, a topic begins at 0, which is no negative speed; a partition that is new did not move.
    assert flow(before=PositionsAt(100.0, {FIRST: 60, SECOND: 900}), first=None, second=None).rate_per_s == 1.0
    assert flow(before=PositionsAt(100.0, {FIRST: 60}), first=None, second=None).rate_per_s == 1.0
    assert flow(before=PositionsAt(110.0, {FIRST: 60, SECOND: 5}), first=None, second=None).rate_per_s is None


def test_what_waits_is_summed_and_the_oldest_counts() -> None:
    seen = flow(first=Waiting(70, 30, 90.0), second=Waiting(6, 2, 100.0))
    assert (seen.pending, seen.oldest_s, seen.problem) == (32, 20.0, "")
    # Clocks of producers differ a little.
    assert flow(first=Waiting(70, 30, 111.0), second=None).oldest_s == 0.0


def test_a_partition_that_was_not_seen_is_told() -> None:
    assert "1 partitions" in flow(first=None).problem


def test_a_delivery_without_a_stamp_is_known_only_when_nothing_waits() -> None:
    assert flow(UNSTAMPED, first=None, second=None).delivered_at == DELIVERED
    assert flow(UNSTAMPED, first=Waiting(70, 1, 90.0), second=None).delivered_at is None
    assert flow(UNSTAMPED, first=None).delivered_at is None
    assert flow(STAMPED, first=Waiting(70, 1, 90.0), second=None).delivered_at == DELIVERED


def test_a_flow_is_told_as_json() -> None:
    told = flow(first=Waiting(70, 30, 90.04), second=None).as_json()
    assert told == {
        "arrow": "bank.yinhe", "rate_per_s": None, "pending": 30, "oldest_s": 20.0,
        "delivered_at": "2026-01-01T08:00:00+08:00", "problem": "",
    }  # fmt: skip
