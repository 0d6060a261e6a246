"""Messages of one transaction: all of them, or none. Kafka's errors become the hub's here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaException

from bus import clients
from bus.access import raise_if_refused
from bus.config import BusConfig
from bus.transactions import abort
from catalogue.errors import Unavailable
from producers.submissions.messages import OutgoingMessage

_TIMEOUT_S = 60.0
_SETTINGS: Mapping[str, Any] = {
    # A killed push hides the ledger's end from the others no longer than this.
    "transaction.timeout.ms": 20_000,
    # A clerk's terminal is no log: what fails is raised, what is retried is nobody's concern.
    "log_level": 2,
}


class TransactionalPublisher:
    """Publishes under one transactional id (without prefix): of two that have it, the one that began first is fenced.

    Every method raises Unavailable when Kafka does not take it: nothing of that call is published then, and another
    try takes another publisher. ``what`` stands in that error.
    """

    def __init__(self, config: BusConfig, transactional_id: str, what: str, **settings: Any) -> None:
        self._config, self._what = config, what
        self._producer = clients.producer(
            config, **_SETTINGS, **settings, **{"transactional.id": config.topic(transactional_id)}
        )

    def begin(self) -> None:
        """End the transaction of a killed run under the same id, so that what is read afterwards is the last word."""
        with self._translated():
            self._producer.init_transactions(_TIMEOUT_S)

    def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish messages in one transaction."""
        with self._translated():
            self._producer.begin_transaction()
            try:
                for message in messages:
                    topic = self._config.topic(message.topic)
                    self._producer.produce(topic, key=message.key.encode(), value=message.value)
                # Fails when a single message was not delivered, and flushes before it.
                self._producer.commit_transaction(_TIMEOUT_S)
            except BaseException:
                abort(self._producer)
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except KafkaException as exc:
            raise_if_refused(exc, f"write {self._what}")
            raise Unavailable(f"Kafka did not take {self._what}: {exc}.", remedy="Run the same command again.") from exc
