"""Sends to all recipients at once, each partition in its order; who does not answer delays nobody else.

One consumer reads the topics of all; what is to be sent waits in lanes of bounded size, one a partition, and each
recipient has a few threads of its own. A position moves when its receiver has answered, so what is sent may come twice,
under the same id.
"""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from typing import NamedTuple

from confluent_kafka import Message

from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from bus.reading.receiving import receive
from bus.users import SINK_WEBHOOKS
from catalogue.errors import Unavailable
from monitoring.metrics import DELIVERED_AT, DELIVERIES, RECEIVED
from sinks.readiness import SinkReadiness
from sinks.webhooks import showing
from sinks.webhooks.courier import STAGE, Clock, Courier, Parcel, Sent
from sinks.webhooks.lane import Lane
from sinks.webhooks.positions import commit
from sinks.webhooks.registration import WebhookRegistrations
from sinks.webhooks.rights import CurrentRights
from sinks.webhooks.roster import AT_ONCE, Roster
from sinks.webhooks.state import Suspension, after_failure, is_taken

log = logging.getLogger(__name__)

_MOST_RECEIVED, _BUSY_S, _IDLE_S = 500, 0.02, 0.3
_LOOK_EVERY_S, _COMMIT_ALL_EVERY_S = 1.0, 3600.0
# One topic must not fetch ahead for all the others. A position that is not kept any more is no new beginning.
_READING = {
    "queued.max.messages.kbytes": 16_384, "max.partition.fetch.bytes": 262_144,
    "auto.offset.reset": "error", "enable.partition.eof": True,
}  # fmt: skip


class _UnderWay(NamedTuple):
    lane: Lane
    run: int
    messages: list[Message]
    result: "Future[Sent]"


