"""Whoever reaches the registry: what the hub wrote stays readable, and what he adds is nobody's schema."""

import copy
import json
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.registration import register_all
from catalogue.avro import event_schema, topic
from catalogue.load import load_catalogue
from catalogue.schema_versions import generated
from tests.builders.events import SUBJECT, event_value
from tests.services import Services

ITEM = load_catalogue().item("administration.penalty")
EVENT, TOPIC = event_schema(ITEM), topic(ITEM.category)
SCHEMAS = {path: schema for path, schema in generated(load_catalogue()).items() if path.endswith("/Penalty.avsc")}


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> BusConfig:
    """Return the bus under a prefix of the test's own, with the schema of penalties at its level."""
    config = stack.bus(topic_prefix)
    register_all(config, SCHEMAS, [])
    return config


@pytest.fixture
def his(config: BusConfig) -> Iterator[httpx.Client]:
    """Return a client of whoever reaches the registry; the subject is deleted in the end."""
    with httpx.Client(base_url=config.registry_url, trust_env=False, timeout=60) as client:
        yield client
        client.delete(f"/subjects/{written(config)[0]}")


def written(config: BusConfig) -> tuple[str, bytes]:
    """Return the subject of an event's schema, and an event as the hub writes it, now."""
    with closing(Registry(config)) as registry:
        return registry.subject(TOPIC, EVENT), Encoder(registry, TOPIC, EVENT)(event_value())


def read(config: BusConfig, message: bytes) -> str:
    with closing(Registry(config)) as registry:
        return str(Decoder(registry)(message)["subject"])


def another_schema() -> dict[str, str]:
    """Return what registers a schema in which another field is the subject."""
    schema = copy.deepcopy(EVENT)
    names = {"subject": "unit", "unit": "subject"}
    for field in schema["fields"]:
        field["name"] = names.get(field["name"], field["name"])
    schema["fields"][0]["type"] = "int"
    return {"schema": json.dumps(schema)}


@pytest.mark.attack(by="whoever reaches the registry", wants="another schema under a subject of the hub's")
def test_a_schema_that_reads_otherwise_is_not_taken(config: BusConfig, his: httpx.Client) -> None:
    subject, _ = written(config)
    answer = his.post(f"/subjects/{subject}/versions", json=another_schema())
    assert answer.status_code == 409, answer.text
    assert his.get(f"/subjects/{subject}/versions").json() == [1]


@pytest.mark.attack(by="whoever reaches the registry", wants="the hub to write or read by a version that he forced in")
def test_a_version_that_was_forced_in_changes_nothing_of_the_hub_s(config: BusConfig, his: httpx.Client) -> None:
    subject, before = written(config)
    assert his.put(f"/config/{subject}", json={"compatibility": "NONE"}).status_code == 200
    forced = his.post(f"/subjects/{subject}/versions", json=another_schema()).json()["id"]
    _, after = written(config)
    assert before[:5] == after[:5] != bytes(1) + forced.to_bytes(4, "big")
    assert (read(config, before), read(config, after)) == (SUBJECT, SUBJECT)
    # The next start sets the level back.
    register_all(config, SCHEMAS, [])
    assert his.get(f"/config/{subject}").json()["compatibilityLevel"] == "FULL_TRANSITIVE"


@pytest.mark.attack(by="whoever reaches the registry", wants="messages that nobody can read, by deleting their schema")
def test_what_was_written_is_read_after_its_subject_was_deleted(config: BusConfig, his: httpx.Client) -> None:
    subject, before = written(config)
    his.delete(f"/subjects/{subject}")
    his.delete(f"/subjects/{subject}", params={"permanent": "true"})
    assert his.get(f"/subjects/{subject}/versions").status_code == 404
    assert read(config, before) == SUBJECT
    _, after = written(config)
    assert after[:5] == before[:5]
    assert read(config, after) == SUBJECT


@pytest.mark.attack(by="whoever reaches the registry", wants="its files or its database through a subject's name")
def test_a_subject_is_no_path_and_no_statement(stack: Services) -> None:
    with httpx.Client(base_url=stack.registry_url, trust_env=False, timeout=60) as his:
        for name in ("..%2f..%2fetc%2fpasswd", "%00", "'%3b drop table artifacts%3b --", "%25s"):
            answer = his.get(f"/subjects/{name}/versions")
            assert answer.status_code >= 400
            assert "root:" not in answer.text
            assert his.get("/subjects", params={"limit": 1}).status_code == 200
