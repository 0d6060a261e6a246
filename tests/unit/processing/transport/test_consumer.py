"""How a worker has the broker answer its fetches, busy or idle."""

import asyncio
import inspect

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import TopicPartitionState

from processing.transport.consumer import fetch_pace, is_behind


def test_a_busy_worker_has_the_broker_collect_and_an_idle_one_hears_the_first_byte_at_once() -> None:
    wait_ms, least_bytes = fetch_pace(0.1)
    assert (wait_ms <= 100, least_bytes > 100_000) == (True, True)
    wait_ms, least_bytes = fetch_pace(60.0)
    # For so long a new assignment may have to wait for the fetch that is under way; a lost member is noticed after six.
    assert (1_000 <= wait_ms <= 5_000, least_bytes) == (True, 1)


def test_the_client_reads_the_pace_for_each_fetch() -> None:
    source = inspect.getsource(Fetcher._get_actions_per_node)
    for name in ("self._fetch_max_wait_ms", "self._fetch_min_bytes"):
        assert name in source


def test_a_partition_is_behind_until_its_committed_records_are_read_and_before_the_first_answer() -> None:
    async def check() -> None:
        state = TopicPartitionState(None)
        assert is_behind(state)
        state.seek(3)
        assert is_behind(state)
        state.lso = 5
        assert is_behind(state)
        state.consumed_to(5)
        # What is behind the last stable offset is of an open transaction, and nobody's yet.
        state.highwater = 9
        assert not is_behind(state)

    asyncio.run(check())
