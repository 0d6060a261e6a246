"""A small city, one key file for all runs, and the states that an undisturbed run makes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bus.crypto.keys import create_key_file
from connectors.files.tables import SUFFIXES
from hub.settings import Settings, exact_settings
from simulation.city import write_city
from tests.databases import execute
from tests.integration.whole.runs import Run
from tests.services import Services, own_access

ENTERPRISES = 20


@dataclass(frozen=True, slots=True)
class Reference:
    """What an undisturbed run made of the city."""

    run: Run
    receipts: list[dict[str, Any]]
    hashes: dict[str, str]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a sample city, a hundredth of its rows with the errors that real files have."""
    folder = tmp_path_factory.mktemp("whole") / "city"
    write_city(folder, enterprises=ENTERPRISES, seed=7, dirty=0.01, as_of=date(2026, 6, 30))
    return folder


@pytest.fixture(scope="session")
def files(city: Path) -> list[Path]:
    """Return the city's tables, in order."""
    return [file for file in sorted(city.rglob("*")) if file.suffix in SUFFIXES]


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the key file of all runs: hashes of records are comparable under one linking key."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    create_key_file(path)
    return path


@pytest.fixture(scope="package")
def hub_of(
    stack: Services, key_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Settings]]:
    """Return the function that gives a named hub its settings: topics and database of its own, the shared services."""
    made: list[str] = []

    def settings_of(name: str) -> Settings:
        execute(stack.postgres_dsn, f'drop database if exists "{name}" with (force)', f'create database "{name}"')
        made.append(name)
        home = tmp_path_factory.mktemp(name)
        return exact_settings(
            home=home,
            key_file=key_file,
            kafka_bootstrap=stack.bootstrap,
            # With users of its own, each of which may what the table of principals says.
            kafka_access=own_access(stack.client_file, home / "access"),
            registry_url=stack.registry_url,
            postgres_dsn=f"{stack.postgres_dsn.rpartition('/')[0]}/{name}",
            topic_prefix=f"{name}.",
            upstream_port=18090,
        )

    yield settings_of
    execute(stack.postgres_dsn, *(f'drop database if exists "{name}" with (force)' for name in made))


# A package's, not a session's: ten processes would run on beside all other tests.
@pytest.fixture(scope="package")
def reference(hub_of: Callable[[str], Settings], city: Path, request: pytest.FixtureRequest) -> Iterator[Reference]:
    """Return an undisturbed run of the city."""
    import uuid

    with Run(hub_of(f"whole{uuid.uuid4().hex[:8]}")) as run:
        receipts = run.push(city)
        run.settled()
        yield Reference(run, receipts, run.hashes())
