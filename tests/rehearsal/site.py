"""A hub that is lost and found again, and what must be the same afterwards."""

import json
import shlex
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bus import clients
from bus.config import BusConfig
from bus.users import ADMIN
from hub.settings import Settings, bus_config, endpoints
from sinks.postgres.refilling import digests
from tests.proven import PROVEN_S, differences
from tests.rehearsal.operator import Operator
from tests.services import stack_settings
from tests.waiting import until

_RECONCILED_WITHIN_S = 600


@dataclass(frozen=True, slots=True)
class Content:
    """What a hub holds: the hash over all states, the digest of each table, the id of each schema."""

    states: str
    tables: dict[str, tuple[int, str]]
    schemas: dict[str, int]


class Site:
    """The hub of an operator, with files of fictitious cities to be pushed."""

    def __init__(self, operator: Operator, settings: Settings | None = None) -> None:
        self.operator = operator
        self.settings = settings or stack_settings(operator.home)

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)

    def city(self, seed: int, enterprises: int = 10) -> Path:
        """Return the folder of a city's files."""
        folder = self.operator.folder / f"city-{seed}"
        if not folder.exists():
            self.operator.types(
                f"credithub sample {shlex.quote(str(folder))} --enterprises {enterprises} --seed {seed}"
            )
        return folder

    def pushing(self, seed: int) -> str:
        """Return the command that pushes a city's files."""
        return f"credithub push-dir {shlex.quote(str(self.city(seed)))} --json"

    def push(self, seed: int) -> list[dict[str, Any]]:
        """Push a city's files, and return the receipts."""
        # Rows of items without a subject's code wait, and the exit code says so.
        said = self.operator.types(f"{self.pushing(seed)} 2> push.err", allowed=(0, 1))
        return [json.loads(line) for line in said.splitlines()]

    def reconciled(self) -> dict[str, Any]:
        """Wait until all is delivered, and return the full proof."""
        said = self.operator.types(f"credithub reconcile --wait {_RECONCILED_WITHIN_S} --json 2> reconcile.err")
        proof: dict[str, Any] = json.loads(said)
        assert (proof["difference"], proof["pending"]) == (0, 0), proof
        return proof

    def content(self) -> Content:
        """Return what the hub holds, once nothing is on its way and nothing differs."""
        self.reconciled()
        states = json.loads(self.operator.types("credithub state-hash --json 2> hash.err"))["hash"]
        with closing(clients.registry_client(self.config)) as registry:
            subjects = sorted(registry.get_subjects())
            schemas = {name: registry.get_latest_version(name).schema_id for name in subjects}
        return Content(states, digests(endpoints(self.settings).postgres_dsn), schemas)

    def until_proven(self) -> None:
        """Wait until the proof without end tells no difference: what was lost is found, and a full pass found none."""
        until(self._tells_no_difference, lambda: differences(self.settings), patience_s=PROVEN_S)

    def _tells_no_difference(self) -> bool:
        told = differences(self.settings)
        return told is not None and not any(told.values())
