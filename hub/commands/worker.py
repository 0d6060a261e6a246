"""``credithub worker``: one process that merges."""

from typing import Annotated

import typer

from catalogue.load import load_catalogue
from hub.long_process import MetricsPort, collect_seldom, log_to_stderr, serve_metrics
from hub.settings import bus_config, load_settings


def worker(
    index: Annotated[int, typer.Option(help="Number of this worker; a restart under it moves no partition.")] = 0,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run a stream worker: merge catalogue events into records, changes and states."""
    from bus.crypto.cipher import Cipher
    from bus.crypto.keys import load_key_file
    from processing.app import run
    from streams.app import create_app

    log_to_stderr()
    settings = load_settings()
    folder = settings.home / "streams" / f"worker-{index}"
    cipher = Cipher(load_key_file(settings.keys))
    app = create_app(bus_config(settings), load_catalogue(), folder, cipher, instance=f"worker-{index}")
    serve_metrics(settings, metrics_port, app.readiness)
    collect_seldom()
    run(app)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)
