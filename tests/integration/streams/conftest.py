"""Topics of the merge, of one partition each."""

import pytest

from bus.config import BusConfig
from tests.integration.streams.penalties import make_topics
from tests.services import Services


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> BusConfig:
    """Return where the topics of one test are."""
    config = stack.bus(topic_prefix, partitions=1)
    make_topics(config)
    return config
