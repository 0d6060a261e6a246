"""What Confluent's clients get through the door, by https, and what nobody gets."""

import ssl
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from bus import topics
from bus.avro.registry import Registry, for_registry, full_name
from bus.config import BusConfig
from catalogue import wire
from catalogue.avro import BANK_NAMESPACE
from hub.certificates.folder import CertificateFolder, ServerPem
from hub.registry_door import answers
from tests.integration.banks.bank_topic import PENALTY, TOPIC, publish, published, schema_of
from tests.integration.banks.contract import plain
from tests.integration.banks.door import open_door
from tests.waiting import until


@pytest.fixture
def pem(tmp_path: Path) -> ServerPem:
    folder = CertificateFolder(tmp_path / "certs")
    folder.make([], datetime.now(UTC))
    made = folder.server_pem()
    assert made is not None
    return made


def _client(url: str, pem: ServerPem) -> Any:
    return SchemaRegistryClient({"url": url, "ssl.ca.location": str(pem.authority)})


def test_confluent_s_deserializer_reads_a_bank_s_topic_through_it(config: BusConfig, pem: ServerPem) -> None:
    publish(config, [1, 2])
    with open_door(config, pem) as url, closing(_client(url, pem)) as client:
        decode: Callable[..., Any] = AvroDeserializer(client)
        context = SerializationContext(config.topic(TOPIC), MessageField.VALUE)
        found = published(config)
        assert len(found) == 2
        for message, event in found:
            assert plain(decode(message.value(), context)) == plain(event)


@pytest.mark.attack(by="a bank", wants="to change the registry with Confluent's own client")
def test_confluent_s_client_reads_subjects_and_changes_nothing(
    config: BusConfig, pem: ServerPem, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bank's subject is the registry's newest, which is some pages behind.
    monkeypatch.setattr(answers, "_PAGE", 200)
    publish(config, [1])
    subject = f"{config.topic(TOPIC)}-{full_name(schema_of(PENALTY))}"
    with open_door(config, pem) as url, closing(_client(url, pem)) as client:
        # The registry lists what was registered a moment ago a little later on a busy machine.
        until(lambda: subject in client.get_subjects(), "the registry lists the subject")
        # Of the many that the registry has, those of the bank's own topic alone.
        listed = client.get_subjects()
        assert len(listed) > 1
        assert all(one.startswith(f"{config.topic(TOPIC)}-{BANK_NAMESPACE}.") for one in listed)
        assert client.get_versions(subject) == [1]
        assert client.get_version(subject, 1).schema_id == client.get_latest_version(subject).schema_id
        refusals: dict[Callable[[], object], int] = {
            lambda: client.get_latest_version(f"{config.topic(topics.CHANGE)}-{full_name(wire.CHANGE)}"): 403,
            lambda: client.delete_subject(subject): 405,
            lambda: client.set_compatibility(subject, "NONE"): 405,
            lambda: client.register_schema(subject, for_registry(schema_of(PENALTY))): 405,
            client.get_compatibility: 404,
        }
        for refused, status in refusals.items():
            with pytest.raises(SchemaRegistryError) as error:
                refused()
            assert error.value.http_status_code == status
            assert error.value.error_message


@pytest.mark.attack(by="a bank", wants="the schemas of the hub's own topics, on the real registry")
def test_the_schemas_of_other_topics_are_not_there(config: BusConfig, pem: ServerPem) -> None:
    publish(config, [1])
    with closing(Registry(config)) as registry:
        internal = registry.register(topics.CHANGE, wire.CHANGE)
        bank = registry.register(TOPIC, schema_of(PENALTY))
    trusted = ssl.create_default_context(cafile=pem.authority)
    with open_door(config, pem) as url, httpx.Client(base_url=url, verify=trusted, trust_env=False) as client:
        hidden = client.get(f"/schemas/ids/{internal}")
        assert (hidden.status_code, hidden.json()["error_code"]) == (404, 40403)
        for path in (
            f"/apis/registry/v2/ids/contentIds/{internal}",
            f"/apis/registry/v3/ids/contentIds/{internal}/references",
        ):
            assert client.get(path).status_code == 404
        assert client.get(f"/apis/registry/v2/ids/contentIds/{bank}").json()["name"] == "Penalty"
        # As Confluent's Java client (RestService.getId) asks.
        accept = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json"
        query = {"subject": f"{config.topic(TOPIC)}-{full_name(schema_of(PENALTY))}", "fetchMaxId": "false"}
        shown = client.get(f"/schemas/ids/{bank}", params=query, headers={"Accept": accept})
        assert shown.status_code == 200
        assert "credithub.bank" in shown.json()["schema"]
