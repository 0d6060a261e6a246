"""The hub's own processes, as data: to add one, add a line here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.settings import Settings

_BANKS = Path(__file__).parents[2] / "sinks" / "banks"


@dataclass(frozen=True, slots=True)
class HubProcess:
    """A process of ours: its name, and the arguments of ``credithub`` that run it."""

    name: str
    arguments: tuple[str, ...]


def bank_ids(folder: Path = _BANKS) -> tuple[str, ...]:
    """Return the ids of the banks, which are the names of their files under ``sinks/banks``."""
    return tuple(sorted(file.stem for file in folder.glob("*.yaml")))


def hub_processes(settings: Settings, upstream_port: int | None, banks: tuple[str, ...]) -> Iterator[HubProcess]:
    """Yield what runs beside the services; ``upstream_port`` None: an existing upstream platform is used."""
    if upstream_port is not None:
        yield HubProcess("upstream", ("upstream", "--port", str(upstream_port)))
    yield HubProcess("clock", ("clock",))
    for index in range(settings.workers):
        yield HubProcess(f"worker-{index}", ("worker", "--index", str(index)))
    yield HubProcess("sink-postgres", ("sink", "postgres"))
    yield HubProcess("sink-national", ("sink", "national"))
    for bank in banks:
        yield HubProcess(f"sink-bank.{bank}", ("sink", f"bank.{bank}"))
