"""What is tried again, what is refused, and how long is waited: on a real HTTP server."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread, Timer
from typing import Any, NamedTuple

import pytest

from catalogue.errors import SinkUnavailable
from connectors.http_out import Backoff, HttpOut, Refused

# Waits are measured by another clock than the one that dates arrivals.
_CLOCK_STEP_S = 0.05


class Answer(NamedTuple):
    """One answer of the server; ``retry_after`` is asked at the moment of answering."""

    status: int
    body: bytes = b"{}"
    retry_after: Callable[[], str] | None = None


class Receiver:
    """Gives the answers in their order, then the last again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.seen: list[tuple[str, bytes, dict[str, str]]] = []
        self.arrivals: list[datetime] = []
        self.asked: list[str] = []  # the values of Retry-After, in their order
        receiver, queue = self, list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                receiver.arrivals.append(datetime.now(UTC))
                content = self.rfile.read(int(self.headers["content-length"]))
                receiver.seen.append((self.path, content, {k.lower(): v for k, v in self.headers.items()}))
                answer = queue.pop(0) if len(queue) > 1 else queue[0]
                self.send_response(answer.status)
                self.send_header("content-length", str(len(answer.body)))
                if answer.retry_after is not None:
                    receiver.asked.append(answer.retry_after())
                    self.send_header("retry-after", receiver.asked[-1])
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Any]:
    started: list[Receiver] = []

    def start(*answers: Answer) -> Receiver:
        started.append(Receiver(*answers))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


def _out(url: str, stop: Event | None = None, give_up_after_s: float = 3.0) -> HttpOut:
    backoff = Backoff(0.01, 0.05, give_up_after_s)
    return HttpOut(url, headers={"x-token": "t"}, timeout_s=2.0, backoff=backoff, stop=stop or Event())


def _put(out: HttpOut, retries: list[int] | None = None) -> Any:
    try:
        return out.put("/a", b"content", {"x": "y"}, lambda: (retries if retries is not None else []).append(1))
    finally:
        out.close()


def test_an_answer_is_returned(serve: Any) -> None:
    receiver = serve(Answer(200, b'{"a": 1}'))
    assert _put(_out(receiver.url)) == {"a": 1}
    ((path, content, headers),) = receiver.seen
    assert (path, content, headers["x"], headers["x-token"]) == ("/a", b"content", "y", "t")


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503])
def test_who_is_away_or_does_not_know_us_is_tried_again(serve: Any, status: int) -> None:
    retries: list[int] = []
    receiver = serve(Answer(status), Answer(status), Answer(200))
    assert _put(_out(receiver.url), retries) == {}
    assert len(retries) == 2


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_what_is_refused_is_not_sent_again(serve: Any, status: int) -> None:
    receiver = serve(Answer(status, '{"reason": "缺少字段"}'.encode()))
    with pytest.raises(Refused, match="缺少字段") as refused:
        _put(_out(receiver.url))
    assert refused.value.status == status
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(
    "body", [b"<html>400 Bad Request: The plain HTTP request was sent to HTTPS port</html>", b"{}"]
)
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_without_the_receivers_own_reason_is_somebodys_on_the_way(
    serve: Any, status: int, body: bytes
) -> None:
    retries: list[int] = []
    receiver = serve(Answer(status, body), Answer(200))
    assert _put(_out(receiver.url), retries) == {}
    assert len(retries) == 1
    with pytest.raises(SinkUnavailable, match="a proxy or a firewall on the way"):
        _put(_out(serve(Answer(status, body)).url, give_up_after_s=0.1))


def test_a_proxys_limit_of_size_is_a_refusal(serve: Any) -> None:
    with pytest.raises(Refused, match="HTTP 413"):
        _put(_out(serve(Answer(413, b"<html>too large</html>")).url))


def test_retry_after_is_honoured_in_seconds(serve: Any) -> None:
    receiver = serve(Answer(503, retry_after=lambda: "1"), Answer(200))
    _put(_out(receiver.url, give_up_after_s=60))
    first, second = receiver.arrivals
    assert (second - first).total_seconds() > 1 - _CLOCK_STEP_S


def test_retry_after_is_honoured_as_a_date(serve: Any) -> None:
    # A date has whole seconds, so the wait is between one and two of them.
    receiver = serve(Answer(503, retry_after=lambda: formatdate(time.time() + 2, usegmt=True)), Answer(200))
    _put(_out(receiver.url, give_up_after_s=60))
    _, second = receiver.arrivals
    # The server's own date, not a number of seconds: however slow the machine is, nobody comes before it.
    assert (second - parsedate_to_datetime(receiver.asked[0])).total_seconds() > -_CLOCK_STEP_S


def test_a_wait_longer_than_our_patience_is_left_to_the_caller(serve: Any) -> None:
    receiver = serve(Answer(503, retry_after=lambda: "60"))
    with pytest.raises(SinkUnavailable) as away:
        _put(_out(receiver.url))
    assert (away.value.retry_after_s, len(receiver.seen)) == (60.0, 1)


def test_nobody_there_is_given_up_in_time() -> None:
    begun = time.monotonic()
    with pytest.raises(SinkUnavailable, match="does not answer"):
        _put(_out("http://127.0.0.1:9", give_up_after_s=0.3))
    assert time.monotonic() - begun < 30


def test_an_answer_that_is_no_json_is_not_taken_for_one(serve: Any) -> None:
    with pytest.raises(SinkUnavailable, match="no JSON"):
        _put(_out(serve(Answer(200, b"<html>")).url, give_up_after_s=0.1))


def test_stop_ends_a_wait(serve: Any) -> None:
    receiver, stop = serve(Answer(503, retry_after=lambda: "100")), Event()
    Timer(0.2, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(SinkUnavailable):
        _put(_out(receiver.url, stop, give_up_after_s=200))
    assert time.monotonic() - begun < 50
