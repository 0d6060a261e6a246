"""A Faust consumer that hands over batches and lets the app own its positions.

Faust keeps what it is good at: membership, assignment by its own assignor, rebalancing, timers. Its per-message
bookkeeping is left out: ``getmany`` yields one message a fetch, whose value is the batches of all topics by partition.
After an assignment Faust asks for the committed offsets. It is given those of the processor's own transactions
(decision 1).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import aiokafka
import faust
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from bus import clients
from processing.batches import Batch, joined

# While records come, the broker collects them for a moment: fewer, fuller transactions. Faust waits 1.5 s; a report
# must reach a bank within a second. A fetch names each of 140 partitions anew, so an idle worker should fetch seldom:
# when no record came for a while, the broker holds the fetch back for longer, and answers the first byte at once.
_BUSY_WAIT_MS, _BUSY_BYTES = 80, 1_000_000
_IDLE_WAIT_MS, _IDLE_BYTES = 5_000, 1
_IDLE_AFTER_S = 3.0
# How much is fetched beyond ``max_records``, as its n-th part: all that is under way is in the worker's memory.
_REST = 4
# How long a fetch is waited for while other records are held back: one that is under way ends soon.
_HELD_WAIT_S = 0.1
# How soon a worker without partitions hears what the group refused it.
_HEARD_WITHIN_S = 1.0


def fetch_pace(quiet_s: float) -> tuple[int, int]:
    """Return for how many ms, and for how many bytes, the broker may hold a fetch back, by how long no record came."""
    return (_IDLE_WAIT_MS, _IDLE_BYTES) if quiet_s > _IDLE_AFTER_S else (_BUSY_WAIT_MS, _BUSY_BYTES)


def is_behind(state: Any) -> bool:
    """Whether a partition has records left, as far as the client knows; before its first answer it may have."""
    return not state.has_valid_position or state.lso is None or bool(state.position < state.lso)


def states_of(consumer: Any) -> dict[Any, Any]:
    """Return what the client knows of each partition that it is given; nothing between two assignments."""
    subscription = consumer._subscription.subscription
    if subscription is None or (assignment := subscription.assignment) is None:
        return {}
    return {tp: assignment.state_value(tp) for tp in assignment.tps}


class Login:
    """Gives an aiokafka client another password; it has no way of its own, and reads it for each connection."""

    def __init__(self, consumer: Any) -> None:
        self._client = consumer._client

    def set_sasl_credentials(self, username: str, password: str, /) -> None:
        """Log in as this user from the next connection on."""
        self._client._sasl_plain_username, self._client._sasl_plain_password = username, password


class BatchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread of the Kafka client. It keeps Faust's assignor and notes from which offset records were read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where the client reads on: where it sought, or behind the last record that it gave out.
        self._reached: dict[TP, int] = {}
        self._records_at_s = time.monotonic()
        self.is_holding = False

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give an assignment up; nothing of the next one is sought yet."""
        self._reached = {}
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Take an assignment; what is fetched of it before its positions are sought is not given out."""
        self._reached, self._records_at_s = {}, time.monotonic()
        await super().on_partitions_assigned(assigned, generation_id)

    async def _fetch_records(self, consumer: Any, active: Any, **kwargs: Any) -> dict[TP, Batch]:
        held = self._held(consumer, active)
        self.is_holding = bool(held)
        if held:
            active, kwargs = active - held, {**kwargs, "timeout": min(kwargs["timeout"], _HELD_WAIT_S)}
            if not active:
                # To the client an empty set means all partitions.
                await asyncio.sleep(_HELD_WAIT_S)
                return {}
        records = await super()._fetch_records(consumer, active, **kwargs)
        fetched = self._as_batches(records)
        self._pace(consumer, has_records=bool(records))
        most = kwargs["max_records"]
        if fetched and sum(map(len, records.values())) == most:
            # Take the small rest of the partition at which the limit was reached, too. Else it would be a batch of its
            # own: a transaction that costs as much as a full one.
            last = next(reversed(fetched))
            more = {**kwargs, "timeout": 0, "max_records": most // _REST}
            remainder = self._as_batches(await super()._fetch_records(consumer, {last}, **more))
            if last in remainder:
                fetched[last] = joined(fetched[last], remainder[last])
        return fetched

    def _held(self, consumer: Any, active: Iterable[TP]) -> set[TP]:
        """Return the partitions whose records have to wait, for a leading topic was not read to its end.

        The end is that of the newest answer, which is some 100 ms old: the client asks for all partitions that have
        nothing left, whatever waits of others.
        """
        leading = self.app.leading
        if not leading:
            return set()
        behind = {tp.partition for tp, state in states_of(consumer).items() if tp.topic in leading and is_behind(state)}
        return {tp for tp in active if tp.partition in behind and tp.topic not in leading}

    def _pace(self, consumer: Any, *, has_records: bool) -> None:
        """Have the next fetch answered as suits a busy or an idle worker."""
        now_s = time.monotonic()
        if has_records:
            self._records_at_s = now_s
        # The client has no way to change them later; it reads both for each fetch.
        fetcher = consumer._fetcher
        fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = fetch_pace(now_s - self._records_at_s)

    def _as_batches(self, fetched: Mapping[Any, list[Any]]) -> dict[TP, Batch]:
        """Note from which offset each partition's records were read; at once, before an assignment may change it."""
        batches: dict[TP, Batch] = {}
        for topic_partition, records in fetched.items():
            tp = TP(topic_partition.topic, topic_partition.partition)
            # A partition that was not sought yet is left out: the client began at the group's offsets, which are for
            # display. The seek brings these records, and those before them.
            if records and tp in self._reached:
                batches[tp] = Batch(self._reached[tp], records)
                self._reached[tp] = records[-1].offset + 1
        return batches

    async def refuse(self) -> None:
        """Raise what the group refused the client for good; its coordination rests until somebody asks."""
        self._ensure_consumer()._coordinator.check_errors()

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # What was given away meanwhile is its owner's to commit; an empty commit is an error to the client.
        assigned = self.assignment()
        still_owned = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        return bool(still_owned) and bool(await super()._commit(still_owned))

    async def _seek_wait(self, consumer: Any, partitions: Mapping[TP, int]) -> None:
        self._reached.update({TP(tp.topic, tp.partition): offset for tp, offset in partitions.items()})
        await super()._seek_wait(consumer, partitions)

    def _create_worker_consumer(self, transport: Any) -> Any:
        conf = self.app.conf
        # Without tables Faust falls back to round-robin, which splits one partition's topics over workers (decision 3).
        self._assignor = self.app.assignor
        consumer = aiokafka.AIOKafkaConsumer(
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
            fetch_max_wait_ms=_BUSY_WAIT_MS,
            fetch_min_bytes=_BUSY_BYTES,
            request_timeout_ms=int(conf.broker_request_timeout * 1000.0),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000.0),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000.0),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000.0),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )
        # Kept with the consumer, for whoever tells it of another password only knows it weakly.
        self._login = clients.follow_login(self.app.bus, Login(consumer))
        return consumer


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Yields one message for all that was fetched; its value is ``{partition: {topic: Batch}}``.

    Where few records come, a message costs Faust and the event loop more than its records cost to process.

    Whoever takes a batch has to compare its ``since`` with its own position. Where it lies beyond, records are missing.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where to read on: where we sought, or behind the last record that was yielded; and what of it was committed.
        self._next: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}

    def _new_consumer_thread(self) -> Any:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    @faust.Service.task  # type: ignore[untyped-decorator]
    async def _hear_refusals(self) -> None:
        """End the worker where its group refuses it.

        The client tells it to whoever fetches, and Faust fetches nothing before it is given partitions: the worker
        would wait for ever, and say nothing.
        """
        async for _ in self.itertimer(_HEARD_WITHIN_S, name="refusals"):
            if not (self.flow_active and self.assignment()):
                await self._thread.call_thread(self._thread.refuse)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to where the processor's own transactions ended; a partition that it never read, to its beginning."""
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        positions = await self.app.positions(assigned)
        starts = {tp: positions.get(tp, 0) for tp in assigned}
        self._next, self._committed = dict(starts), {}
        await self.seek_wait(starts)
        # What Faust calls committed is the last offset done, one before the next.
        return {TopicPartition(tp.topic, tp.partition): offset for tp, offset in starts.items()}

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield the fetched records, as one message, those of one partition together."""
        fetched, active = await self._wait_next_records(timeout)
        if fetched is None or self.should_stop:
            return
        if not fetched:
            if self.flow_active and not self._thread.is_holding:
                self.app.caught_up(self._heard_at())
            return
        active_batches = {tp: batch for tp, batch in fetched.items() if active is None or tp in active}
        if len(active_batches) < len(fetched):
            await self._give_back(fetched.keys() - active_batches.keys())
        if not self.flow_active:
            await self._give_back(active_batches)
            return
        if not active_batches:
            return
        by_partition: dict[int, dict[str, Batch]] = {}
        for tp, batch in active_batches.items():
            self._next[tp] = batch.records[-1].offset + 1
            by_partition.setdefault(tp.partition, {})[tp.topic] = batch
        first = min(active_batches)
        message = self._to_message(first, active_batches[first].records[0])
        message.key, message.value = None, by_partition
        yield first, message

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit where reading goes on, for display: what counts are the processor's own positions."""
        moved = {tp: offset for tp, offset in self._next.items() if self._committed.get(tp) != offset}
        if not moved or self.app.rebalancing:
            return False
        self._committed.update(moved)
        return bool(await self._commit(moved))

    def ack(self, message: Any) -> bool:
        """Note that a batch was taken; Faust's bookkeeping of single offsets is left out."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: offsets between two messages are in the first one's batch, or were never committed."""

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: Faust would look for commits, which are for display here. ``/readyz`` tells who is stuck."""

    async def _give_back(self, tps: Iterable[TP]) -> None:
        """Have records that were fetched, but are not yielded, fetched again.

        They may have been fetched between the seek that follows an assignment and the moment the flow is resumed.
        Nobody else seeks back then, and they would never be seen.
        """
        assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        back = {tp: self._next[tp] for tp in tps if tp in assigned and tp in self._next}
        if back:
            await self.seek_wait(back)

    def _heard_at(self) -> float:
        """Return when the broker last answered for the partition that it has been silent about longest; 0.0: never."""
        # The client's own question, a partition at a time, took a tenth of what an idle worker costs.
        stamps = (state.timestamp or 0 for state in states_of(self._thread._ensure_consumer()).values())
        return min(stamps, default=0) / 1000
