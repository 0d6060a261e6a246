"""The one door to Kafka and the registry: every client of both is made here, so what secures them has one place.

Settings that differ (a transactional id, a smaller fetch) are the caller's, by librdkafka's names, each with its
reason beside it. A test finds clients that are made elsewhere.
"""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient

from bus import access
from bus.access import AccessDenied
from bus.config import BusConfig
from bus.rotation import Client, follow

# How long the first question of a process waits at most for a broker that does not know its user: it hears so at once,
# and of one that is away each client tells by itself.
_ADMITTED_WITHIN_S = 2.0
# A question that waits for its answer hears nothing else meanwhile, so it is asked in turns, each twice as long.
_FIRST_TURN_S = 0.3
_Client = TypeVar("_Client", bound=Client)
_AWAY = frozenset({"_TRANSPORT", "_TIMED_OUT", "_ALL_BROKERS_DOWN"})
# By client file, those with which this process was let in, or could not ask.
_asked: set[str] = set()


def _common(config: BusConfig) -> dict[str, Any]:
    # Callers get errors as exceptions and results, and `LagWatch` tells that the broker is away. librdkafka's own log
    # would tell each try to connect: twenty lines a second of each client, in a format of its own.
    return {"bootstrap.servers": config.bootstrap, "log_level": 2, **_access(config)}


def _access(config: BusConfig) -> Mapping[str, str]:
    return access.client_settings(Path(config.client_file)) if config.client_file else {}


class _Refusal:
    """What a client heard. A callback of its own would be a cycle: its threads and connections would outlive its use
    until the interpreter searches for cycles, which a long process seldom does.
    """

    def __init__(self) -> None:
        self.heard: KafkaError | None = None

    def note(self, error: KafkaError) -> None:
        if access.is_refusal(error):
            self.heard = error


class _Admin(AdminClient):  # type: ignore[misc]
    """Says at once that the broker does not let it in. librdkafka says so by a callback alone, and goes on trying."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._refusal = _Refusal()
        super().__init__({**settings, "error_cb": self._refusal.note})

    def list_topics(self, topic: str | None = None, timeout: float = 30.0) -> Any:
        """Return the metadata; raises AccessDenied, and KafkaException when no broker answers in time."""
        named = {} if topic is None else {"topic": topic}
        deadline, turn_s = time.monotonic() + timeout, _FIRST_TURN_S
        while True:
            left_s = deadline - time.monotonic()
            try:
                return super().list_topics(**named, timeout=max(0.01, min(turn_s, left_s)))
            except KafkaException as exc:
                self.poll(0)
                if self._refusal.heard is not None:
                    raise access.refused("in", self._refusal.heard) from exc
                if turn_s >= left_s or exc.args[0].name() not in _AWAY:
                    raise
                turn_s *= 2


class HubProducer(Producer):  # type: ignore[misc]
    """One that can be told of without being kept (`bus.rotation`); librdkafka's own classes cannot."""


class HubConsumer(Consumer):  # type: ignore[misc]
    """As the producer. It takes another password in its own thread: while one consumes, another waits for long."""

    _login: tuple[str, str] | None = None

    def set_sasl_credentials(self, username: str, password: str, /) -> None:
        """Log in as this user from the next connection on, once it is asked for anything."""
        self._login = username, password

    def consume(self, *args: Any, **more: Any) -> Any:
        """Return messages."""
        self._take_login()
        return super().consume(*args, **more)

    def poll(self, *args: Any, **more: Any) -> Any:
        """Return a message."""
        self._take_login()
        return super().poll(*args, **more)

    def committed(self, *args: Any, **more: Any) -> Any:
        """Return what its group has read."""
        self._take_login()
        return super().committed(*args, **more)

    def _take_login(self) -> None:
        if self._login is not None:
            login, self._login = self._login, None
            super().set_sasl_credentials(*login)


def follow_login(config: BusConfig, client: _Client) -> _Client:
    """Have a client log in with the password that its client file will hold, and return it."""
    if config.client_file:
        follow(config.client_file, client)
    return client


def _enter(config: BusConfig) -> None:
    """Ask once in a process whether the broker lets it in: consumers and producers would try in silence.

    Raises AccessDenied.
    """
    if config.client_file and config.client_file not in _asked:
        # A broker that is away whoever uses the client will hear of.
        with contextlib.suppress(KafkaException):
            _Admin({**_common(config), "reconnect.backoff.ms": 5}).list_topics(timeout=_ADMITTED_WITHIN_S)
        _asked.add(config.client_file)


def lets_in(config: BusConfig) -> bool:
    """Whether the broker lets the user of the client file in; asks anew each time."""
    try:
        _Admin({**_common(config), "reconnect.backoff.ms": 5}).list_topics(timeout=_ADMITTED_WITHIN_S)
    except (AccessDenied, KafkaException):
        return False
    return True


def producer(config: BusConfig, **more: Any) -> Producer:
    """Return a producer: idempotent, and with the murmur2 partitioner like every Java client.

    Raises AccessDenied when the broker does not let this process in, as the others do.
    """
    _enter(config)
    made = HubProducer(
        {
            **_common(config),
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            # Many small requests are what costs the broker most.
            "linger.ms": 50,
            "queue.buffering.max.messages": 500_000,
            "queue.buffering.max.kbytes": 131_072,
            # Each topic has a limit of its own; a message that the client itself refused could never be sent.
            "message.max.bytes": 24 * 1024 * 1024,
            **more,
        }
    )
    return follow_login(config, made)


def consumer(config: BusConfig, group: str, **more: Any) -> Consumer:
    """Return a consumer of a group (without prefix) that sees committed messages only and commits nothing by itself."""
    _enter(config)
    made = HubConsumer(
        {
            **_common(config),
            "group.id": config.topic(group),
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # A killed process must not hold its partitions for the 45 s that librdkafka would wait.
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1500,
            "fetch.queue.backoff.ms": 10,
            "queued.max.messages.kbytes": 65_536,
            **more,
        }
    )
    return follow_login(config, made)


def admin(config: BusConfig, **more: Any) -> AdminClient:
    """Return an admin client, whose ``list_topics`` raises AccessDenied when the broker does not let it in."""
    settings = {**_common(config), **more}
    return follow_login(config, _Admin(settings)) if config.client_file else AdminClient(settings)


def aiokafka_settings(config: BusConfig) -> dict[str, Any]:
    """Return what every aiokafka client is made with: the brokers, what lets it in, and committed messages only."""
    _enter(config)
    settings = _access(config)
    servers = settings.get("bootstrap.servers", config.bootstrap).split(",")
    return {
        "bootstrap_servers": servers,
        "isolation_level": "read_committed",
        **access.aiokafka_settings(settings),
    }


def registry_client(config: BusConfig, **more: Any) -> SchemaRegistryClient:
    """Return a client of the schema registry, which its caller closes."""
    # To know whom to trust costs twenty milliseconds each time, and over plain HTTP nobody is asked.
    trusted = {"ssl.ca.location": False} if config.registry_url.startswith("http://") else {}
    # By itself it would wait for ever for a registry that hangs.
    return SchemaRegistryClient({"url": config.registry_url, "timeout": 30, **trusted, **more})


def registry_admin(address: str) -> httpx.Client:
    """Return a client of the registry's own interface, which its caller closes; an archive may take it a while."""
    return httpx.Client(base_url=address, timeout=120.0, trust_env=False)
