"""Settings, read once: from the environment (``CREDITHUB_…``) and ``credithub.env`` in the current folder.

They are grouped by what they are about: ``settings.kafka.port`` is the variable ``CREDITHUB_KAFKA_PORT``. A service
that is named here is used as it is. One that is not named is the embedded one; the supervisor writes its address into
``<home>/run/endpoints.json`` (see ``hub.stack``).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bus.config import BusConfig
from bus.users import QUERIES
from catalogue.errors import UsageError
from hub.database_access import DatabaseRole, PostgresSettings
from hub.kafka_access import KafkaSettings
from hub.setting_groups import (
    AlertSettings,
    BusSettings,
    CertificateSettings,
    PortalSettings,
    ProcessSettings,
    RegistryDoorSettings,
    RegistrySettings,
    SinkSettings,
    StackSettings,
    UpstreamSettings,
    WebhookSettings,
)
from hub.trusted_files import refuse_planted
from hub.variables import VariablesSource, flattened, grouped, setting_paths, variable


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
    recipients: Path | None = Field(
        default=None,
        description="folder of the recipients' files (`credithub bank`); unset: <home>/recipients, which begins with"
        " samples",
    )
    key_file: Path | None = Field(default=None, description="keys for personal data; unset: <home>/keys.json")
    signing_key_file: Path | None = Field(
        default=None, description="the key that signs consents; unset: signing.json beside the key file"
    )
    stack: StackSettings = StackSettings()
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    registry_door: RegistryDoorSettings = RegistryDoorSettings()
    postgres: PostgresSettings = PostgresSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    portal: PortalSettings = PortalSettings()
    sink: SinkSettings = SinkSettings()
    webhooks: WebhookSettings = WebhookSettings()
    bus: BusSettings = BusSettings()
    processes: ProcessSettings = ProcessSettings()
    alert: AlertSettings = AlertSettings()
    certs: CertificateSettings = CertificateSettings()

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
    def signing_keys(self) -> Path:
        """Where the file with the signing key lies."""
        return self.signing_key_file or self.keys.with_name("signing.json")

    @property
    def webhook_files(self) -> Path:
        """The folder of the webhooks' secrets, a file for each recipient."""
        return self.webhooks.folder or self.keys.with_name("webhooks")

    @property
    def evidence(self) -> Path:
        """The folder of what was signed, sealed."""
        return self.home / "evidence"

    @property
    def portal_token(self) -> Path:
        """Where the embedded portal's token lies."""
        return self.home / "portal" / "token"

    @property
    def certificates(self) -> Path:
        """The folder of the certificates that this hub made."""
        return self.certs.folder or self.home / "certs"

    @property
    def schema_archive(self) -> Path:
        """Where the registry's schemas are kept with their ids."""
        return self.home / "schemas.zip"

    @property
    def client_files(self) -> Path | None:
        """What clients of Kafka log in with, a file or a folder of files; None: nothing."""
        return self.kafka.client_files(self.home)

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
    for name, value in flattened(settings.model_dump(), SETTING_PATHS).items():
        if isinstance(value, Path):
            values[name] = str(value.expanduser().absolute())
    return {variable(name): str(value) for name, value in values.items() if value is not None}


def load_settings() -> Settings:
    """Read the settings from the environment, once in each command.

    Raises UsageError naming each variable whose value is none, and for a credithub.env that others may have put here.
    """
    refuse_planted(Path(str(Settings.model_config["env_file"])))
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
    """As the owner of the tables; this one and the next four are empty where a process was not given them."""
    postgres_sink_dsn: str
    postgres_reader_dsn: str
    postgres_proof_dsn: str
    postgres_portal_dsn: str
    upstream_url: str
    portal_url: str = ""
    """Empty: no portal runs here, and none is named."""

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
        refuse_planted(settings.endpoints_file)
        running = json.loads(settings.endpoints_file.read_text("utf-8"))
    named = {
        "bootstrap": settings.kafka.bootstrap,
        "registry_url": settings.registry.url,
        **settings.postgres.addresses(),
        "upstream_url": settings.upstream.url,
    }
    portal = settings.portal.url or running.get("portal_url", "")
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
    return Endpoints(**addresses, portal_url=portal)


def bus_config(settings: Settings, principal: str = QUERIES) -> BusConfig:
    """Return where the bus is, how it is shaped, and what the clients of a principal (`bus.principals`) log in with."""
    addresses, bus = endpoints(settings), settings.bus
    return BusConfig(
        addresses.bootstrap, addresses.registry_url, bus.topic_prefix, bus.partitions, bus.replication,
        principal, settings.kafka.client_file(settings.home, principal),
    )  # fmt: skip
