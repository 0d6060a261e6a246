"""Warm copies of the stores of partitions that another worker owns, kept up from their changelogs.

Faust's assignor says which partitions (its ``standbys``). Taking one over, the worker then has only the newest messages
to read. The copies are ours, because Faust's standbys know only the changelogs of its own tables.
"""

import contextlib
import logging
import threading
from collections.abc import Iterable

from confluent_kafka import TopicPartition

from bus import clients
from catalogue.errors import Unavailable
from processing.partition import Runtime
from processing.restore import OnRestored, Tail, open_store, restored_topics
from processing.store import Store, condemn

log = logging.getLogger(__name__)
_RETRY_S = 5.0


class Standby:
    """Follows the changelogs of some partitions in one thread; ``follow`` and ``stop`` are its owner's to call."""

    def __init__(self, runtime: Runtime, on_restored: OnRestored) -> None:
        self._runtime, self._on_restored = runtime, on_restored
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, partitions: Iterable[int]) -> None:
        """Begin to follow these partitions; ``stop`` first when others were followed."""
        wanted = sorted(partitions)
        if not wanted:
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(wanted, self._stop), name="standby", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop and close the stores, so that they can be opened by an owner."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _run(self, partitions: list[int], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with contextlib.ExitStack() as resources:
                    self._tail({p: self._opened(p, resources) for p in partitions}, resources, stop)
            except Unavailable as exc:
                log.warning("standby: %s", exc)
            except Exception:
                # A standby that fails must not take the partitions with it that this worker owns.
                log.exception("standby: the copies of %s are given up and made anew", partitions)
                for partition in partitions:
                    condemn(self._runtime.store_path(partition))
            stop.wait(_RETRY_S)

    def _opened(self, partition: int, resources: contextlib.ExitStack) -> Store:
        runtime = self._runtime
        store = open_store(runtime.config, partition, runtime.store_path(partition), runtime.processor)
        resources.callback(store.close)
        return store

    def _tail(self, stores: dict[int, Store], resources: contextlib.ExitStack, stop: threading.Event) -> None:
        config, processor = self._runtime.config, self._runtime.processor
        tails = {partition: Tail(store, processor) for partition, store in stores.items()}
        names = {config.topic(topic): topic for topic in restored_topics(processor)}
        consumer = clients.consumer(config, config.own("standby"))
        resources.callback(consumer.close)
        consumer.assign(
            [
                TopicPartition(name, partition, tail.start(topic))
                for name, topic in names.items()
                for partition, tail in tails.items()
            ]
        )
        log.info("standby of partitions %s", sorted(stores))
        while not stop.is_set():
            for message in consumer.consume(5000, timeout=0.5):
                if message.error() is None:
                    tails[message.partition()].take(names[message.topic()], message)
                    self._on_restored(names[message.topic()], 1)
            for tail in tails.values():
                tail.flush()
