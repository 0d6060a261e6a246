"""Health that is checked: each service is asked a question that only a working one can answer."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bus import clients
from bus.config import BusConfig
from catalogue.errors import Unavailable
from connectors import postgres

# While a service starts we look often, so that nobody waits for our nap.
_EAGER_PAUSE_S = 0.2
_CALM_PAUSE_S = 2.0
_ANSWER_WITHIN_S = 4.0
# A check that has said nothing for so long counts as "no".
_SILENCE_S = 10.0


Check = Callable[[], str | None]
"""Raises while its service is not healthy; may return what else there is to say of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last answer of a service."""

    is_healthy: bool
    message: str


class HealthMonitor:
    """Asks one service again and again on a thread of its own, so that a hung answer delays nobody."""

    def __init__(self, name: str, check: Check, *, silence_s: float = _SILENCE_S) -> None:
        self._check = check
        self._silence_s = silence_s
        self._lock = threading.Lock()
        self._awake = threading.Event()
        # Rises with every pause, so that an answer about a former process is not taken for the present one.
        self._generation = 0
        self._verdict = Verdict(False, "not asked yet")
        self._answered_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"health-{name}", daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Ask from now on, starting from "not healthy"."""
        with self._lock:
            self._generation += 1
            self._verdict = Verdict(False, "not asked yet")
            self._answered_at = time.monotonic()
        self._awake.set()

    def pause(self) -> None:
        """Ask no more until `resume`."""
        self._awake.clear()
        with self._lock:
            self._generation += 1
            self._verdict = Verdict(False, "not running")

    def verdict(self) -> Verdict:
        """Return the last answer, or that there has been none for too long."""
        with self._lock:
            silent_s = time.monotonic() - self._answered_at
            if self._awake.is_set() and silent_s > self._silence_s:
                return Verdict(False, f"no answer for {silent_s:.0f} s")
            return self._verdict

    def _run(self) -> None:
        while True:
            self._awake.wait()
            generation = self._generation
            try:
                verdict = Verdict(True, self._check() or "ok")
            except Exception as error:  # whatever a check raises is the answer "no"
                verdict = Verdict(False, str(error).strip().split("\n")[0][:200] or type(error).__name__)
            with self._lock:
                if generation == self._generation:
                    self._verdict = verdict
                    self._answered_at = time.monotonic()
            time.sleep(_CALM_PAUSE_S if verdict.is_healthy else _EAGER_PAUSE_S)


class KafkaCheck:
    """The broker names the cluster's nodes and its controller."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin: AdminClient | None = None

    def __call__(self) -> None:
        """Raise Unavailable when the broker does not answer."""
        if self._admin is None:
            self._admin = clients.admin(
                BusConfig(self._bootstrap, registry_url=""),
                **{"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 500},
            )
        try:
            future = self._admin.describe_cluster(request_timeout=_ANSWER_WITHIN_S)
            cluster = future.result(_ANSWER_WITHIN_S + 1)
        except (KafkaException, TimeoutError) as error:
            raise Unavailable(f"Kafka at {self._bootstrap} does not answer.") from error
        if not cluster.nodes or cluster.controller is None:
            raise Unavailable(f"Kafka at {self._bootstrap} has no controller.")


def http_check(url: str) -> Check:
    """Return a check that wants 200 from an address."""
    ask = _asker(url)

    def check() -> None:
        response = ask()
        if response.status_code != 200:
            raise Unavailable(f"{url} answers {response.status_code}.")

    return check


def readiness_check(url: str) -> Check:
    """Return a check of a process of ours that serves ``/readyz`` there: it is healthy when it answers.

    What it says of itself, that it recovers or is behind, is told: to restart it would not help.
    """
    ask = _asker(url)

    def check() -> str | None:
        response = ask()
        if response.status_code == 200:
            return None
        if response.status_code != 503:
            raise Unavailable(f"{url} answers {response.status_code}.")
        said = response.json()
        return f"{said['state']}: {said['reason']}"

    return check


def _asker(url: str) -> Callable[[], httpx.Response]:
    # Kept, because to make a client costs twenty milliseconds, and there is a check every two seconds per process.
    client = httpx.Client(timeout=_ANSWER_WITHIN_S, trust_env=False)

    def ask() -> httpx.Response:
        try:
            return client.get(url)
        except httpx.HTTPError as error:
            raise Unavailable(f"{url} does not answer ({type(error).__name__}).") from error

    return ask


def registry_check(registry_url: str) -> Check:
    """Return a check that lists the subjects, which reads the registry's database."""
    return http_check(f"{registry_url.rstrip('/')}/subjects")


def postgres_check(dsn: str) -> Check:
    """Return a check that logs in and runs ``select 1``."""

    def check() -> None:
        with postgres.connection(dsn, timeout_s=_ANSWER_WITHIN_S) as connection, connection.cursor() as cursor:
            cursor.execute("select 1")
            cursor.fetchone()

    return check
