"""Settings, read once: from the environment (``CREDITHUB_…``) and ``credithub.env`` in the current folder.

A service that is named here is used as it is; one that is not named is the embedded one, whose
address the supervisor writes into ``<home>/run/endpoints.json`` (see ``hub.stack``).
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bus.config import BusConfig
from catalogue.errors import UsageError


class Settings(BaseSettings):
    """What an operator may set. Every field is the variable ``CREDITHUB_<FIELD>``."""

    model_config = SettingsConfigDict(
        env_prefix="CREDITHUB_",
        env_file="credithub.env",
        env_file_encoding="utf-8",
        frozen=True,
        extra="ignore",
        # `CREDITHUB_X=` in a file or a container means: not set.
        env_ignore_empty=True,
    )

    home: Path = Field(
        default=Path(".credithub"), description="the one folder that holds all data of the embedded stack"
    )
    cache: Path | None = Field(
        default=None, description="downloads of the embedded stack, may be shared; unset: <home>/cache"
    )
    jar_repository: str | None = Field(
        default=None, description="a mirror to download the jars from; unset: jgo's default"
    )
    kafka_bootstrap: str | None = Field(
        default=None, description="an existing Kafka, host:port[,…]; unset: the embedded one"
    )
    registry_url: str | None = Field(
        default=None, description="an existing registry with the Confluent API; unset: the embedded one"
    )
    postgres_dsn: str | None = Field(
        default=None, description="an existing PostgreSQL, postgresql://…; unset: the embedded one"
    )
    upstream_url: str | None = Field(
        default=None, description="the upstream platform's interface; unset: the reference node"
    )
    kafka_port: int = Field(
        default=9092, description="port the embedded broker prefers; another is chosen when it is taken"
    )
    registry_port: int = Field(default=8081, description="port the embedded registry prefers")
    postgres_port: int = Field(default=5432, description="port the embedded PostgreSQL prefers")
    upstream_port: int = Field(default=8090, description="port the reference upstream node prefers")
    metrics_port: int = Field(default=9400, description="first of the ports the processes serve /metrics on")
    listen_host: str = Field(
        default="127.0.0.1",
        description="interface that the hub's own servers listen on; 0.0.0.0 in a container",
    )
    pin_ports: bool = Field(
        default=False, description="fail when a preferred port is taken instead of choosing another"
    )
    topic_prefix: str = Field(
        default="", description="put before every topic and group name; each needs a database of its own"
    )
    partitions: int = Field(
        default=8, ge=1, le=256, description="partitions of every topic keyed by subject; fixed at creation"
    )
    replication: int = Field(default=1, ge=1, le=5, description="replicas of every topic")
    workers: int = Field(default=1, ge=0, le=64, description="stream workers that the supervisor runs")
    region: str = Field(default="630100", description="administrative division of this node, GB/T 2260")
    upstream_profile: str = Field(
        default="provincial", description="provincial or national: sinks/upstream/<profile>.yaml"
    )
    upstream_token: str | None = Field(
        default=None, repr=False, description="what authenticates this node at the platform above; unset: nothing does"
    )
    key_file: Path | None = Field(default=None, description="keys for personal data; unset: <home>/keys.json")
    accept_date: date | None = Field(
        default=None, description="a day that the clock may jump to, more than a month ahead; unset: none"
    )

    @property
    def keys(self) -> Path:
        """Where the key file lies."""
        return self.key_file or self.home / "keys.json"

    @property
    def endpoints_file(self) -> Path:
        """Where the supervisor writes the addresses of the embedded services."""
        return self.home / "run" / "endpoints.json"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses that clients use, whoever runs the services."""

    bootstrap: str
    registry_url: str
    postgres_dsn: str
    upstream_url: str


class _ExactSettings(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def exact_settings(**values: Any) -> Settings:
    """Return settings of these values and the defaults alone, whatever the environment says."""
    return _ExactSettings(**values)


def load_settings() -> Settings:
    """Read the settings from the environment, once, for ``main``."""
    return Settings()


def endpoints(settings: Settings) -> Endpoints:
    """Return the addresses in force: those that the settings name, else the running embedded stack's.

    Raises UsageError when a service is neither named nor running.
    """
    running: dict[str, str] = {}
    if settings.endpoints_file.exists():
        running = json.loads(settings.endpoints_file.read_text("utf-8"))
    named = {
        "bootstrap": settings.kafka_bootstrap,
        "registry_url": settings.registry_url,
        "postgres_dsn": settings.postgres_dsn,
        "upstream_url": settings.upstream_url,
    }
    found = {key: value or running.get(key, "") for key, value in named.items()}
    missing = [key for key, value in found.items() if not value]
    if missing:
        raise UsageError(
            f"No address for: {', '.join(missing)}.",
            remedy="Start the embedded stack with `credithub up`, or name them in CREDITHUB_… settings.",
        )
    return Endpoints(**found)


def bus_config(settings: Settings) -> BusConfig:
    """Return where the bus is and how it is shaped."""
    found = endpoints(settings)
    return BusConfig(
        found.bootstrap, found.registry_url, settings.topic_prefix, settings.partitions, settings.replication
    )
