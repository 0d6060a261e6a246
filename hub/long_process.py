"""How a process of the hub that runs for long begins and ends: worker, clock, sinks, the reference upstream node."""

import gc
import signal
import threading
from typing import Annotated

import typer

from hub.settings import Settings
from monitoring.health import HealthCheck, ProcessIdentity, always_ready
from monitoring.serving import serve

MetricsPort = Annotated[int, typer.Option("--metrics-port", help="Port to serve /metrics on; 0: none.")]


def serve_metrics(settings: Settings, port: int, name: str, health: HealthCheck = always_ready) -> None:
    """Serve ``/metrics`` and ``/readyz`` on the interface that the settings name; port 0 serves nothing.

    ``name`` is the process's in `credithub status`.
    """
    identity = ProcessIdentity(str(settings.home.expanduser().absolute()), name)
    serve(port, settings.processes.listen_host, health, identity)


def collect_seldom() -> None:
    """Make the interpreter search for unreachable cycles of objects less often.

    A batch makes tens of thousands of objects, which are freed at its end without any search. With the interpreter's
    own thresholds a worker spent a quarter of its time searching through them.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda *_: stop.set())
    return stop
