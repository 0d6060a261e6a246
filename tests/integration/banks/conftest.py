"""A bus of its own for each test of the banks' example clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.config import BusConfig
from hub.settings import Endpoints, Settings

# Before the tests import it, so that its assertions say what they compared.
pytest.register_assert_rewrite("tests.integration.banks.contract")


@pytest.fixture
def config(stack: Endpoints, topic_prefix: str) -> Iterator[BusConfig]:
    from tests.integration.banks.bank_topic import bank_topics

    config = BusConfig(stack.bootstrap, stack.registry_url, topic_prefix, partitions=2)
    with bank_topics(config):
        yield config


@pytest.fixture
def door(config: BusConfig) -> Iterator[str]:
    from tests.integration.banks.door import open_door

    with open_door(config) as url:
        yield url


@pytest.fixture(scope="session")
def downloads(settings: Settings) -> Path:
    """Return the folder of the checkout's downloads."""
    assert settings.stack.cache is not None
    return settings.stack.cache
