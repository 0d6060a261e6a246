"""Which registries can be archived with their ids, and what is said of the others."""

import pytest

from bus.config import BusConfig
from bus.schema_archive import archived, is_archivable, restore
from catalogue.errors import Unavailable, UsageError
from tests.ports import free_port

APICURIO = "http://127.0.0.1:{}/apis/ccompat/v7"


def test_another_registry_is_backed_up_by_its_own_means() -> None:
    config = BusConfig("", "http://registry.example:8081")
    assert not is_archivable(config)
    for attempt in (lambda: archived(config), lambda: restore(config, b"")):
        with pytest.raises(UsageError, match="is no Apicurio"):
            attempt()


def test_a_registry_that_is_away_is_told_as_one() -> None:
    config = BusConfig("", APICURIO.format(free_port()))
    assert is_archivable(config)
    with pytest.raises(Unavailable, match="does not answer"):
        archived(config)
