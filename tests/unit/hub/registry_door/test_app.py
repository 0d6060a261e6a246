"""The door on a port, by http and https: what gets in, and what of a request gets to the registry."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bus.config import BusConfig
from hub.certificates.folder import CertificateFolder, ServerPem
from hub.registry_door import connections
from hub.registry_door.answers import RegistryAnswers
from hub.registry_door.app import RegistryDoor
from hub.registry_door.connections import CountedConnection
from hub.registry_door.questions import BankPaths
from hub.registry_door.server import door_config
from hub.registry_door.throttle import Throttle
from monitoring.health import HealthCheck
from tests.ports import free_port
from tests.serving import serving
from tests.unit.hub.registry_door.registry import RECORD, YINHE, FakeRegistry
from tests.waiting import until

PATHS = BankPaths(BusConfig("", ""), lambda: ["yinhe", "qinghe"])
JSON = "application/vnd.schemaregistry.v1+json"


class Door:
    """A door that listens, and the registry behind it."""

    def __init__(self, throttle: Throttle, pem: ServerPem | None) -> None:
        self.registry = FakeRegistry()
        self.health: HealthCheck
        self.port = free_port()
        self.url = f"{'https' if pem else 'http'}://127.0.0.1:{self.port}"
        app = RegistryDoor(PATHS, self._opened, throttle, on_started=self._started)
        self.config = door_config(app, "127.0.0.1", self.port, pem)

    def _opened(self) -> RegistryAnswers:
        return RegistryAnswers(self.registry.client(), PATHS)

    def _started(self, health: HealthCheck) -> None:
        self.health = health

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False, **more)

    def raw(self, request: bytes) -> bytes:
        """Return the whole answer to bytes that no client would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            answer = b""
            while received := connection.recv(65536):
                answer += received
            return answer


@contextlib.contextmanager
def listening(throttle: Throttle | None = None, pem: ServerPem | None = None) -> Iterator[Door]:
    door = Door(throttle or Throttle(), pem)
    with serving(door.config):
        yield door


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with listening() as door:
        yield door


def test_a_schema_is_told_in_the_registry_s_form(door: Door) -> None:
    answer = door.get("/schemas/ids/1")
    assert (answer.status_code, answer.json()) == (200, {"schema": door.registry.schema(1)})
    assert answer.headers["content-type"] == JSON
    assert "指标" in answer.content.decode("utf-8")
    assert set(answer.headers) == {"date", "content-type", "content-length", "x-content-type-options"}


@pytest.mark.attack(by="a bank", wants="to register, set or delete something through the door")
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/schemas/ids/2", 404, 40403),
        ("GET", f"/subjects/{RECORD}/versions/1", 403, 40301),
        ("GET", "/config", 404, 404),
        ("POST", f"/subjects/{YINHE}", 405, 405),
        ("POST", f"/subjects/{YINHE}/versions", 405, 405),
        ("PUT", "/config", 405, 405),
        ("DELETE", f"/subjects/{YINHE}", 405, 405),
        ("OPTIONS", "/subjects", 405, 405),
        ("PATCH", "/schemas/ids/1", 405, 405),
    ],
)
def test_what_is_refused_is_refused_in_the_registry_s_form(
    door: Door, method: str, path: str, status: int, code: int
) -> None:
    answer = httpx.request(method, door.url + path, trust_env=False)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json()["message"]
    assert answer.headers["content-type"] == JSON
    if status == 405:
        assert answer.headers["allow"] == "GET"


@pytest.mark.attack(by="a stranger at the door", wants="past it, by a path that is decoded twice")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/%73chemas/ids/1", 200),
        ("/schemas%2Fids%2F1", 200),
        ("/schemas/ids/1%2F..%2F..%2F..%2Fconfig", 404),
        ("/schemas/ids/%2e%2e/%2e%2e/config", 404),
        ("/subjects/..%2f..%2fconfig/versions", 404),
        ("/subjects/%252e%252e/versions", 403),
        ("/schemas/ids/1%00", 404),
        ("/schemas/ids/1%0d%0aX-Other:%201", 404),
        ("/schemas/ids/1;x=1", 404),
    ],
)
def test_a_path_is_compared_as_it_is_decoded_once(door: Door, path: str, status: int) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert int(door.raw(request.encode()).split()[1]) == status


