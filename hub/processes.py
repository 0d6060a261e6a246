"""The hub's own processes, as data: to add one, add a line here."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class HubProcess:
    """A process of ours: its name, and the arguments of ``credithub`` that run it."""

    name: str
    arguments: tuple[str, ...]


def hub_processes(settings: Settings, upstream_port: int | None, banks: tuple[str, ...]) -> Iterator[HubProcess]:
    """Yield what runs beside the services; ``upstream_port`` None: an existing upstream platform is used."""
    if upstream_port is not None:
        yield HubProcess("upstream", ("upstream", "--port", str(upstream_port)))
    yield HubProcess("clock", ("clock",))
    for index in range(settings.processes.workers):
        yield HubProcess(f"worker-{index}", ("worker", "--index", str(index)))
    yield HubProcess("sink-postgres", ("sink", "postgres"))
    yield HubProcess("sink-upstream", ("sink", "upstream"))
    for bank in banks:
        yield HubProcess(f"sink-bank.{bank}", ("sink", f"bank.{bank}"))
