"""A bus of its own for each test of the banks' example clients."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bus.config import BusConfig
from bus.grants import grant
from bus.principals import principals
from bus.users import ADMIN, file_of
from catalogue.load import load_catalogue
from hub.settings import Settings
from tests.services import Services, own_access

# Before the tests import it, so that its assertions say what they compared.
pytest.register_assert_rewrite("tests.integration.banks.contract")


@pytest.fixture
def config(stack: Services, topic_prefix: str, tmp_path: Path) -> Iterator[BusConfig]:
    """Return a bus of its own whose banks have users; the test itself comes as their administrator."""
    from tests.integration.banks.bank_topic import BANK, OTHER, bank_topics

    folder = own_access(stack.client_file, tmp_path / "access")
    config = replace(stack.bus(topic_prefix, partitions=2), client_file=str(file_of(folder, ADMIN)))
    grant(config, folder, [one for one in principals(load_catalogue(), (BANK, OTHER)) if not one.is_of_the_hub])
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
