"""What a client file may say, and which answers of the broker are refusals."""

import json
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from bus.access import AccessDenied, aiokafka_settings, at, client_settings, login, raise_if_refused
from catalogue.errors import UsageError

WORKER = login("x.worker", "secret", "SCRAM-SHA-512")


def written(folder: Path, value: Any, mode: int = 0o600) -> Path:
    file = folder / "worker.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    file.chmod(mode)
    return file


def test_it_is_read_as_librdkafka_names_it(tmp_path: Path) -> None:
    wanted = at("kafka.example:9093", WORKER)
    assert client_settings(written(tmp_path, wanted)) == wanted
    assert WORKER["security.protocol"] == "SASL_PLAINTEXT"


@pytest.mark.parametrize(
    ("value", "mode", "said"),
    [
        ("{", 0o600, "is no JSON"),
        (["worker"], 0o600, "no JSON object of texts"),
        ({"sasl.username": 1}, 0o600, "no JSON object of texts"),
        ({"sasl.pasword": "x"}, 0o600, "does not know: sasl.pasword"),
        (WORKER, 0o644, "mode 0644"),
    ],
)
def test_what_is_wrong_with_it_is_said_without_a_password(tmp_path: Path, value: Any, mode: int, said: str) -> None:
    file = written(tmp_path, value, mode)
    with pytest.raises(UsageError, match=said) as refused:
        client_settings(file)
    assert "secret" not in str(refused.value)
    assert refused.value.remedy


def test_one_that_is_missing_names_the_preparation(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no client file") as refused:
        client_settings(tmp_path / "worker.json")
    assert "credithub prepare" in refused.value.remedy


def test_aiokafka_is_told_the_same() -> None:
    assert aiokafka_settings({}) == {}
    assert aiokafka_settings(WORKER) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "x.worker",
        "sasl_plain_password": "secret",
    }
    encrypted = aiokafka_settings({**WORKER, "security.protocol": "SASL_SSL"})
    assert encrypted["ssl_context"].check_hostname


def test_a_refusal_is_told_from_what_passes() -> None:
    for code in (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
    ):
        with pytest.raises(AccessDenied, match=r"does not let this user read x: .*[^.]\. docs"):
            raise_if_refused(KafkaException(KafkaError(code)), "read x")
    raise_if_refused(KafkaException(KafkaError(KafkaError._TRANSPORT)), "read x")
