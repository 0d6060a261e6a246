"""Every metric of the hub, in one place, and the port that serves them."""

import json
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import Counter, Gauge, Histogram, make_wsgi_app

from monitoring.health import HealthCheck, always_ready

EVENTS = Counter("credithub_events_total", "events by arrow and what became of them", ["arrow", "outcome"])
REJECTS = Counter("credithub_rejects_total", "rows not taken, by item and reason", ["item", "reason"])
LAG = Gauge("credithub_lag_seconds", "age of the oldest event not yet handled", ["process", "topic"])
NEWEST = Gauge("credithub_newest_event_timestamp_seconds", "time of the newest event handled", ["process", "topic"])
BATCH = Histogram("credithub_batch_seconds", "time to handle one batch", ["process"])
BATCH_EVENTS = Histogram(
    "credithub_batch_events", "events in one batch", ["process"], buckets=(1, 10, 100, 500, 1000, 2000, 4000, 8000)
)
RESTORED = Counter("credithub_restored_records_total", "records a store was filled with", ["process", "topic"])
STANDBYS = Gauge("credithub_standby_partitions", "partitions of which this worker keeps a warm copy")
DELIVERIES = Counter("credithub_deliveries_total", "what a sink delivered, by outcome", ["sink", "outcome"])
READY = Gauge("credithub_ready", "1 when /readyz answers 200")
DIFFERENCE = Gauge("credithub_reconcile_difference", "events lost (negative) or doubled, by arrow", ["arrow"])


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: probes come every few seconds."""


def serve(port: int, host: str = "127.0.0.1", health: HealthCheck = always_ready) -> None:
    """Serve ``/metrics``, and ``/readyz`` with 200 or 503 and a JSON of state and reason; port 0 serves nothing."""
    if not port:
        return
    metrics = make_wsgi_app()
    READY.set_function(lambda: float(health().ready))

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/readyz":
            return cast(Iterable[bytes], metrics(environ, start_response))
        now = health()
        status = "200 OK" if now.ready else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json; charset=utf-8")])
        return [json.dumps({"state": now.state, "reason": now.reason}).encode()]

    server = make_server(host, port, answer, server_class=_Server, handler_class=_Silent)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
