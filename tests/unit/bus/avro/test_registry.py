"""Errors of the registry's client are translated once: what is unknown, what is away, and what is our own fault."""

import threading
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry.error import SchemaRegistryError

from bus.avro.registry import OfflineRegistry, Registry, ask, full_name
from bus.config import BusConfig
from catalogue import wire
from catalogue.errors import Unavailable


def failing(error: Exception) -> Callable[[], Any]:
    def question() -> Any:
        raise error

    return question


def test_an_answer_is_passed_on() -> None:
    assert ask(lambda: 7) == 7


def test_what_the_registry_does_not_know_is_none() -> None:
    assert ask(failing(SchemaRegistryError(404, 40401, "Subject not found"))) is None


@pytest.mark.parametrize(("status", "body"), [(404, b"<html>"), (404, b'{"detail": "Not Found"}'), (200, b"<html>")])
def test_another_program_at_its_address_knows_nothing_of_schemas(status: int, body: bytes) -> None:
    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            registry = Registry(BusConfig("", f"http://127.0.0.1:{server.server_port}"))
            # Not PoisonMessage: what is poison is passed over.
            with closing(registry), pytest.raises(Unavailable, match="is no registry"):
                registry.schema(141)
        finally:
            server.shutdown()


@pytest.mark.parametrize("status", [409, 422, 500, 503])
def test_a_refusal_is_unavailable_with_what_was_asked(status: int) -> None:
    with pytest.raises(Unavailable, match=r"^The registry did not take X: "):
        ask(failing(SchemaRegistryError(status, status, "no")), "The registry did not take X")


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        ask(failing(KeyError("schema")))


def test_a_registry_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer") as away:
        ask(failing(httpx.ConnectError("refused")))
    assert away.value.remedy


def test_a_subject_is_the_real_topic_and_the_record_s_full_name() -> None:
    registry = OfflineRegistry(BusConfig("", "", topic_prefix="try."))
    assert full_name(wire.STATE) == "credithub.internal.State"
    assert registry.subject("credit.state.v1", wire.STATE) == "try.credit.state.v1-credithub.internal.State"
    assert registry.register("credit.state.v1", wire.STATE) == 0
