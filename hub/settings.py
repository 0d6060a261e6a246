"""Settings, read once: from the environment (``CREDITHUB_…``) and ``credithub.env`` in the current folder.

They are grouped by what they are about: ``settings.kafka.port`` is the variable ``CREDITHUB_KAFKA_PORT``. A service
that is named here is used as it is. One that is not named is the embedded one; the supervisor writes its address into
``<home>/run/endpoints.json`` (see ``hub.stack``).
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bus.config import BusConfig
from catalogue.errors import UsageError
from hub.database_access import DatabaseRole, PostgresSettings
from hub.variables import SettingsGroup, VariablesSource, flattened, grouped, setting_paths, variable


class StackSettings(SettingsGroup):
    """How the embedded stack gets its programs and its ports."""

    cache: Path | None = Field(
        default=None, description="downloads of the embedded stack, may be shared; unset: <home>/cache"
    )
    jar_repository: str | None = Field(
        default=None, description="a mirror to download the jars from; unset: jgo's default"
    )
    pin_ports: bool = Field(
        default=False, description="fail when a preferred port is taken instead of choosing another"
    )


class KafkaSettings(SettingsGroup):
    """The broker."""

    prefix = "kafka_"

    bootstrap: str | None = Field(default=None, description="an existing Kafka, host:port[,…]; unset: the embedded one")
    port: int = Field(default=9092, description="port the embedded broker prefers; another is chosen when it is taken")


class RegistrySettings(SettingsGroup):
    """The schema registry."""

    prefix = "registry_"

    url: str | None = Field(
        default=None, description="an existing registry with the Confluent API; unset: the embedded one"
    )
    port: int = Field(default=8081, description="port the embedded registry prefers")


class UpstreamSettings(SettingsGroup):
    """The platform above, which this node reports to."""

    prefix = "upstream_"

    url: str | None = Field(default=None, description="the upstream platform's interface; unset: the reference node")
    port: int = Field(default=8090, description="port the reference upstream node prefers")
    profile: str = Field(default="provincial", description="provincial or national: sinks/upstream/<profile>.yaml")
    token: Annotated[str, StringConstraints(strip_whitespace=True)] | None = Field(
        default=None,
        repr=False,
        description="what authenticates this node at the platform above; unset: one is made for the embedded node",
    )


class SinkSettings(SettingsGroup):
    """The sinks."""

    prefix = "sink_"

    behind_s: int = Field(
        default=60, ge=1, description="age in seconds of an undelivered event from which on a sink is not ready"
    )


class BusSettings(SettingsGroup):
    """The shape of the topics."""

    topic_prefix: str = Field(
        default="", description="put before every topic and group name; each needs a database of its own"
    )
    partitions: int = Field(
        default=8, ge=1, le=256, description="partitions of every topic keyed by subject; fixed at creation"
    )
    replication: int = Field(default=1, ge=1, le=5, description="replicas of every topic")


class ProcessSettings(SettingsGroup):
    """The hub's own processes."""

    workers: int = Field(default=1, ge=0, le=64, description="stream workers that the supervisor runs")
    metrics_port: int = Field(default=9400, description="first of the ports the processes serve /metrics on")
    listen_host: str = Field(
        default="127.0.0.1",
        description="interface that the hub's own servers listen on; 0.0.0.0 in a container",
    )
    process_addresses: str | None = Field(
        default=None,
        description="host:port[,…] of the processes' /metrics and /readyz, where others than `credithub up` run them",
    )
    accept_date: date | None = Field(
        default=None, description="a day that the clock may jump to, more than a month ahead; unset: none"
    )


class AlertSettings(SettingsGroup):
    """Whom Alertmanager tells."""

    prefix = "alert_"

    webhook: str | None = Field(default=None, repr=False, description="a URL that is called with each alert")
    mail_to: str | None = Field(default=None, description="an address that each alert is sent to")
    mail_from: str | None = Field(default=None, description="the sender; unset: the same address")
    mail_server: str = Field(default="localhost:25", description="the mail server, host:port")
    mail_tls: bool = Field(default=True, description="refuse a mail server that does not encrypt")
    mail_user: str | None = Field(default=None, description="who logs in at the mail server; unset: nobody")
    mail_password: str | None = Field(default=None, repr=False, description="that user's password")


