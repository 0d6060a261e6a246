"""The running services that integration tests speak to: real ones; a missing one fails, it never skips."""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from bus.users import ADMIN
from hub.settings import Settings, endpoints
from tests.databases import superuser_dsn
from tests.services import Services, running_services, stack_settings


@pytest.fixture(scope="session")
def settings_of() -> Callable[[Path], Settings]:
    """Return the function that gives a home's settings, for tests that run a stack of their own."""
    return stack_settings


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Return the settings of a running stack of services."""
    return running_services()


@pytest.fixture(scope="session")
def stack(settings: Settings) -> Services:
    """Return the addresses of Kafka, the registry and PostgreSQL, in which tests make databases: as its superuser."""
    addresses = asdict(endpoints(settings)) | {"postgres_dsn": superuser_dsn(settings)}
    return Services(**addresses, client_file=settings.kafka.client_file(settings.home, ADMIN))


@pytest.fixture
def topic_prefix() -> str:
    """Return a prefix for topics, groups and subjects that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}."
