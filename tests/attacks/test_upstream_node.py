"""Whoever reaches the upstream node, without its token and with it; and a platform above that turns on its sender."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from catalogue.errors import SinkUnavailable
from catalogue.load import load_catalogue
from connectors import http_out
from connectors.http_in.server import CalmServer
from connectors.http_out import Backoff, HttpOut
from federation.receiver import requests
from federation.receiver.app import create_app
from tests.ports import free_port
from tests.waiting import until

TOKEN = "fictitious-token"
CARRIED = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
BATCH = "/v1/batches/" + "0" * 32
CODE = "91630100MA7540001T"
RECORD = {
    "key": "k", "subject": CODE, "item": "administration.penalty", "record_key": "1", "change_sequence": 1,
    "op": "REPORT", "unit": "x", "region": "630102", "source_time": "2025-06-01T00:00:00Z",
    "data": {"subject_name": "虚构公司", "penalty_decision_number": "1", "authority_name": "虚构局"},
}  # fmt: skip


@pytest.fixture
def node(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(tmp_path / "store.sqlite3", load_catalogue(), TOKEN)
    with TestClient(app, headers=CARRIED, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port on which a node listens."""
    app = create_app(tmp_path_factory.mktemp("node") / "store.sqlite3", load_catalogue(), TOKEN)
    server = CalmServer(uvicorn.Config(app, port=(port := free_port()), access_log=False, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the node listens")
        yield port
    finally:
        server.should_exit = True
        thread.join(60)


def batch(**more: Any) -> str:
    return json.dumps({"profile": "provincial", "sender": "630100", "records": [{**RECORD, **more}]})


def still_answers(node: TestClient) -> bool:
    """Whether a sound batch is taken after all that was tried."""
    answer = node.put(BATCH, content=batch(key="sound", record_key="9"))
    return answer.status_code == 200 and answer.json()["receipts"][0]["status"] == "ACCEPTED"


def spoken(port: int, head: str, body: bytes = b"", *, within_s: float = 10) -> bytes:
    """Send a request as it stands, and return what is answered until the node hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=within_s) as connection:
        connection.sendall(f"{head}Host: a\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode() + body)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
        return answer


HOSTILE: dict[str, str | bytes] = {
    "deep lists": "[" * 200_000 + "]" * 200_000,
    "deep data": batch().replace('"data": {', '"data": {"a": ' + "[" * 900 + "]" * 900 + ", "),
    "half a character": batch().replace("虚构局".encode("unicode_escape").decode(), "\\ud800"),
    "half a character in a name": batch().replace('"authority_name"', '"authority_name\\udfff"'),
    "a number of 5,000 digits": batch().replace('"change_sequence": 1', '"change_sequence": ' + "9" * 5000),
    "a number that no store holds": batch(change_sequence=2**64),
    "no number": batch().replace('"change_sequence": 1', '"change_sequence": NaN'),
    "no UTF-8": b"\xff\xfe" + batch().encode(),
    "5,001 records": json.dumps({"profile": "p", "sender": "s", "records": [RECORD] * 5001}),
}


@pytest.mark.attack(
    by="a sender with the token", wants="the node to fail over a batch, and everybody's batches with it"
)
@pytest.mark.parametrize("case", HOSTILE)
def test_json_that_is_meant_to_harm_is_refused(node: TestClient, case: str) -> None:
    answer = node.put(BATCH, content=HOSTILE[case])
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code == 200:
        assert answer.json()["receipts"][0]["status"] == "REJECTED"
    assert still_answers(node)


@pytest.mark.attack(by="a sender with the token", wants="the node's memory, by a body that unpacks to gigabytes")
def test_a_body_that_unpacks_to_too_much_is_refused(node: TestClient) -> None:
    bomb = gzip.compress(b" " * (requests.MAX_BODY_BYTES + 1))
    assert len(bomb) < 40_000
    assert node.put(BATCH, content=bomb, headers={"content-encoding": "gzip"}).status_code == 413
    assert still_answers(node)


@pytest.mark.attack(by="a sender with the token", wants="the node to wait for gigabytes that he announces")
@pytest.mark.parametrize("length", ["99999999999999", "9" * 400])
def test_a_body_that_is_announced_too_large_is_not_waited_for(port: int, length: str) -> None:
    answer = spoken(port, f"PUT {BATCH} HTTP/1.1\r\nContent-Length: {length}\r\n")
    assert answer.split()[1] in (b"413", b"400")


@pytest.mark.attack(by="a sender with the token", wants="a connection for ever, by a body that drips")
def test_a_body_that_drips_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "BODY_WITHIN_S", 0.3)
    began = time.monotonic()
    answer = spoken(port, f"PUT {BATCH} HTTP/1.1\r\nContent-Length: 1000\r\n", b"{", within_s=30)
    assert answer.split()[1] == b"408"
    assert time.monotonic() - began < 20


@pytest.mark.attack(by="a sender with the token", wants="a second request behind a proxy, by two lengths that differ")
@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 6\r\nContent-Length: 7\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1e3\r\n",
    ],
)
def test_a_request_with_two_lengths_hides_no_other(port: int, lengths: str) -> None:
    hidden = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = spoken(port, f"PUT {BATCH} HTTP/1.1\r\n{lengths}Connection: close\r\n", hidden)
    assert answer.split()[1].startswith(b"4")
    assert b'{"status":"ok"}' not in answer


@pytest.mark.attack(by="a sender with the token", wants="the node's tables or other senders' records (SQL injection)")
@pytest.mark.parametrize(
    "text", ["' or '1'='1", "'; drop table receipt; --", '"); delete from record; --', "%", "a\x00b"]
)
def test_no_value_is_part_of_a_statement(node: TestClient, text: str) -> None:
    assert still_answers(node)
    node.put(BATCH, content=batch(key=text, record_key=text, unit=text, region=text[:12]))
    assert node.get("/v1/records", params={"subject": text}).json() == []
    assert node.get(f"/v1/batches/{text}".replace("\x00", "%00").replace("%", "%25")).status_code in (404, 422)
    held = {record["record_key"] for record in node.get("/v1/records", params={"subject": CODE}).json()}
    assert held == {"9", text}
    assert node.get("/v1/summary").json()["accepted"] == 2


@pytest.mark.attack(by="a sender with the token", wants="files of the node's by a batch id that is a path")
@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%2e%2e/store.sqlite3", "0" * 31 + "%00", "0" * 32 + "%0a"])
def test_a_batch_id_is_no_path(node: TestClient, name: str) -> None:
    for answer in (node.get(f"/v1/batches/{name}"), node.put(f"/v1/batches/{name}", content=batch())):
        assert answer.status_code in (404, 405, 422)
        assert "sqlite" not in answer.text.lower()
    assert node.get("/v1/summary").json()["batches"] == 0


class Above(ThreadingHTTPServer):
    """A platform above that answers as it likes, and notes who came with which token."""

    daemon_threads = True

    def __init__(self, status: int, head: dict[str, str], body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answer, self.tokens = (status, head, body), list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    server: Above

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.tokens.append(self.headers.get("authorization", ""))
        status, head, body = self.server.answer
        self.send_response(status)
        for name, value in {**head, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[list[Above]]:
    """Collect the platforms that a test starts, and stop them."""
    started: list[Above] = []
    yield started
    for one in started:
        one.shutdown()
        one.server_close()


def above(served: list[Above], status: int, head: dict[str, str], body: bytes) -> Above:
    server = Above(status, head, body)
    served.append(server)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def sent_to(url: str) -> None:
    backoff = Backoff(0.01, 0.01, 0.0)
    sender = HttpOut(url, headers={"Authorization": TOKEN}, timeout_s=20, backoff=backoff, stop=threading.Event())
    try:
        sender.put("/v1/batches/1", b"{}", {})
    finally:
        sender.close()


@pytest.mark.attack(by="whoever answers for the platform above", wants="this node's token, by sending it on elsewhere")
def test_the_token_follows_no_redirection(served: list[Above]) -> None:
    his = above(served, 200, {}, b"{}")
    platform = above(served, 307, {"location": f"{his.url}/v1/batches/1"}, b"{}")
    with pytest.raises(SinkUnavailable, match="307"):
        sent_to(platform.url)
    assert (len(platform.tokens), his.tokens) == (1, [])


@pytest.mark.attack(by="whoever answers for the platform above", wants="the sink's memory, or its end, by his answer")
@pytest.mark.parametrize("answer", ["a bomb", "deep", "not what it says"])
def test_an_answer_that_is_meant_to_harm_is_none(served: list[Above], answer: str) -> None:
    head, body = {}, b"[" * 200_000
    if answer == "a bomb":
        head = {"content-encoding": "gzip"}
        body = gzip.compress(b'{"a": "' + b" " * (http_out.MOST_ANSWER_BYTES + 1) + b'"}')
    if answer == "not what it says":
        head = {"content-encoding": "gzip"}
    with pytest.raises(SinkUnavailable, match="no JSON, or more"):
        sent_to(above(served, 200, head, body).url)
