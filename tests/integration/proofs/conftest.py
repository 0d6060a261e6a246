"""One small hub for all tests of the proofs: what they look at are copies."""

from collections.abc import Iterator

import pytest

from hub.settings import Endpoints
from tests.integration.proofs.small_hub import Hub, small_hub


@pytest.fixture(scope="session")
def hub(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    yield from small_hub(stack, tmp_path_factory.mktemp("reconcile"))
