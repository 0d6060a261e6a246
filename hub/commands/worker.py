"""``credithub worker``: one process that merges."""

from typing import Annotated

import typer

from catalogue.load import load_catalogue
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, collect_seldom, serve_metrics
from hub.settings import bus_config, load_settings
from hub.worker_slot import worker_slot
from monitoring.metrics import KEY_WRITTEN


def worker(
    index: Annotated[
        int | None,
        typer.Option(help="Number of this worker; unset: the first that none holds. A restart under it moves nothing."),
    ] = None,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run a stream worker: merge catalogue events into records, changes and states."""
    from bus.crypto.cipher import Cipher
    from bus.crypto.keys import load_key_file, written_at
    from processing.app import run
    from streams.app import create_app

    log_to_stderr("worker" if index is None else f"worker-{index}")
    settings = load_settings()
    with worker_slot(settings.home / "streams", index) as number:
        log_to_stderr(f"worker-{number}")
        folder = settings.home / "streams" / f"worker-{number}"
        cipher = Cipher(load_key_file(settings.keys))
        if (written := written_at(settings.keys)) is not None:
            KEY_WRITTEN.labels("encryption").set(written.timestamp())
        app = create_app(bus_config(settings), load_catalogue(), folder, cipher, instance=f"worker-{number}")
        serve_metrics(settings, metrics_port, f"worker-{number}", app.readiness)
        collect_seldom()
        run(app)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)
