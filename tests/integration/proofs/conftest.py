"""One small hub for all tests of the proofs: what they look at are copies."""

from collections.abc import Iterator

import pytest

from tests.integration.proofs.small_hub import Hub, small_hub
from tests.services import Services


@pytest.fixture(scope="session")
def hub(stack: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    yield from small_hub(stack, tmp_path_factory.mktemp("reconcile"))
