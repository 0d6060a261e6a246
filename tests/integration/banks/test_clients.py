"""The guide's clients read a bank's topic with nothing but three addresses, a user and a password."""

from pathlib import Path

import pytest

from bus.config import BusConfig
from tests.integration.banks.contract import check_decoding, check_gaps, check_refusals, check_restart, check_writes
from tests.integration.banks.programs import PROGRAMS, Program, java_writer, node_writer


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest, downloads: Path) -> Program:
    return PROGRAMS[request.param](downloads)


def test_it_reads_what_the_release_told_and_nothing_aborted(program: Program, config: BusConfig, door: str) -> None:
    check_decoding(program, config, door)


def test_it_reports_a_missing_and_a_repeated_sequence(program: Program, config: BusConfig, door: str) -> None:
    check_gaps(program, config, door)


@pytest.mark.attack(by="a bank with the guide's clients", wants="another bank's topic or group, or the catalogue")
def test_it_is_refused_what_is_not_the_bank_s(program: Program, config: BusConfig, door: str) -> None:
    check_refusals(program, config, door)


def test_it_goes_on_where_it_ended(program: Program, config: BusConfig, door: str, tmp_path: Path) -> None:
    check_restart(program, config, door, tmp_path)


@pytest.mark.attack(by="a bank with a client of Node", wants="to write into a topic, its own or another")
def test_a_bank_writes_nowhere_with_a_client_of_node(config: BusConfig, downloads: Path) -> None:
    check_writes(node_writer(downloads), config)


@pytest.mark.attack(
    by="a bank with a client of Java",
    wants="to write, as others do with Kafka's own client, into its own topic or another",
)
def test_a_bank_writes_nowhere_with_a_client_of_java(config: BusConfig, downloads: Path) -> None:
    check_writes(java_writer(downloads), config)
