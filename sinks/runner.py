"""Runs a sink: reads batches, has them delivered, holds the position while something is away, counts."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic

from confluent_kafka import KafkaException, Message, TopicPartition

from bus.config import BusConfig
from bus.reading import offsets
from bus.reading.lag_watch import LagWatch
from bus.reading.receiving import receive
from catalogue.errors import Unavailable
from monitoring.metrics import BATCH, BATCH_EVENTS, DELIVERED_AT, DELIVERIES, RECEIVED, begin_stage
from sinks import dead_letters
from sinks.contract import Prepared, Sink
from sinks.holding import Patience, first_offsets
from sinks.readiness import SinkReadiness

log = logging.getLogger(__name__)

# How long an idle sink waits for a message: no longer than a stop may take.
_IDLE_POLL_S = 0.5


def run(sink: Sink[Prepared], config: BusConfig, stop: threading.Event, readiness: SinkReadiness | None = None) -> None:
    """Run a sink until ``stop``; ``readiness`` is told how it goes.

    Raises KafkaException when a transaction failed, the consumer broke for good or another process took over: the
    supervisor starts anew, and the next process begins where the last delivered batch ended. Raises IntegrityError as
    the sink does.
    """
    readiness = readiness or SinkReadiness()
    runner = Runner(sink, stop, readiness)
    watch = LagWatch(config, sink.name, lambda: sink.reached, readiness.progress, sink.waits_for, sink.observe)
    with closing(sink), closing(watch):
        runner.open()
        watch.start()
        while not stop.is_set():
            runner.step()


@dataclass(frozen=True, slots=True)
class _Batch(Generic[Prepared]):
    messages: Sequence[Message]
    prepared: Prepared
    begun: float
    oldest_at: float


class Runner(Generic[Prepared]):
    """One sink and the batch that it is sending."""

    def __init__(self, sink: Sink[Prepared], stop: threading.Event, readiness: SinkReadiness) -> None:
        self._sink, self._readiness = sink, readiness
        self._patience = Patience(sink.name, stop, readiness, sink.longest_wait_s)
        self._under_way: _Batch[Prepared] | None = None
        begin_stage(sink.name, sink.sources.values(), (dead_letters.POISON,), sink.outcomes)

    def open(self) -> None:
        """Open the sink, however long what it needs is away."""
        try:
            self._patience.until(lambda: self._sink.open(self._patience))
        except KafkaException:
            # What it left open would hide what others write, until its time is over.
            self._sink.abort()
            raise
        self._readiness.opened()

    def step(self) -> None:
        """Deliver one batch, or hold the position of all that is not delivered.

        A pipelined sink's batch is only started, and the one before it delivered.
        """
        # A batch under way must not wait for the next one.
        first_s = _IDLE_POLL_S if self._under_way is None else 0.0
        messages = receive(self._sink.consumer, self._sink.batch_size, self._sink.poll_s, first_s=first_s)
        if not messages and self._under_way is None:
            self._idle()
            return
        try:
            batch = self._prepared(messages) if messages else None
            self._finish()
            if batch is not None:
                self._under_way = batch
                self._sink.start(batch.prepared)
                if not self._sink.pipelined:
                    self._finish()
        except Unavailable as problem:
            self._hold(messages, problem)
        except KafkaException as exc:
            log.warning("%s: transaction aborted, this process ends: %s", self._sink.name, exc)
            self._sink.abort()
            raise

    def _idle(self) -> None:
        # A client that holds reads nothing for a moment after it was rewound.
        if self._patience.holds:
            return
        if self._sink.consumer.assignment():
            self._readiness.caught_up()

    def _prepared(self, messages: list[Message]) -> _Batch[Prepared]:
        begun = time.monotonic()
        oldest_at = min(message.timestamp()[1] for message in messages) / 1000
        former = self._under_way
        self._readiness.works_on(oldest_at if former is None else min(oldest_at, former.oldest_at))
        return _Batch(messages, self._sink.prepare(messages), begun, oldest_at)

    def _finish(self) -> None:
        """Deliver the batch under way, if there is one."""
        batch = self._under_way
        if batch is None:
            return
        delivered = self._sink.deliver(batch.prepared, batch.messages)
        self._under_way = None
        self._patience.resume()
        self._count(batch, delivered)

    def _hold(self, messages: list[Message], problem: Unavailable) -> None:
        """Forget what was read and is not delivered, go back to where it began, and wait."""
        undelivered = messages
        if self._under_way is not None:
            self._sink.discard(self._under_way.prepared)
            # The batch under way may be the very one that was just read: its first offsets are the same.
            undelivered = [*self._under_way.messages, *messages]
            self._under_way = None
        for (topic, partition), offset in first_offsets(undelivered).items():
            self._sink.consumer.seek(TopicPartition(topic, partition, offset))
        self._patience.hold(problem)

    def _count(self, batch: _Batch[Prepared], delivered: Mapping[str, int]) -> None:
        name = self._sink.name
        for outcome, count in delivered.items():
            DELIVERIES.labels(name, outcome).inc(count)
        # Replaced, never changed: the watch reads it from its own thread.
        reached = dict(self._sink.reached)
        for real, messages in self._by_topic(batch.messages).items():
            topic = self._sink.sources[real]
            RECEIVED.labels(name, topic).inc(len(messages))
            for message in messages:
                reached[offsets.TopicPartition(topic, message.partition())] = message.offset() + 1
        self._sink.reached = reached
        DELIVERED_AT.labels(name).set_to_current_time()
        BATCH.labels(name).observe(time.monotonic() - batch.begun)
        BATCH_EVENTS.labels(name).observe(len(batch.messages))

    def _by_topic(self, messages: Sequence[Message]) -> Mapping[str, Sequence[Message]]:
        if len(self._sink.sources) == 1:
            return dict.fromkeys(self._sink.sources, messages)
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic(), []).append(message)
        return by_topic
