"""The node's server answers at once, with its date, and ends when it is asked to."""

import threading
from typing import Any

import httpx
import uvicorn

from connectors.http_in.server import CalmServer
from tests.ports import free_port
from tests.unit.hub.stack.programs import until


async def empty(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def test_it_answers_and_ends() -> None:
    port = free_port()
    server = CalmServer(uvicorn.Config(empty, port=port, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    answer = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=30)
    assert (answer.status_code, "date" in answer.headers) == (204, True)
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()
