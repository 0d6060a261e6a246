"""``credithub registry-door``: the process that reads the registry's schemas to banks."""

import logging
from typing import Annotated

import typer

from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, serve_metrics, stop_event
from hub.settings import bus_config, load_settings

log = logging.getLogger(__name__)
_REGISTRY_TIMEOUT_S = 5.0


def registry_door(
    port: Annotated[int | None, typer.Option(help="Port to listen on; unset: CREDITHUB_REGISTRY_DOOR_PORT.")] = None,
    metrics_port: MetricsPort = 0,
) -> None:
    """Read the registry to banks: the schemas of their topics, by the Confluent API; by https with certificates."""
    from bus.registry_http import registry_reader
    from connectors.http_in.server import CalmServer
    from hub.certificates.ends import tell_end
    from hub.certificates.folder import CertificateFolder
    from hub.recipients_folder import banks_of
    from hub.registry_door.answers import RegistryAnswers
    from hub.registry_door.app import RegistryDoor
    from hub.registry_door.banks import CurrentBanks
    from hub.registry_door.questions import BankPaths
    from hub.registry_door.server import door_config
    from hub.registry_door.throttle import Throttle

    log_to_stderr("registry-door")
    settings = load_settings()
    config = bus_config(settings)
    paths = BankPaths(config, CurrentBanks(lambda: banks_of(settings)))
    app = RegistryDoor(
        paths,
        lambda: RegistryAnswers(registry_reader(config, _REGISTRY_TIMEOUT_S), paths),
        Throttle(),
        on_started=lambda health: serve_metrics(settings, metrics_port, "registry-door", health),
    )
    pem = CertificateFolder(settings.certificates).server_pem()
    host, port = settings.registry_door.host, port or settings.registry_door.port
    if pem is not None:
        tell_end("ca", pem.authority)
        tell_end("server", pem.identity)
    log.info("banks read schemas at %s://%s:%d", "https" if pem else "http", host, port)
    stop_event()
    CalmServer(door_config(app, host, port, pem)).run()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("registry-door")(registry_door)
