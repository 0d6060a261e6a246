"""The hub's own processes, as data: to add one, add a line here. And how the hub starts a command of its own."""

import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bus.users import CLOCK, PORTAL, PROOF, RATER, RELEASE, SINK_POSTGRES, SINK_UPSTREAM, SINK_WEBHOOKS, WORKER
from hub.settings import SETTING_PATHS, Settings, changed_settings, settings_environment
from hub.variables import VARIABLE_PREFIX, secret_settings

CREDITHUB = (sys.executable, "-P", "-c", "from hub.main import main; main()")
"""The command ``credithub``, of this interpreter and this checkout."""

UPSTREAM_TOKEN, PORTAL_TOKEN = "upstream_token", "portal_token"
DATABASE_ADDRESSES = frozenset(name for name in SETTING_PATHS if name.startswith("postgres_") and name.endswith("dsn"))
"""For the supervisor, which publishes them to the home's endpoints, and `prepare`; the others read them there."""
SUPERVISED_SECRETS = DATABASE_ADDRESSES | {UPSTREAM_TOKEN, PORTAL_TOKEN}
"""The secrets that some process of a supervisor needs, so the supervisor itself."""
_SECRETS = secret_settings(Settings)


@dataclass(frozen=True, slots=True)
class HubProcess:
    """A process of ours: its name, and the arguments of ``credithub`` that run it."""

    name: str
    arguments: tuple[str, ...]
    user: str
    """As whom it comes to Kafka (`bus.principals`); "": it does not."""
    secrets: frozenset[str] = frozenset()
    """The settings that it alone is given, by the names of their variables."""


def hub_processes(
    settings: Settings,
    upstream_port: int | None,
    *,
    door_port: int | None = None,
    portal_port: int | None = None,
) -> Iterator[HubProcess]:
    """Yield what runs beside the services; ``upstream_port`` None: an existing upstream platform is used.

    ``door_port`` is the registry door's, ``portal_port`` the portal's; None: that of the settings.
    """
    if upstream_port is not None:
        yield HubProcess("upstream", ("upstream", "--port", str(upstream_port)), "", frozenset((UPSTREAM_TOKEN,)))
    yield HubProcess("clock", ("clock",), CLOCK)
    for index in range(settings.processes.workers):
        yield HubProcess(f"worker-{index}", ("worker", "--index", str(index)), WORKER)
    yield HubProcess("rater", ("rater",), RATER)
    yield HubProcess("sink-postgres", ("sink", "postgres"), SINK_POSTGRES)
    yield HubProcess("sink-upstream", ("sink", "upstream"), SINK_UPSTREAM, frozenset((UPSTREAM_TOKEN,)))
    yield HubProcess("sink-webhooks", ("sink", "webhooks"), SINK_WEBHOOKS)
    yield HubProcess("release", ("release",), RELEASE)
    yield HubProcess("proof", ("prove",), PROOF)
    port = door_port or settings.registry_door.port
    at = str(portal_port or settings.portal.port)
    yield HubProcess("portal", ("portal", "--port", at), PORTAL, frozenset((PORTAL_TOKEN,)))
    yield HubProcess("registry-door", ("registry-door", "--port", str(port)), "")


def environment_without_settings() -> dict[str, str]:
    """Return our environment without any ``CREDITHUB_…`` variable."""
    return {name: value for name, value in os.environ.items() if not name.startswith(VARIABLE_PREFIX)}


def with_secrets(settings: Settings, secrets: Collection[str]) -> Settings:
    """Return the settings without any secret but those that are named."""
    return changed_settings(settings, **dict.fromkeys(_SECRETS - set(secrets)))


def child_environment(settings: Settings, secrets: Collection[str] = ()) -> dict[str, str]:
    """Return the environment of a child that has these settings, whatever our own were; of secrets the named ones.

    An environment can be read by whoever runs as the same user, and goes on to every child of the child.
    """
    own = settings_environment(with_secrets(settings, secrets))
    return {**environment_without_settings(), **own, "PYTHONUNBUFFERED": "1"}
