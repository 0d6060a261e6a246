"""The port of a process: ``/metrics`` for Prometheus, ``/readyz`` for whoever relies on it. Both say whose they are."""

import json
import math
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from socketserver import ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitoring.health import HealthCheck, ProcessIdentity, always_ready
from monitoring.metrics import DISK_FREE, PROCESS, READY

NOBODY = ProcessIdentity("", "")
# "for 31 s", "12 messages wait": what grows from scrape to scrape would be a new series at each.
_GROWING = re.compile(r"\d[\d,.]*(?= (?:s|messages|of)\b)")


class _WhyNotReady(Collector):
    """Tells Prometheus what ``/readyz`` says, so that a page names the cause."""

    def __init__(self) -> None:
        self.health: HealthCheck = always_ready

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one series while the process is not ready, none while it is."""
        family = GaugeMetricFamily(
            "credithub_not_ready_info", "1 while /readyz answers 503; state and reason", labels=["state", "reason"]
        )
        health = self.health()
        if not health.ready:
            family.add_metric([health.state, steady(health.reason)], 1)
        yield family


_why_not_ready = _WhyNotReady()
REGISTRY.register(_why_not_ready)


def steady(reason: str) -> str:
    """Return a reason without the numbers that grow while it stays the same."""
    return _GROWING.sub("…", reason)


def _free_bytes(folder: str) -> float:
    """Return how much is free where a folder lies; NaN when it is gone, which must not cost all other series."""
    try:
        return float(shutil.disk_usage(folder).free)
    except OSError:
        return math.nan


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
    _why_not_ready.health = health
    PROCESS.labels(identity.home, identity.name, str(identity.pid)).set(1)
    if identity.home:
        DISK_FREE.set_function(lambda: _free_bytes(identity.home))

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/readyz":
            return cast(Iterable[bytes], metrics(environ, start_response))
        now = health()
        status = "200 OK" if now.ready else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json; charset=utf-8")])
        whose = {"home": identity.home, "process": identity.name, "pid": identity.pid}
        return [json.dumps({"state": now.state, "reason": now.reason, **whose}).encode()]

    server = make_server(host, port, answer, server_class=_Server, handler_class=_Silent)
    # It is never asked to end, which is all that it would wake for.
    forever = partial(server.serve_forever, poll_interval=3600.0)
    threading.Thread(target=forever, name="metrics", daemon=True).start()