@pytest.mark.attack(by="a stranger at the door", wants="to speak to the registry, by a query, a header or a body")
def test_neither_query_nor_header_nor_body_reaches_the_registry() -> None:
    with listening() as door:
        until(lambda: door.health().ready, "the door reads ahead")
        headers = {"x-registry-artifactid": "secret", "authorization": "Basic c2VjcmV0", "x-forwarded-for": "10.9.9.9"}
        answer = door.get("/schemas/ids/1?subject=../config&fetchMaxId=true&format=secret", headers=headers)
        assert answer.status_code == 200
        with_body = httpx.request("GET", door.url + "/schemas/ids/3", content=b"x" * 100_000, trust_env=False)
        assert with_body.status_code == 404
        for url, sent in zip(door.registry.urls, door.registry.headers, strict=True):
            assert set(url.params) <= {"offset", "limit"}
            assert set(sent) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
            assert "secret" not in f"{url} {sent}"


@pytest.mark.attack(by="a stranger at the door", wants="the door's end, by what is no HTTP")
def test_what_is_no_http_is_answered_and_the_door_stays_open(door: Door) -> None:
    for rubbish in (
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ):
        assert door.raw(rubbish)[:12] in (b"HTTP/1.1 400", b"")
    assert door.get("/subjects").status_code == 200


@pytest.mark.attack(by="a stranger at the door", wants="all of its time, under any address that he names")
def test_who_asks_too_often_is_told_when_to_ask_again() -> None:
    with listening(Throttle(per_s=0.5, burst=2)) as door:
        statuses = [door.get("/subjects").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        # Whatever is asked, and whoever the headers say asks.
        answer = door.get("/none", headers={"x-forwarded-for": "10.9.9.9"})
        assert (answer.status_code, answer.json()["error_code"]) == (429, 42901)
        assert int(answer.headers["retry-after"]) in (1, 2)


def test_a_registry_that_is_away_is_told_with_when_to_ask_again() -> None:
    with listening() as door:
        assert door.get("/schemas/ids/1").status_code == 200
        until(lambda: door.health().ready, "the door has begun")
        door.registry.away = True
        assert door.get("/schemas/ids/1").status_code == 200
        answer = door.get("/schemas/ids/9")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert door.health().ready
        assert "What is kept is told" in door.health().reason


@pytest.mark.attack(by="a stranger at the door", wants="all of its connections, by silence and by heads that drip")
def test_connections_of_one_client_are_counted_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_PER_CLIENT", 2)
    monkeypatch.setattr(connections, "LONGEST_S", 1.5)
    with listening() as door, contextlib.ExitStack() as stack:

        def connected(source: str) -> socket.socket:
            return stack.enter_context(
                socket.create_connection(("127.0.0.1", door.port), timeout=20, source_address=(source, 0))
            )

        silent, begun = connected("127.0.0.1"), connected("127.0.0.1")
        begun.sendall(b"GET /subjects HTTP/1.1\r\nHost")
        opened_at = time.monotonic()
        assert connected("127.0.0.1").recv(1) == b""
        # Another client is not kept out by them.
        other = connected("127.0.0.2")
        other.sendall(b"GET /subjects HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert other.recv(12) == b"HTTP/1.1 200"
        assert silent.recv(1) == begun.recv(1) == b""
        assert 1.0 < time.monotonic() - opened_at < 15
        until(lambda: not CountedConnection.by_client["127.0.0.1"], "the connections were forgotten")
        assert door.get("/subjects").status_code == 200


def test_by_https_it_is_known_by_the_hub_s_authority(tmp_path: Path) -> None:
    folder = CertificateFolder(tmp_path)
    folder.make([], datetime.now(UTC))
    pem = folder.server_pem()
    with listening(pem=pem) as door:
        assert pem is not None
        trusting = ssl.create_default_context(cafile=pem.authority)
        assert door.get("/schemas/ids/1", verify=trusting).json() == {"schema": door.registry.schema(1)}
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            door.get("/schemas/ids/1")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(door.url.replace("https", "http") + "/schemas/ids/1", trust_env=False)


def test_an_error_is_json_to_every_client(door: Door) -> None:
    head, _, body = door.raw(b"GET /x HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert json.loads(body)["error_code"] == 404
