"""The port of a process: ``/metrics`` for Prometheus, ``/readyz`` for whoever relies on it. Both say whose they are."""

import json
import shutil
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from monitoring.health import HealthCheck, ProcessIdentity, always_ready
from monitoring.metrics import DISK_FREE, PROCESS, READY

NOBODY = ProcessIdentity("", "")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: probes come every few seconds."""


def serve(
    port: int, host: str = "127.0.0.1", health: HealthCheck = always_ready, identity: ProcessIdentity = NOBODY
) -> None:
    """Serve ``/metrics``, and ``/readyz`` with 200 or 503 and a JSON of state and reason; port 0 serves nothing.

    Every answer names home, process and pid: two hubs on one machine may ask each other's ports by mistake.
    """
    if not port:
        return
    metrics = make_wsgi_app()
    READY.set_function(lambda: float(health().ready))
    PROCESS.labels(identity.home, identity.name, str(identity.pid)).set(1)
    if identity.home:
        DISK_FREE.set_function(lambda: float(shutil.disk_usage(identity.home).free))

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/readyz":
            return cast(Iterable[bytes], metrics(environ, start_response))
        now = health()
        status = "200 OK" if now.ready else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json; charset=utf-8")])
        whose = {"home": identity.home, "process": identity.name, "pid": identity.pid}
        return [json.dumps({"state": now.state, "reason": now.reason, **whose}).encode()]

    server = make_server(host, port, answer, server_class=_Server, handler_class=_Silent)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
