"""A Faust consumer that hands over batches and lets the app own its positions.

Faust keeps what it is good at: membership, assignment by its own assignor, rebalancing, timers. Its per-message
bookkeeping is left out: ``getmany`` yields one message a fetch, whose value is the batches of all topics by partition
*number*. After an assignment Faust asks for the committed offsets; it is given the engine's, which
were committed in the same transaction as what was made of them (design, decision 4).
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NamedTuple

import aiokafka
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from bus import clients

# What is given beyond the most, as a share of it: what is under way is a worker's memory.
_REST = 4


class Batch(NamedTuple):
    """Records of one partition, all that were committed from offset ``since`` on up to the last of them."""

    since: int
    records: list[Any]


class BatchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread with the Kafka client in it: Faust's assignor always, committed messages, and where they begin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where the client reads on: sought, or behind the last record that it gave out, to whomever.
        self._reached: dict[TP, int] = {}

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give an assignment up; nothing of the next one is sought yet."""
        self._reached = {}
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Take an assignment; what is fetched of it before its positions are sought is not given out."""
        self._reached = {}
        await super().on_partitions_assigned(assigned, generation_id)

    async def _fetch_records(self, consumer: Any, active: Any, **kwargs: Any) -> dict[TP, Batch]:
        given = await super()._fetch_records(consumer, active, **kwargs)
        fetched = self._placed(given)
        most = kwargs["max_records"]
        if fetched and sum(map(len, given.values())) == most:
            # A small rest of the partition at which the most was reached: it would be a batch of its own else, a
            # transaction that costs as much as a full one.
            last = next(reversed(fetched))
            more = {**kwargs, "timeout": 0, "max_records": most // _REST}
            rest = self._placed(await super()._fetch_records(consumer, {last}, **more))
            if last in rest:
                fetched[last] = _joined(fetched[last], rest[last])
        return fetched

    def _placed(self, given: Mapping[Any, list[Any]]) -> dict[TP, Batch]:
        """Say from where each partition's records were read on; at once, before an assignment may change that."""
        placed: dict[TP, Batch] = {}
        for place, records in given.items():
            tp = TP(place.topic, place.partition)
            # Not sought yet: the client began where the group's offsets are, which are for display. The seek brings
            # these records, and those before them.
            if records and tp in self._reached:
                placed[tp] = Batch(self._reached[tp], records)
                self._reached[tp] = records[-1].offset + 1
        return placed

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # What was given away meanwhile is its owner's to commit; an empty commit is an error to the client.
        assigned = self.assignment()
        own = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        return bool(own) and bool(await super()._commit(own))

    async def _seek_wait(self, consumer: Any, partitions: Mapping[TP, int]) -> None:
        self._reached.update({TP(tp.topic, tp.partition): offset for tp, offset in partitions.items()})
        await super()._seek_wait(consumer, partitions)

    def _create_worker_consumer(self, transport: Any) -> Any:
        conf = self.app.conf
        # Without tables Faust falls back to round-robin, which splits one partition number over workers (decision 3).
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            **clients.aiokafka_settings(self.app.bus),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 0) * 1000.0),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            # Faust waits 1.5 s; a report must reach a bank within a second.
            fetch_max_wait_ms=80,
            fetch_min_bytes=1_000_000,
            request_timeout_ms=int(conf.broker_request_timeout * 1000.0),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000.0),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000.0),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000.0),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )


def _joined(first: Batch, rest: Batch) -> Batch:
    """Return both as one; what a seek in between brings again is left to it."""
    if rest.since != first.records[-1].offset + 1:
        return rest
    return Batch(first.since, first.records + rest.records)


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Yields one message for all that was fetched; its value is ``{number: {topic: Batch}}``.

    A message costs Faust and the event loop more than its records cost to merge where few came.

    Whoever takes a batch has to compare its ``since`` with his own position: behind it, something was left out.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where to read on: sought, or behind the last record that was yielded; and what of it the broker was told.
        self._next: dict[TP, int] = {}
        self._told: dict[TP, int] = {}

    def _new_consumer_thread(self) -> Any:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to where the engine's own transactions ended; a partition it never saw is read from its beginning."""
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        held = await self.app.positions(assigned)
        starts = {tp: held.get(tp, 0) for tp in assigned}
        self._next, self._told = dict(starts), {}
        await self.seek_wait(starts)
        # What Faust calls committed is the last offset done, one before the next.
        return {TopicPartition(tp.topic, tp.partition): offset for tp, offset in starts.items()}

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield the fetched records, those of one partition number together, as one message."""
        fetched, active = await self._wait_next_records(timeout)
        if fetched is None or self.should_stop:
            return
        if not fetched:
            if self.flow_active:
                self.app.caught_up(self._heard_at())
            return
        given = {tp: batch for tp, batch in fetched.items() if active is None or tp in active}
        if len(given) < len(fetched):
            await self._give_back(fetched.keys() - given.keys())
        if not self.flow_active:
            await self._give_back(given)
            return
        if not given:
            return
        numbers: dict[int, dict[str, Batch]] = {}
        for tp, batch in given.items():
            self._next[tp] = batch.records[-1].offset + 1
            numbers.setdefault(tp.partition, {})[tp.topic] = batch
        first = min(given)
        message = self._to_message(first, given[first].records[0])
        message.key, message.value = None, numbers
        yield first, message

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Tell the broker where reading goes on, for display: what counts are the engine's own positions."""
        moved = {tp: offset for tp, offset in self._next.items() if self._told.get(tp) != offset}
        if not moved or self.app.rebalancing:
            return False
        self._told.update(moved)
        return bool(await self._commit(moved))

    def ack(self, message: Any) -> bool:
        """Note that a batch was taken; Faust's account of single offsets is left out."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets between two messages are in the first one's batch, or were never committed: no gap."""

    async def verify_all_partitions_active(self) -> None:
        """Left to ``/readyz``: Faust would ask each partition for commits, which are for display here."""

    async def _give_back(self, tps: Iterable[TP]) -> None:
        """Have records that were fetched, but are not yielded, fetched again.

        They may have been fetched after the seek that follows an assignment and before the flow is resumed: then
        nobody else seeks back, and they would never be seen.
        """
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        back = {tp: self._next[tp] for tp in tps if tp in assigned and tp in self._next}
        if back:
            await self.seek_wait(back)

    def _heard_at(self) -> float:
        """Return when the broker last answered for the partition that it was longest silent about; 0.0 when never."""
        consumer = self._thread._ensure_consumer()
        stamps = [consumer.last_poll_timestamp(tp) or 0 for tp in consumer.assignment()]
        return min(stamps, default=0) / 1000
