"""What a client logs in to Kafka with, and what its broker's refusals become.

A client file is JSON of librdkafka's own setting names, such as Kafka's other clients know them, too:

    {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
     "sasl.username": "worker", "sasl.password": "…"}
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from bus.crypto.private_files import private_text
from catalogue.errors import HubError, UsageError

# What both clients, librdkafka and aiokafka, can be told; another name would secure the one and not the other.
_SETTINGS = frozenset(
    {
        "bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.username", "sasl.password",
        "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password",
    }
)  # fmt: skip
# librdkafka's names, to which those of the broker's answers are mapped, too.
_REFUSALS = frozenset(
    {
        "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED", "SASL_AUTHENTICATION_FAILED", "_AUTHENTICATION",
    }
)  # fmt: skip
_REMEDY = "docs/security.md says who may what. `credithub access show` prints the ACLs, `credithub prepare` sets them."


class AccessDenied(HubError):
    """Kafka does not know this user, or not by this password, or does not let it do this."""


def client_settings(file: Path) -> Mapping[str, str]:
    """Return what a client file says; raises UsageError when it is missing, damaged, or open to others."""
    try:
        raw = json.loads(private_text(file, what="The client file", exposed="rotate it with `credithub access rotate`"))
    except FileNotFoundError as exc:
        raise UsageError(
            f"There is no client file {file}.",
            remedy="`credithub prepare` makes those of the embedded broker; CREDITHUB_KAFKA_ACCESS names another.",
        ) from exc
    except OSError as exc:
        raise UsageError(f"The client file {file} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise UsageError(f"The client file {file} is no JSON.", remedy="docs/operations.md shows one.") from exc
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise UsageError(f"The client file {file} is no JSON object of texts.", remedy="docs/operations.md shows one.")
    if unknown := sorted(raw.keys() - _SETTINGS):
        raise UsageError(
            f"The client file {file} has settings that the hub does not know: {', '.join(unknown)}.",
            remedy=f"Those are: {', '.join(sorted(_SETTINGS))}.",
        )
    return raw


def security(authority: str | None) -> dict[str, str]:
    """Return what a client file says of its connection: encrypted when it names the authority (PEM) that it trusts."""
    if authority is None:
        return {"security.protocol": "SASL_PLAINTEXT"}
    return {"security.protocol": "SASL_SSL", "ssl.ca.location": authority}


def security_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what a client file says of its connection."""
    return {name: value for name, value in settings.items() if name in ("security.protocol", "ssl.ca.location")}


def login(user: str, password: str, mechanism: str, secured: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a client file says of a user, and of its connection (`security`)."""
    return {
        **(secured or security(None)),
        "sasl.mechanism": mechanism,
        "sasl.username": user,
        "sasl.password": password,
    }


def user_of(settings: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and the password that a client file says."""
    return settings["sasl.username"], settings["sasl.password"]


def at(servers: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return a client file that names its brokers, too."""
    return {"bootstrap.servers": servers, **settings}


def aiokafka_settings(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the same for a client of aiokafka, without its address."""
    import aiokafka.helpers

    if not settings:
        return {}
    protocol = settings.get("security.protocol", "PLAINTEXT")
    own: dict[str, Any] = {"security_protocol": protocol}
    if protocol.startswith("SASL"):
        own["sasl_mechanism"] = settings.get("sasl.mechanism", "")
        own["sasl_plain_username"] = settings.get("sasl.username", "")
        own["sasl_plain_password"] = settings.get("sasl.password", "")
    if protocol.endswith("SSL"):
        own["ssl_context"] = aiokafka.helpers.create_ssl_context(
            cafile=settings.get("ssl.ca.location"),
            certfile=settings.get("ssl.certificate.location"),
            keyfile=settings.get("ssl.key.location"),
            password=settings.get("ssl.key.password"),
        )
    return own


def is_refusal(error: KafkaError) -> bool:
    """Whether the broker refused who asks, which no repetition mends."""
    return error.name() in _REFUSALS


def refused(what: str, error: KafkaError) -> AccessDenied:
    """Return the hub's error for a refusal."""
    return AccessDenied(f"Kafka does not let this user {what}: {error.str().rstrip('.')}.", remedy=_REMEDY)


def raise_if_refused(exc: KafkaException, what: str) -> None:
    """Raise AccessDenied when this is a refusal; ``what`` was asked for, in words after "does not let this user"."""
    if is_refusal(exc.args[0]):
        raise refused(what, exc.args[0]) from exc
