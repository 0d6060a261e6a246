"""``credithub prove``: the process that proves every arrow without end."""

import os
from typing import Annotated

import typer

from bus.users import PROOF
from catalogue.load import load_catalogue
from hub.commands.reconcile import scope_of
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, collect_seldom, serve_metrics, stop_event
from hub.settings import bus_config, load_settings

# Behind those whom it watches, on whatever machine.
_NICE = 10


def prove(
    every: Annotated[float, typer.Option("--every", help="Seconds from one pass to the next at least.", min=0.1)] = 10,
    metrics_port: MetricsPort = 0,
) -> None:
    """Prove every arrow without end, each pass from where the last one ended; `credithub reconcile` reads everything.

    Of the release it proves the chain of steps, and that each bank has what they say. Whether a bank was told what it
    may see, and nothing else, `credithub reconcile` alone proves.
    What was proven is kept in the topic proof.v1. A difference that was found stays told until `credithub reconcile`
    finds none.
    """
    os.nice(_NICE)
    from proofs.continuous.running import ProofReadiness, run

    log_to_stderr("proof")
    settings, readiness = load_settings(), ProofReadiness()
    serve_metrics(settings, metrics_port, "proof", readiness)
    collect_seldom()
    run(bus_config(settings, PROOF), scope_of(settings, load_catalogue()), stop_event(), readiness, every)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)