class Settings(BaseSettings):
    """What an operator may set, in groups; frozen."""

    model_config = SettingsConfigDict(
        env_file="credithub.env",
        env_file_encoding="utf-8",
        frozen=True,
        extra="forbid",
        # `CREDITHUB_X=` in a file or a container means: not set.
        env_ignore_empty=True,
    )

    home: Path = Field(
        default=Path(".credithub"), description="the one folder that holds all data of the embedded stack"
    )
    region: str = Field(default="630100", description="administrative division of this node, GB/T 2260")
    key_file: Path | None = Field(default=None, description="keys for personal data; unset: <home>/keys.json")
    stack: StackSettings = StackSettings()
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    postgres: PostgresSettings = PostgresSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    sink: SinkSettings = SinkSettings()
    bus: BusSettings = BusSettings()
    processes: ProcessSettings = ProcessSettings()
    alert: AlertSettings = AlertSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the variables of the environment first, then those of the file."""
        named = [s for s in (env_settings, dotenv_settings) if isinstance(s, EnvSettingsSource)]
        return (init_settings, *(VariablesSource(settings_cls, source) for source in named))

    @property
    def keys(self) -> Path:
        """Where the key file lies."""
        return self.key_file or self.home / "keys.json"

    @property
    def schema_archive(self) -> Path:
        """Where the registry's schemas are kept with their ids."""
        return self.home / "schemas.zip"

    @property
    def endpoints_file(self) -> Path:
        """Where the supervisor writes the addresses of the embedded services."""
        return self.home / "run" / "endpoints.json"


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


SETTING_PATHS = setting_paths(Settings)
"""Where each setting lies, by the name of its variable in lower case without ``CREDITHUB_``."""


def exact_settings(**values: Any) -> Settings:
    """Return settings of these values and the defaults alone, whatever the environment says.

    The values go by the names of their variables: ``exact_settings(kafka_bootstrap=…, partitions=2)``.
    """
    return _ExactSettings(**grouped(values, SETTING_PATHS))


def changed_settings(settings: Settings, **values: Any) -> Settings:
    """Return the settings with other values, which go by the names of their variables."""
    return exact_settings(**{**flattened(settings.model_dump(), SETTING_PATHS), **values})


def plain_settings(settings: Settings) -> dict[str, Any]:
    """Return the values as JSON has them, by the names of their variables; `exact_settings` reads them again."""
    return flattened(settings.model_dump(mode="json"), SETTING_PATHS)


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that give a child exactly these settings, in whatever folder it runs."""
    values = plain_settings(settings)
    values["home"] = str(settings.home.expanduser().absolute())
    if settings.key_file is not None:
        values["key_file"] = str(settings.key_file.expanduser().absolute())
    return {variable(name): str(value) for name, value in values.items() if value is not None}


def load_settings() -> Settings:
    """Read the settings from the environment, once in each command.

    Raises UsageError naming each variable whose value is none.
    """
    try:
        return Settings()
    except ValidationError as error:
        variables = {path: variable(name) for name, path in SETTING_PATHS.items()}
        wrong = [f"{variables[tuple(map(str, e['loc']))]}: {e['msg']}" for e in error.errors(include_input=False)]
        raise UsageError("; ".join(wrong) + ".", remedy="credithub.env.example names every setting.") from error


class NotRunning(UsageError):
    """The embedded stack of this home is stopped, or being started."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses that clients use, whoever runs the services."""

    bootstrap: str
    registry_url: str
    postgres_dsn: str
    """As the owner of the tables; this one and the next three are empty where a process was not given them."""
    postgres_sink_dsn: str
    postgres_reader_dsn: str
    postgres_proof_dsn: str
    upstream_url: str

    def database(self, role: DatabaseRole) -> str:
        """Return PostgreSQL's address for a role; raises UsageError where this process was not given it."""
        address: str = getattr(self, role.field)
        if not address:
            raise UsageError(f"No address of PostgreSQL as its {role}.", remedy=role.remedy)
        return address


def endpoints(settings: Settings) -> Endpoints:
    """Return the addresses in force: those that the settings name, else the running embedded stack's.

    Raises UsageError when a service is neither named nor running; NotRunning where it once ran.
    """
    running: dict[str, str] = {}
    if settings.endpoints_file.exists():
        running = json.loads(settings.endpoints_file.read_text("utf-8"))
    named = {
        "bootstrap": settings.kafka.bootstrap,
        "registry_url": settings.registry.url,
        **settings.postgres.addresses(),
        "upstream_url": settings.upstream.url,
    }
    addresses = {key: value or running.get(key, "") for key, value in named.items()}
    databases = [key for key in addresses if key.startswith("postgres_") and addresses[key]]
    # A container has those of the roles that its process needs.
    missing = [key for key, value in addresses.items() if not value and not (databases and key.startswith("postgres_"))]
    if missing:
        error = NotRunning if settings.endpoints_file.parent.exists() else UsageError
        raise error(
            f"No address for: {', '.join(missing)}.",
            remedy="Start the embedded stack with `credithub up`, or name them in CREDITHUB_… settings.",
        )
    return Endpoints(**addresses)


def bus_config(settings: Settings) -> BusConfig:
    """Return where the bus is and how it is shaped."""
    addresses, bus = endpoints(settings), settings.bus
    return BusConfig(addresses.bootstrap, addresses.registry_url, bus.topic_prefix, bus.partitions, bus.replication)
