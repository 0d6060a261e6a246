"""A store that all examples of a test share: to open one costs more than to empty it."""

from collections.abc import Iterator

import pytest

from processing.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store on disk."""
    held = Store(tmp_path_factory.mktemp("laws") / "store")
    yield held
    held.close()
