"""The running services that integration tests speak to: real ones; a missing one fails, it never skips.

With ``CREDITHUB_TEST_HOME`` set to the home of a running stack that one is used; else one is started in a
temporary home, with the downloads of the checkout, and stopped at the end.
"""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hub.stack
from hub.settings import Endpoints, Settings, endpoints, exact_settings

REPOSITORY = Path(__file__).parents[2]


def stack_settings(home: Path) -> Settings:
    """Return the default settings of a stack in this home, with the checkout's downloads."""
    cache = Path(os.environ.get("CREDITHUB_CACHE") or REPOSITORY / ".credithub" / "cache")
    return exact_settings(home=home, cache=cache)


@pytest.fixture(scope="session")
def settings_of() -> Callable[[Path], Settings]:
    """Return the function that gives a home's settings, for tests that run a stack of their own."""
    return stack_settings


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """Return the settings of a running stack of services."""
    shared = os.environ.get("CREDITHUB_TEST_HOME")
    if shared and hub.stack.status(stack_settings(Path(shared))).phase == "ready":
        yield stack_settings(Path(shared))
        return
    with tempfile.TemporaryDirectory(prefix="credithub-test-") as folder:
        own = stack_settings(Path(folder) / "home")
        try:
            hub.stack.start(own, services_only=True)
            yield own
        finally:
            hub.stack.stop(own, purge=True)


@pytest.fixture(scope="session")
def stack(settings: Settings) -> Endpoints:
    """Return the addresses of Kafka, the registry and PostgreSQL."""
    return endpoints(settings)


@pytest.fixture
def topic_prefix() -> str:
    """Return a prefix for topics, groups and subjects that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}."
