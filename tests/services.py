"""The services that all integration tests of a run share, whichever of its processes they run in.

``CREDITHUB_TEST_HOME`` may name the home of a running stack, which is used and left running. Else the first test that
needs services starts them in a temporary home, with the downloads of the checkout, and the run stops them at its end.
"""

import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import hub.stack
from bus.config import BusConfig
from bus.users import ADMIN, file_of
from hub.settings import Endpoints, Settings, exact_settings
from hub.stack.status import write_private

REPOSITORY = Path(__file__).parents[1]
HOME_VARIABLE = "CREDITHUB_TEST_HOME"
# Tests that start a stack of their own. Two cores carry one such at a time, and they take the longest.
OWN_STACK = ("chaos", "integration/stack", "integration/whole")
_TESTS = Path(__file__).parent
_own_folder = pytest.StashKey[Path]()


@dataclass(frozen=True, slots=True)
class Services(Endpoints):
    """The addresses of the shared services, and what tests log in to Kafka with: they may do everything there."""

    client_file: str = ""

    def bus(self, topic_prefix: str = "", *, partitions: int = 8) -> BusConfig:
        """Return the bus under a prefix of a test's own."""
        return BusConfig(
            self.bootstrap, self.registry_url, topic_prefix, partitions=partitions, client_file=self.client_file
        )


def own_access(administrator: str | Path, folder: Path) -> Path:
    """Return a new folder of client files with this administrator; `credithub prepare` makes the users in it."""
    folder.mkdir(mode=0o700, parents=True)
    write_private(file_of(folder, ADMIN), Path(administrator).read_text("utf-8"))
    return folder


def stack_settings(home: Path) -> Settings:
    """Return the default settings of a stack in this home, with the checkout's downloads."""
    cache = Path(os.environ.get("CREDITHUB_CACHE") or REPOSITORY / ".credithub" / "cache")
    return exact_settings(home=home, cache=cache)


def running_services() -> Settings:
    """Return the settings of the shared services; the first who asks starts them, and others wait for it."""
    settings = stack_settings(Path(os.environ[HOME_VARIABLE]))
    with settings.home.with_name("starting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _runs(settings):
            hub.stack.start(settings, services_only=True)
    return settings


def pytest_configure(config: pytest.Config) -> None:
    """Choose the home, before the processes of a parallel run inherit the environment."""
    named = os.environ.get(HOME_VARIABLE)
    if hasattr(config, "workerinput") or (named and _runs(stack_settings(Path(named)))):
        return
    config.stash[_own_folder] = folder = Path(tempfile.mkdtemp(prefix="credithub-test-"))
    os.environ[HOME_VARIABLE] = str(folder / "home")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the services that this run started."""
    folder = config.stash.get(_own_folder, None)
    if folder is not None:
        hub.stack.stop(stack_settings(folder / "home"), purge=True)
        shutil.rmtree(folder)


class ByStack(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps the tests of a file in one process, and all those with a stack of their own in one.

    By the hook, because xdist's own groups (3.8.0) have no effect under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.split("::")[0])
        return "own stack" if _has_own_stack(REPOSITORY / file) else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStack | None:
    """Share the tests out by their stacks, when they are shared out by their places (``--dist loadscope``)."""
    return ByStack(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that have a stack of their own, for they take the longest."""
    items.sort(key=lambda item: not _has_own_stack(item.path))


def _has_own_stack(file: Path) -> bool:
    return file.parent.relative_to(_TESTS).as_posix() in OWN_STACK


def _runs(settings: Settings) -> bool:
    return hub.stack.status(settings).phase == "ready"
