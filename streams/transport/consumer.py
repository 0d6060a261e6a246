"""A Faust consumer that hands over batches and lets the app own its positions.

Faust keeps what it is good at: membership, assignment by its own assignor, rebalancing, timers. Its per-message
bookkeeping is left out: ``getmany`` yields one message per partition *number*, whose value is the batches of all
topics of that number. After an assignment Faust asks for the committed offsets; it is given the engine's, which
were committed in the same transaction as what was made of them (design, decision 4).
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import aiokafka
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP


class BatchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread with the Kafka client in it: Faust's assignor always, committed messages only."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        conf = self.app.conf
        # Without tables Faust falls back to round-robin, which splits one partition number over workers (decision 3).
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 0) * 1000.0),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            # Faust waits 1.5 s; a report must reach a bank within a second.
            fetch_max_wait_ms=100,
            request_timeout_ms=int(conf.broker_request_timeout * 1000.0),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000.0),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000.0),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000.0),
            isolation_level="read_committed",
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Yields one message per partition number; its value is ``{topic: [records]}``."""

    def _new_consumer_thread(self) -> Any:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to where the engine's own transactions ended; a partition it never saw is read from its beginning."""
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        held = await self.app.positions(assigned)
        starts = {tp: held.get(tp, 0) for tp in assigned}
        await self.seek_wait(starts)
        # What Faust calls committed is the last offset done, one before the next.
        return {TopicPartition(tp.topic, tp.partition): offset for tp, offset in starts.items()}

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield the fetched records, all topics of one partition number together."""
        records, active = await self._wait_next_records(timeout)
        if records is None or self.should_stop or not self.flow_active:
            return
        if not records:
            self.app.caught_up(self._heard_at())
        generation = self.app.consumer_generation_id
        for number, batches in _by_number(records, active).items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                # Nothing was acknowledged, so the positions bring these records back.
                return
            first = min(batches)
            message = self._to_message(first, batches[first][0])
            message.key, message.value = None, (number, {tp.topic: batch for tp, batch in batches.items()})
            yield first, message

    def _heard_at(self) -> float:
        """Return when the broker last answered for the partition that it was longest silent about; 0.0 when never."""
        consumer = self._thread._ensure_consumer()
        stamps = [consumer.last_poll_timestamp(tp) or 0 for tp in consumer.assignment()]
        return min(stamps, default=0) / 1000


def _by_number(records: Mapping[TP, list[Any]], active: Iterable[TP] | None) -> dict[int, dict[TP, list[Any]]]:
    grouped: dict[int, dict[TP, list[Any]]] = {}
    wanted = None if active is None else set(active)
    for tp, batch in records.items():
        if batch and (wanted is None or tp in wanted):
            grouped.setdefault(tp.partition, {})[TP(tp.topic, tp.partition)] = batch
    return grouped
