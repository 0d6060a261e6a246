"""As whom the hub's processes log in to PostgreSQL, and how the settings name the addresses for it."""

from enum import StrEnum

from pydantic import Field

from hub.variables import SettingsGroup


class DatabaseRole(StrEnum):
    """The roles that processes of the hub log in as; deploy/postgres-init.sql makes them and says what each may."""

    OWNER = "owner"
    """Makes and migrates the tables (`prepare`), and empties them (`rebuild`)."""
    SINK = "sink"
    """Writes what the topics say into the tables."""
    READER = "reader"
    """Answers queries. It reads neither ``person_record`` nor a column that holds ciphertext."""
    PROOF = "proof"
    """Counts and compares: what the reader may, and of ``person_record`` the keys and versions, never the payload."""
    PORTAL = "portal"
    """Answers recipients: it reads the records, states and indicators of enterprises, and nothing else."""

    @property
    def user(self) -> str:
        """The role's name in PostgreSQL."""
        return f"credithub_{self.value}"

    @property
    def field(self) -> str:
        """The field of the endpoints that holds its address."""
        return "postgres_dsn" if self is DatabaseRole.OWNER else f"postgres_{self.value}_dsn"

    @property
    def remedy(self) -> str:
        """What to do where a process was not given its address."""
        return (
            f"Name it in CREDITHUB_POSTGRES_{self.value.upper()}_DSN; with Docker Compose run the command in the"
            " container that has it (docs/operations.md)."
        )


class PostgresSettings(SettingsGroup):
    """The database."""

    prefix = "postgres_"

    dsn: str | None = Field(
        default=None, repr=False, description="an existing PostgreSQL, postgresql://…; unset: the embedded one"
    )
    owner_dsn: str | None = Field(default=None, repr=False, description="the same as its owner; unset: the first")
    sink_dsn: str | None = Field(default=None, repr=False, description="the same as the sink; unset: the first")
    reader_dsn: str | None = Field(default=None, repr=False, description="the same as the reader; unset: the first")
    proof_dsn: str | None = Field(default=None, repr=False, description="the same as the proof; unset: the first")
    portal_dsn: str | None = Field(default=None, repr=False, description="the same as the portal; unset: the first")
    registry_dsn: str | None = Field(
        default=None, repr=False, description="the embedded registry's database there; unset: <database>_registry"
    )
    port: int = Field(default=5432, description="port the embedded PostgreSQL prefers")

    def named(self, role: DatabaseRole) -> str | None:
        """Return the address of an existing PostgreSQL that a role uses; None where none is named."""
        own: str | None = getattr(self, f"{role}_dsn")
        return own or self.dsn

    def addresses(self) -> dict[str, str | None]:
        """Return the named addresses by the fields of the endpoints."""
        return {role.field: self.named(role) for role in DatabaseRole}

    @property
    def existing(self) -> str | None:
        """The address of an existing PostgreSQL as its owner; None: the embedded one is used."""
        return self.named(DatabaseRole.OWNER)
