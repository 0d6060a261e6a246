"""Every metric of the hub, in one place, and the port that serves them."""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

EVENTS = Counter("credithub_events_total", "events by arrow and what became of them", ["arrow", "outcome"])
REJECTS = Counter("credithub_rejects_total", "rows not taken, by item and reason", ["item", "reason"])
LAG = Gauge("credithub_lag_seconds", "age of the oldest event not yet handled", ["process", "topic"])
NEWEST = Gauge("credithub_newest_event_timestamp_seconds", "time of the newest event handled", ["process", "topic"])
BATCH = Histogram("credithub_batch_seconds", "time to handle one batch", ["process"])
BATCH_EVENTS = Histogram(
    "credithub_batch_events", "events in one batch", ["process"], buckets=(1, 10, 100, 500, 1000, 2000, 4000, 8000)
)
DELIVERIES = Counter("credithub_deliveries_total", "what a sink delivered, by outcome", ["sink", "outcome"])
DIFFERENCE = Gauge("credithub_reconcile_difference", "events lost (negative) or doubled, by arrow", ["arrow"])


def serve(port: int, host: str = "127.0.0.1") -> None:
    """Serve ``/metrics`` on ``host``; port 0 serves nothing."""
    if port:
        start_http_server(port, addr=host)
