"""A warm copy of the stores of partition numbers that another worker owns, kept up from their topics.

Faust's assignor says which numbers (its ``standbys``). Taking one over, the worker then has the tail alone to read.
Ours, because Faust's standbys know only the changelogs of its own tables.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from confluent_kafka import TopicPartition

from bus import clients
from bus.config import BusConfig
from catalogue.errors import Unavailable
from processing.store import Store, condemn
from streams.merge.rolling import ByItem
from streams.restoring import CHANGELOGS, OnRestored, Tail, open_store

log = logging.getLogger(__name__)
_RETRY_S = 5.0


class Standby:
    """Tails the changelogs of some partition numbers in one thread; ``follow`` and ``stop`` are its owner's."""

    def __init__(
        self, config: BusConfig, place: Callable[[int], Path], by_item: ByItem, on_restored: OnRestored
    ) -> None:
        self._config, self._place, self._by_item, self._on_restored = config, place, by_item, on_restored
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, numbers: Iterable[int]) -> None:
        """Begin to follow these numbers; ``stop`` first when others were followed."""
        wanted = sorted(numbers)
        if not wanted:
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(wanted, self._stop), name="standby", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop and close the stores, so that an engine can open them."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _run(self, numbers: list[int], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with contextlib.ExitStack() as held:
                    self._tail({n: self._opened(n, held) for n in numbers}, held, stop)
            except Unavailable as exc:
                log.warning("standby: %s", exc)
            except Exception:
                # A standby that fails must not take the partitions with it that this worker owns.
                log.exception("standby: the copies of %s are given up and made anew", numbers)
                for number in numbers:
                    condemn(self._place(number))
            stop.wait(_RETRY_S)

    def _opened(self, number: int, held: contextlib.ExitStack) -> Store:
        store = open_store(self._config, number, self._place(number))
        held.callback(store.close)
        return store

    def _tail(self, stores: dict[int, Store], held: contextlib.ExitStack, stop: threading.Event) -> None:
        tails = {number: Tail(store, self._by_item) for number, store in stores.items()}
        bare = {self._config.topic(topic): topic for topic in CHANGELOGS}
        consumer = clients.consumer(self._config, "standby")
        held.callback(consumer.close)
        consumer.assign(
            [TopicPartition(name, n, tail.start(topic)) for name, topic in bare.items() for n, tail in tails.items()]
        )
        log.info("standby of partitions %s", sorted(stores))
        while not stop.is_set():
            for message in consumer.consume(5000, timeout=0.5):
                if message.error() is None:
                    tails[message.partition()].take(bare[message.topic()], message)
                    self._on_restored(bare[message.topic()], 1)
            for tail in tails.values():
                tail.flush()
