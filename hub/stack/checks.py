"""One question for each kind of service that only a working one can answer."""

import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bus import clients
from bus.config import BusConfig
from catalogue.errors import Unavailable
from connectors import postgres
from hub.stack.health import ServiceCheck
from monitoring.addresses import shown_address

_ANSWER_WITHIN_S = 4.0


class KafkaCheck:
    """The broker names the brokers of its cluster, and its controller."""

    def __init__(self, bootstrap: str, client_file: str = "") -> None:
        """``client_file``: what to log in with (`bus.access`)."""
        self._bootstrap, self._client_file = bootstrap, client_file
        self._admin: AdminClient | None = None

    def __call__(self) -> None:
        """Raise Unavailable when the broker does not answer."""
        if self._admin is None:
            self._admin = clients.admin(
                BusConfig(self._bootstrap, registry_url="", client_file=self._client_file),
                **{"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 500},
            )
        try:
            # Not describe_cluster: on a busy machine librdkafka 2.16 ended the whole process in it, by an assertion in
            # the parsing of its answer (rd_kafka_admin_response_parse), and every child with the supervisor.
            cluster = self._admin.list_topics(timeout=_ANSWER_WITHIN_S)
        except KafkaException as error:
            raise Unavailable(f"Kafka at {self._bootstrap} does not answer.") from error
        if not cluster.brokers or cluster.controller_id < 0:
            raise Unavailable(f"Kafka at {self._bootstrap} has no controller.")


def http_check(url: str) -> ServiceCheck:
    """Return a check that wants 200 from an address."""
    # One client for all calls: making one takes 20 ms.
    client, shown = httpx.Client(timeout=_ANSWER_WITHIN_S, trust_env=False), shown_address(url)

    def check() -> None:
        try:
            response = client.get(url)
        except httpx.HTTPError as error:
            raise Unavailable(f"{shown} does not answer ({type(error).__name__}).") from error
        if response.status_code != 200:
            raise Unavailable(f"{shown} answers {response.status_code}.")

    return check


def readiness_check(url: str, home: str, process: str) -> ServiceCheck:
    """Return a check of this process of this home, which serves ``/readyz`` there: it is healthy when it answers.

    A 503 is an answer, too: its reason (it recovers, it is behind) is passed on. A restart would not help. An answer of
    another process, of another hub perhaps, is none.
    """
    parts = urlsplit(url)

    def check() -> str | None:
        # Each process is asked every few seconds, for as long as the stack runs: httpx takes four times as long.
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_WITHIN_S)
        try:
            with closing(connection):
                connection.request("GET", parts.path)
                response = connection.getresponse()
                body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{url} does not answer ({type(error).__name__}).") from error
        if response.status not in (200, 503):
            raise Unavailable(f"{url} answers {response.status}.")
        answer = json.loads(body)
        if (whose := (answer.get("home"), answer.get("process"))) != (home, process):
            raise Unavailable(f"{url} is answered by {whose[1] or 'another program'} of {whose[0] or 'another hub'}.")
        if response.status == 200:
            return None
        return f"{answer['state']}: {answer['reason']}"

    return check


def registry_check(registry_url: str) -> ServiceCheck:
    """Return a check that lists the subjects, which reads the registry's database."""
    return http_check(f"{registry_url.rstrip('/')}/subjects")


def postgres_check(dsn: str) -> ServiceCheck:
    """Return a check that logs in and runs ``select 1``."""

    def check() -> None:
        with postgres.connection(dsn, timeout_s=_ANSWER_WITHIN_S) as connection, connection.cursor() as cursor:
            cursor.execute("select 1")
            cursor.fetchone()

    return check
