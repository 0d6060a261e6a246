"""``credithub prepare``: what the processes expect, created once."""

import logging

import typer

from hub.log_lines import log_to_stderr
from hub.settings import load_settings

log = logging.getLogger(__name__)


def prepare() -> None:
    """Create topics, register schemas, migrate the database, make keys: all that the processes expect."""
    from hub.preparation import prepare_hub

    log_to_stderr("prepare")
    done = prepare_hub(load_settings())
    if done.schemas_restored:
        log.warning("the registry was empty: its schemas are restored, with the ids that they had")
    log.info("prepared: %d topics made, %d schemas registered", done.topics_created, done.schemas_registered)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prepare)
