"""Nobody gets further than the token without it; asked in this process, and over a socket by the node's own server."""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from catalogue.errors import SinkUnavailable
from catalogue.load import load_catalogue
from connectors.http_out import Backoff, HttpOut
from federation.receiver import requests
from federation.receiver.app import create_app
from tests.ports import free_port
from tests.serving import serving

TOKEN = "fictitious-token"
BATCH = "/v1/batches/" + "0" * 32
_LARGE = requests.MAX_BODY_BYTES + 1


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(tmp_path / "store.sqlite3", load_catalogue(), TOKEN)) as client:
        yield client


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where a node answers that listens on a port."""
    app = create_app(tmp_path_factory.mktemp("node") / "store.sqlite3", load_catalogue(), TOKEN)
    with serving(uvicorn.Config(app, port=(port := free_port()), access_log=False, log_config=None)):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.attack(by="a stranger on the network", wants="to send or read records without the token")
@pytest.mark.parametrize(
    "given", [None, "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN}x", "Bearer 口令".encode()]
)
def test_who_carries_another_token_or_none_is_refused(stranger: TestClient, given: Any) -> None:
    headers = {} if given is None else {"authorization": given}
    for method, path in (("PUT", BATCH), ("GET", BATCH), ("GET", "/v1/summary"), ("GET", "/v1/records")):
        answer = stranger.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"reason": "口令缺失或不对"})
        assert (answer.headers["www-authenticate"], answer.headers["connection"]) == ("Bearer", "close")


def test_who_carries_it_is_let_in_and_anybody_may_ask_for_the_health(stranger: TestClient) -> None:
    assert stranger.get("/v1/summary", headers={"authorization": f"bearer {TOKEN}"}).status_code == 200
    assert stranger.get("/health").json() == {"status": "ok"}


@pytest.mark.attack(by="a stranger on the network", wants="a description of the interface")
@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_the_interface_is_shown_to_nobody(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401
    assert stranger.get(path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 404


@pytest.mark.attack(by="a stranger on the network", wants="past the token, by a path that is read in two ways")
@pytest.mark.parametrize("path", ["/health/", "//health", "/health/../v1/summary", "/health%2f..%2fv1/summary"])
def test_no_other_path_passes_for_the_one_that_is_open(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401


@pytest.mark.attack(by="a stranger on the network", wants="past the token, by a header that holds a path")
def test_no_header_passes_for_the_path_that_is_open(stranger: TestClient) -> None:
    for host in ("a/health?", "a/health#"):
        assert stranger.get("/v1/summary", headers={"host": host}).status_code == 401


@pytest.mark.attack(by="a stranger on the network", wants="the node's memory, by a large body without a token")
def test_a_stranger_s_body_is_not_read(url: str) -> None:
    taken = 0

    def body() -> Iterator[bytes]:
        nonlocal taken
        while taken < _LARGE:
            taken += 1 << 16
            yield b" " * (1 << 16)

    def put() -> httpx.Response:
        return httpx.put(f"{url}{BATCH}", content=body(), trust_env=False, timeout=60)

    assert put().status_code == 401
    # What the sockets of both sides hold, and no more.
    assert taken < _LARGE // 2
    assert httpx.get(f"{url}/health", trust_env=False, timeout=60).status_code == 200


def test_the_sink_s_sender_is_told_what_is_wrong(url: str) -> None:
    statuses: list[str] = []
    sender = HttpOut(
        url,
        headers={"Authorization": "Bearer another"},
        timeout_s=60,
        backoff=Backoff(0.01, 0.01, 0.0),
        stop=threading.Event(),
        on_refusal=statuses.append,
    )
    with pytest.raises(SinkUnavailable) as refused:
        sender.put(BATCH, gzip.compress(bytes(10_000_000), 0), {"content-encoding": "gzip"})
    sender.close()
    assert set(statuses) == {"401"}
    assert "_TOKEN" in refused.value.remedy
