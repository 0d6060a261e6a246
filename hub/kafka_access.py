"""Where Kafka is, and which client file its users log in with."""

from pathlib import Path

from pydantic import Field

from bus.users import file_of
from hub.variables import SettingsGroup


class KafkaSettings(SettingsGroup):
    """The broker."""

    prefix = "kafka_"

    bootstrap: str | None = Field(default=None, description="an existing Kafka, host:port[,…]; unset: the embedded one")
    port: int = Field(default=9092, description="port the embedded broker prefers; another is chosen when it is taken")
    access: Path | None = Field(
        default=None,
        description="what clients log in with: a client file (JSON), or a folder with one for each user of"
        " docs/security.md; unset: <home>/access for the embedded broker, nothing for another",
    )

    def client_files(self, home: Path) -> Path | None:
        """Return what clients log in with, a file or a folder of files; None: nothing."""
        if self.access is not None:
            return self.access.expanduser().absolute()
        return None if self.bootstrap else home.expanduser().absolute() / "access"

    def client_file(self, home: Path, user: str) -> str:
        """Return the client file of a user; "" where none is named for this Kafka."""
        access = self.client_files(home)
        if access is None:
            return ""
        return str(access if access.is_file() else file_of(access, user))
