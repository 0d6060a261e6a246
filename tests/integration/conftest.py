"""The running services that integration tests speak to: real ones; a missing one fails, it never skips."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub.settings import Endpoints, Settings, endpoints
from tests.databases import superuser_dsn
from tests.services import running_services, stack_settings


@pytest.fixture(scope="session")
def settings_of() -> Callable[[Path], Settings]:
    """Return the function that gives a home's settings, for tests that run a stack of their own."""
    return stack_settings


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Return the settings of a running stack of services."""
    return running_services()


@pytest.fixture(scope="session")
def stack(settings: Settings) -> Endpoints:
    """Return the addresses of Kafka, the registry and PostgreSQL, in which tests make databases: as its superuser."""
    return replace(endpoints(settings), postgres_dsn=superuser_dsn(settings))


@pytest.fixture
def topic_prefix() -> str:
    """Return a prefix for topics, groups and subjects that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}."
