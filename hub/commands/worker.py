"""The processors: ``credithub worker`` merges, ``credithub rater`` rates, ``credithub release`` tells banks."""

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.principals import RATING_GROUP
from bus.users import RATER, RELEASE, WORKER
from catalogue.errors import Unavailable
from catalogue.load import load_catalogue
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, collect_seldom, serve_metrics
from hub.settings import bus_config, load_settings
from hub.worker_slot import worker_slot
from monitoring.metrics import KEY_WRITTEN

if TYPE_CHECKING:
    from bus.config import BusConfig
    from bus.crypto.cipher import Cipher
    from bus.crypto.keys import KeyRing
    from hub.settings import Settings
    from processing.app import ProcessorApp

log = logging.getLogger(__name__)


def worker(
    index: Annotated[
        int | None,
        typer.Option(help="Number of this worker; unset: the first that none holds. A restart under it moves nothing."),
    ] = None,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run a stream worker: merge catalogue events into records, changes and states."""
    from processing.app import run
    from streams.app import create_app

    log_to_stderr("worker" if index is None else f"worker-{index}")
    settings = load_settings()
    with worker_slot(settings.home / "streams", index) as number:
        log_to_stderr(f"worker-{number}")
        folder = settings.home / "streams" / f"worker-{number}"
        config = bus_config(settings, WORKER)
        app = create_app(config, load_catalogue(), folder, _cipher(settings, config), instance=f"worker-{number}")
        serve_metrics(settings, metrics_port, f"worker-{number}", app.readiness)
        collect_seldom()
        run(app)


def rater(
    index: Annotated[
        int | None, typer.Option(help="Number of this rater; unset: the first that none holds. One is enough.")
    ] = None,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run the rating: values of indicators become the ratings of enterprises, by every model that was published.

    When a month begins it makes the references in which percentiles are looked up.
    """
    from streams.app import create_rating_app
    from streams.reference.maker import MonthlyReferences, ReferenceMaker

    def create(config: "BusConfig", folder: Path, cipher: "Cipher", instance: str) -> "ProcessorApp":
        app = create_rating_app(config, folder, cipher, instance=instance)
        MonthlyReferences(ReferenceMaker(config, RATING_GROUP, load_catalogue())).start()
        return app

    _run("rater", "rating", RATER, index, metrics_port, create)


def release(
    index: Annotated[
        int | None, typer.Option(help="Number of this process; unset: the first that none holds. One is enough.")
    ] = None,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run the release: tell banks what they may see of each change, and of what enterprises consent to."""
    from sinks.banks.app import create_app

    def create(config: "BusConfig", folder: Path, cipher: "Cipher", instance: str) -> "ProcessorApp":
        return create_app(config, folder, cipher, instance=instance)

    _run("release", "release", RELEASE, index, metrics_port, create)


def _run(
    name: str,
    stores: str,
    user: str,
    index: int | None,
    metrics_port: int,
    create: "Callable[[BusConfig, Path, Cipher, str], ProcessorApp]",
) -> None:
    """Run a processor of which one process is enough; its stores lie in a folder of their own below the streams'."""
    from processing.app import run

    log_to_stderr(name)
    settings = load_settings()
    with worker_slot(settings.home / "streams" / stores, index) as number:
        instance = f"{name}-{number}"
        config = bus_config(settings, user)
        folder = settings.home / "streams" / stores / instance
        app = create(config, folder, _cipher(settings, config), instance)
        serve_metrics(settings, metrics_port, name, app.readiness)
        collect_seldom()
        run(app)


def _cipher(settings: "Settings", config: "BusConfig") -> "Cipher":
    """Return what seals that which cannot be read, and tell when its key was made."""
    from bus.crypto.cipher import Cipher
    from bus.crypto.keys import written_at

    cipher = Cipher(_keys_in_use(config, settings.keys))
    if (written := written_at(settings.keys)) is not None:
        KEY_WRITTEN.labels("encryption").set(written.timestamp())
    return cipher


def _keys_in_use(config: "BusConfig", key_file: Path) -> "KeyRing":
    """Return the keys; raises IntegrityError for a file that was exchanged.

    A worker that is started again while Kafka or the registry is away begins, and waits for them as a running one does:
    `credithub prepare` compared the file before any worker was started.
    """
    from bus.avro.registry import Registry
    from bus.crypto.fingerprints import checked_keys
    from bus.crypto.keys import load_key_file

    try:
        with closing(Registry(config, complete=True)) as registry:
            return checked_keys(config, registry, key_file)
    except Unavailable as exc:
        log.warning("the key file is not compared with keys.v1: %s", exc)
        return load_key_file(key_file)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)
    app.command()(rater)
    app.command()(release)
