"""Topics of the merge, of one partition each."""

import pytest

from bus.config import BusConfig
from hub.settings import Endpoints
from tests.integration.streams.penalties import make_topics


@pytest.fixture
def config(stack: Endpoints, topic_prefix: str) -> BusConfig:
    """Return where the topics of one test are."""
    config = BusConfig(stack.bootstrap, stack.registry_url, topic_prefix, partitions=1)
    make_topics(config)
    return config
