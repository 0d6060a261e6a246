"""Registering every schema with the real registry."""

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from bus.config import BusConfig
from bus.registration import placements, register_all
from catalogue.errors import CatalogueError, Unavailable
from catalogue.load import load_catalogue
from rules.release.schemas import every_schema
from tests.services import Services

ORDER = "catalogue/tobacco/Order.avsc"
_PAGE = 500


@pytest.fixture
def client(stack: Services) -> Iterator[SchemaRegistryClient]:
    """Return a client of the registry, closed afterwards."""
    with SchemaRegistryClient({"url": stack.registry_url}) as client:
        yield client


@pytest.fixture
def config(stack: Services, client: SchemaRegistryClient, topic_prefix: str) -> Iterator[BusConfig]:
    """Return the bus under a prefix of the test's own, and clear its subjects afterwards."""
    config = stack.bus(topic_prefix)
    yield config
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(client.delete_subject, subjects(client, config)))


def subjects(client: SchemaRegistryClient, config: BusConfig) -> list[str]:
    """Return the subjects under the test's prefix; a registry lists no more than a thousand at once."""
    found: list[str] = []
    while page := client.get_subjects(offset=len(found), limit=_PAGE):
        found += page
    return [name for name in found if name.startswith(config.topic_prefix)]


def test_every_schema_is_registered_once_at_its_level(config: BusConfig, client: SchemaRegistryClient) -> None:
    expected = placements(every_schema(load_catalogue()), ["alpha"])
    told: list[tuple[int, int]] = []
    schemas = every_schema(load_catalogue())
    count = register_all(config, schemas, ["alpha"], on_done=lambda done, total: told.append((done, total)))
    assert count == len(expected)
    assert told[-1] == (len(expected), len(expected))
    assert register_all(config, schemas, ["alpha"]) == len(expected)
    names = subjects(client, config)
    assert len(names) == len(expected)
    order = f"{config.topic_prefix}catalogue.tobacco.v1-credithub.catalogue.tobacco.Order"
    assert client.get_versions(order) == [1]
    assert client.get_compatibility(order) == "FULL_TRANSITIVE"
    bank = f"{config.topic_prefix}bank.alpha.v1-credithub.bank.administration.PenaltyIndicators"
    assert client.get_compatibility(bank) == "FULL_TRANSITIVE"
    state = f"{config.topic_prefix}credit.state.v1-credithub.internal.State"
    assert client.get_compatibility(state) == "BACKWARD"


def test_what_the_registry_lets_pass_is_refused_and_nothing_is_registered(
    config: BusConfig, client: SchemaRegistryClient
) -> None:
    path = next(p for p, s in every_schema(load_catalogue()).items() if p.startswith("catalogue/") and _money(s))
    first = {path: every_schema(load_catalogue())[path]}
    register_all(config, first, [])
    before = sorted(subjects(client, config))
    changed = copy.deepcopy(every_schema(load_catalogue()))
    _money(changed[path])[0]["scale"] = 2
    with pytest.raises(CatalogueError, match="cannot be read as decimal"):
        register_all(config, changed, ["alpha"])
    assert sorted(subjects(client, config)) == before


def test_a_new_nullable_field_becomes_version_two(config: BusConfig, client: SchemaRegistryClient) -> None:
    schemas = {ORDER: every_schema(load_catalogue())[ORDER]}
    register_all(config, schemas, [])
    longer = {ORDER: every_schema(load_catalogue())[ORDER]}
    column = {"name": "note_69", "type": ["null", "string"], "default": None, "doc": "备注"}
    longer[ORDER]["fields"][-1]["type"][1]["fields"].append(column)
    register_all(config, longer, [])
    order = f"{config.topic_prefix}catalogue.tobacco.v1-credithub.catalogue.tobacco.Order"
    assert client.get_versions(order) == [1, 2]


def test_a_registry_that_is_away_is_unavailable(stack: Services, topic_prefix: str) -> None:
    config = BusConfig(stack.bootstrap, "http://127.0.0.1:9/apis/ccompat/v7", topic_prefix)
    with pytest.raises(Unavailable):
        register_all(config, {}, [])


def _money(schema: dict[str, object]) -> list[dict[str, object]]:
    """Return the decimal types of an event's columns."""
    found: list[dict[str, object]] = []

    def walk(part: object) -> None:
        if isinstance(part, dict):
            if part.get("logicalType") == "decimal":
                found.append(part)
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(schema)
    return found


def test_preparations_at_the_same_moment_do_not_trip_over_each_other(
    config: BusConfig, client: SchemaRegistryClient
) -> None:
    with ThreadPoolExecutor(4) as pool:
        counts = set(pool.map(lambda _: register_all(config, {}, ["alpha"]), range(4)))
    assert len(counts) == 1
    state = f"{config.topic_prefix}credit.state.v1-credithub.internal.State"
    assert client.get_compatibility(state) == "BACKWARD"
