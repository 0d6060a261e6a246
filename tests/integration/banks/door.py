"""The registry's door for the tests of banks' clients, before the real registry."""

from collections.abc import Iterator
from contextlib import contextmanager

from bus.config import BusConfig
from bus.registry_http import registry_reader
from hub.certificates.folder import ServerPem
from hub.registry_door.answers import RegistryAnswers
from hub.registry_door.app import RegistryDoor
from hub.registry_door.questions import BankPaths
from hub.registry_door.server import door_config
from hub.registry_door.throttle import Throttle
from tests.integration.banks.bank_topic import BANK
from tests.ports import free_port
from tests.serving import serving


@contextmanager
def open_door(config: BusConfig, pem: ServerPem | None = None) -> Iterator[str]:
    """Open a door for the topics of one bus, and give the address that its banks are told."""
    paths = BankPaths(config, lambda: [BANK])
    app = RegistryDoor(paths, lambda: RegistryAnswers(registry_reader(config, 10.0), paths), Throttle())
    port = free_port()
    with serving(door_config(app, "127.0.0.1", port, pem)):
        yield f"{'https' if pem else 'http'}://127.0.0.1:{port}"
