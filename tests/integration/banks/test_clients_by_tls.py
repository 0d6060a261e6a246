"""The guide's clients by TLS: broker and registry door have certificates of the hub's own authority."""

import secrets
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus import clients
from bus.access import security
from bus.config import BusConfig
from bus.grants import grant, write_client_file
from bus.principals import principals
from bus.users import ADMIN, file_of
from catalogue.load import load_catalogue
from hub.certificates.folder import CertificateFolder, ServerPem
from hub.settings import Settings, exact_settings
from hub.stack import kafka
from hub.stack.layout import HomeLayout
from tests.integration.banks.bank_topic import BANK, OTHER, bank_topics
from tests.integration.banks.contract import bank_of, check_decoding, check_refusals, check_writes
from tests.integration.banks.door import open_door
from tests.integration.banks.programs import PROGRAMS, Program, java_writer, node_writer
from tests.ports import free_port
from tests.services import Services
from tests.waiting import until


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> ServerPem:
    folder = CertificateFolder(tmp_path_factory.mktemp("tls") / "certs")
    folder.make([], datetime.now(UTC))
    made = folder.server_pem()
    assert made is not None
    return made


@pytest.fixture(scope="module")
def broker(pem: ServerPem, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.BrokerNode]:
    """Run a broker as the hub runs its own when there are certificates."""
    home = tmp_path_factory.mktemp("broker")
    layout = HomeLayout.of(exact_settings(home=home, cache=settings.stack.cache))
    layout.create()
    ports = (free_port(), free_port(), free_port())
    node = kafka.BrokerNode(1, layout.kafka, *ports, secrets.token_urlsafe(16), pem.identity)
    kafka.prepare(layout, node)
    with (home / "broker.log").open("wb") as log:
        process = subprocess.Popen(kafka.broker_command(layout, node), stdout=log, stderr=log)
    try:
        yield node
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def config(
    broker: kafka.BrokerNode, pem: ServerPem, stack: Services, topic_prefix: str, tmp_path: Path
) -> Iterator[BusConfig]:
    """Return a bus on that broker, whose banks have users; the test itself comes as their administrator."""
    folder = tmp_path / "access"
    folder.mkdir(mode=0o700)
    write_client_file(file_of(folder, ADMIN), broker.administrator)
    config = BusConfig(
        broker.bootstrap, stack.registry_url, topic_prefix, partitions=2, client_file=str(file_of(folder, ADMIN))
    )
    until(lambda: clients.lets_in(config), "the broker is there")
    banks = [one for one in principals(load_catalogue(), (BANK, OTHER)) if not one.is_of_the_hub]
    grant(config, folder, banks, secured=security(str(pem.authority)))
    with bank_topics(config):
        yield config


@pytest.fixture
def door(config: BusConfig, pem: ServerPem) -> Iterator[str]:
    with open_door(config, pem) as url:
        yield url


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest, downloads: Path) -> Program:
    return PROGRAMS[request.param](downloads)


def test_it_reads_what_the_release_told(program: Program, config: BusConfig, door: str) -> None:
    check_decoding(program, config, door)


@pytest.mark.attack(
    by="a bank with the guide's clients", wants="another bank's topic or group, or the catalogue, by TLS"
)
def test_by_tls_it_is_refused_what_is_not_the_bank_s(program: Program, config: BusConfig, door: str) -> None:
    assert bank_of(config, door).authority is not None
    check_refusals(program, config, door)


@pytest.mark.attack(by="a bank with a client of Node", wants="to write into a topic by TLS, its own or another")
def test_a_bank_writes_nowhere_by_tls_with_a_client_of_node(config: BusConfig, downloads: Path) -> None:
    check_writes(node_writer(downloads), config)


@pytest.mark.attack(
    by="a bank with a client of Java", wants="to write by TLS, with Kafka's own client, into its own topic or another"
)
def test_a_bank_writes_nowhere_by_tls_with_a_client_of_java(config: BusConfig, downloads: Path) -> None:
    check_writes(java_writer(downloads), config)
