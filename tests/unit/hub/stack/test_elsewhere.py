"""The state of processes that no supervisor of ours runs: asked one by one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hub.settings import exact_settings
from hub.stack import status
from tests.ports import free_port

AWAY = {
    "kafka_bootstrap": "127.0.0.1:9",
    "registry_url": "http://127.0.0.1:9",
    "postgres_dsn": "postgresql://u:secret@127.0.0.1:9/d",
    "upstream_url": "http://127.0.0.1:9",
}


@contextmanager
def process(name: str, *, ready: bool) -> Iterator[str]:
    """Answer as a process of the hub does; yield its address."""

    class Process(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if ready else 503)
            self.end_headers()
            answer = {"state": "stale", "reason": "a lock", "home": "/h", "process": name, "pid": 1}
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Process)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_each_process_is_told_by_its_own_name_with_its_reason_and_who_is_silent_by_its_host() -> None:
    silent = f"127.0.0.1:{free_port()}"
    with process("worker-0", ready=True) as worker, process("sink-postgres", ready=False) as sink:
        told = status(exact_settings(process_addresses=f"{worker}, {sink},{silent},nobody.invalid:1", **AWAY))
    rows = {row.name: (row.state, row.health) for row in told.processes}
    assert told.phase == "degraded"
    assert rows["worker-0"] == ("healthy", "ok")
    assert rows["sink-postgres"] == ("unready", "stale: a lock")
    assert rows["127.0.0.1"][0] == rows["nobody.invalid"][0] == "unhealthy"
    # What is away is said of the services, too, and a password has no place in it.
    assert {rows[name][0] for name in ("kafka", "registry", "postgres")} == {"unhealthy"}
    assert "secret" not in str(told)