class Dispatcher:
    """The only one that sends. Everything but the requests is done by the thread that calls ``step``."""

    def __init__(
        self,
        config: BusConfig,
        rights: CurrentRights,
        registrations: WebhookRegistrations,
        courier: Courier,
        readiness: SinkReadiness,
        clock: Clock = time.time,
    ) -> None:
        self._config, self._courier, self._readiness, self._clock = config, courier, readiness, clock
        self._consumer = clients.consumer(config, SINK_WEBHOOKS, **_READING)
        self._roster = Roster(config, self._consumer, rights, registrations)
        self._under_way: list[_UnderWay] = []
        self._look_at = self._commit_all_at = 0.0
        self._ends: list[tuple[Lane, int]] = []
        self.reached: Mapping[TopicPartition, int] = {}
        """The positions of the lanes that wait for no receiver; replaced, never changed."""

    def step(self) -> None:
        """Do what is to be done now, waiting a moment for it; raises Unavailable while a service is away."""
        if time.monotonic() >= self._look_at:
            self._roster.refresh()
            self._look_at = time.monotonic() + _LOOK_EVERY_S
        if self._roster.is_other:
            self._assign()
        self._read()
        self._collect()
        self._commit()
        self._start()
        self._show()

    def close(self) -> None:
        """Leave the positions as they were committed."""
        self._roster.close()
        self._consumer.close()

    def _assign(self) -> None:
        reading = [lane for lane in self._roster.lanes.values() if lane.state.suspended is None]
        self._consumer.assign([lane.key.real(self._config, lane.fetched) for lane in reading])
        # To the client a partition that was paused stays so when it is assigned anew.
        self._consumer.resume([lane.key.real(self._config) for lane in reading if lane.is_paused])
        for lane in reading:
            lane.is_paused = False
        self._roster.is_other = False

    def _read(self) -> None:
        lanes, now = self._roster.lanes, self._clock()
        is_busy = bool(self._under_way) or any(lane.is_due(now) for lane in lanes.values())
        first_s = _BUSY_S if is_busy else _IDLE_S
        for message in receive(self._consumer, _MOST_RECEIVED, _BUSY_S, first_s=first_s, notes=self._note):
            lane = self._lane_of(message)
            if lane is not None:
                lane.add(message)
                RECEIVED.labels(STAGE, lane.key.topic).inc()
        # Behind the messages of the same batch: an end that came before them would pass over what was not sent yet.
        for lane, offset in self._ends:
            if lane.ends_at(offset):
                self._roster.changed[lane.key] = lane
        self._ends.clear()
        for lane in lanes.values():
            if lane.is_full != lane.is_paused and lane.state.suspended is None and not self._roster.is_other:
                turn = self._consumer.pause if lane.is_full else self._consumer.resume
                turn([lane.key.real(self._config)])
                lane.is_paused = lane.is_full

    def _note(self, event: Message) -> bool:
        lane, name = self._lane_of(event), event.error().name()
        if name == "_PARTITION_EOF":
            if lane is not None:
                self._ends.append((lane, event.offset() or 0))
            return True
        if name == "_AUTO_OFFSET_RESET":
            if lane is not None:
                self._suspend([lane], Suspension.FORGOTTEN)
            return True
        return False

    def _lane_of(self, message: Message) -> Lane | None:
        name = self._config.name_of(message.topic() or "")
        return self._roster.lanes.get(TopicPartition(name, message.partition() or 0))

    def _collect(self) -> None:
        """Take what was answered; raises what a request raised."""
        ended = [one for one in self._under_way if one.result.done()]
        self._under_way = [one for one in self._under_way if not one.result.done()]
        away: Unavailable | None = None
        for one in ended:
            # It was moved meanwhile, or its recipient has no webhook any more.
            if one.run != one.lane.run or one.result.cancelled():
                continue
            one.lane.is_under_way = False
            try:
                self._answered(one.lane, one.messages, one.result.result())
            except Unavailable as problem:
                away = problem
        if away is not None:
            raise away

    def _answered(self, lane: Lane, messages: list[Message], sent: Sent) -> None:
        self._roster.changed[lane.key] = lane
        others = self._roster.served[lane.recipient].lanes
        if not is_taken(sent.answer):
            lane.state = after_failure(lane.state, sent.answer, self._clock())
            why = sent.answer.failure or f"status {sent.answer.status}"
            log.warning("%s/%d@%d was not taken: %s", lane.key.topic, lane.partition, lane.position, why)
            if lane.state.suspended is not None:
                # It is one receiver, and only a person knows what became of it.
                self._suspend(others, lane.state.suspended)
            return
        has_failed = lane.state.failures > 0
        lane.delivered(messages)
        DELIVERIES.labels(STAGE, "delivered").inc(sent.whole)
        DELIVERIES.labels(STAGE, "redacted").inc(sent.redacted)
        DELIVERED_AT.labels(STAGE).set_to_current_time()
        if has_failed:
            # It answers again: its other partitions need not wait out their time.
            for other in others:
                other.state = other.state.encouraged()

    def _suspend(self, lanes: list[Lane], why: Suspension) -> None:
        log.error("the webhook of %s is suspended: %s", lanes[0].recipient, why)
        for lane in lanes:
            lane.state = lane.state._replace(suspended=lane.state.suspended or why)
            self._roster.changed[lane.key] = lane
        self._roster.is_other = True

    def _commit(self) -> None:
        roster = self._roster
        if time.monotonic() >= self._commit_all_at:
            # The broker forgets an offset by its age.
            roster.changed |= roster.lanes
            self._commit_all_at = time.monotonic() + _COMMIT_ALL_EVERY_S
        changed = [lane for key, lane in roster.changed.items() if roster.lanes.get(key) is lane]
        if changed:
            commit(self._config, self._consumer, changed)
        roster.changed = {}

    def _start(self) -> None:
        now = self._clock()
        busy = Counter(one.lane.recipient for one in self._under_way)
        for name, served in self._roster.served.items():
            due = [lane for lane in served.lanes if lane.is_due(now)]
            due.sort(key=lambda lane: (lane.state.failures, lane.oldest_at))
            for lane in due[: max(0, AT_ONCE - busy[name])]:
                messages = lane.next_cut()
                parcel = Parcel(served.recipient, served.registration, lane.partition, messages)
                lane.is_under_way = True
                sending = served.pool.submit(self._courier.send, parcel)
                self._under_way.append(_UnderWay(lane, lane.run, messages, sending))

    def _show(self) -> None:
        lanes = self._roster.lanes.values()
        free = [lane for lane in lanes if not lane.is_held]
        self.reached = {lane.key: lane.position for lane in free}
        showing.show(lanes, self._clock())
        oldest_at = min((lane.oldest_at for lane in free if lane.oldest_at is not None), default=None)
        self._readiness.resumed()
        if oldest_at is None:
            self._readiness.caught_up()
        else:
            self._readiness.works_on(oldest_at)
