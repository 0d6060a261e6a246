"""Where everything of the embedded stack lies: one folder, and a cache of downloads that may be shared."""

from dataclasses import dataclass
from pathlib import Path

from hub.settings import Settings
from hub.trusted_files import refuse_planted

# Every entry that the hub makes in its home, by whatever command, apart from the downloads and the keys.
_OWN_NAMES = (
    "kafka", "access", "postgres", "streams", "upstream", "run", "logs", "prometheus", "receipts", "certs",
    "portal", "recipients", "recipients.new", "schemas.zip", "schemas.new",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HomeLayout:
    """The folders and files below one home; all paths are absolute."""

    home: Path
    cache: Path
    keys: Path

    @classmethod
    def of(cls, settings: Settings) -> "HomeLayout":
        """Return the layout that the settings name; nothing is created."""
        home = settings.home.expanduser().absolute()
        cache, keys = settings.stack.cache or home / "cache", settings.key_file or home / "keys.json"
        return cls(home, cache.expanduser().absolute(), keys.expanduser().absolute())

    def create(self) -> None:
        """Make the folders; those with data, logs or a database password are closed to all but their owner.

        Raises UsageError for a home, or a cache of programs, that others have made or may change.
        """
        for folder in (self.home, self.cache, self.postgres):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            refuse_planted(folder)
        for folder in (self.run, self.logs, self.kafka, self.access, self.streams, self.upstream, self.portal):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # An earlier version made them readable by everybody.
            folder.chmod(0o700)

    def own_entries(self, *, with_keys: bool, with_cache: bool) -> tuple[Path, ...]:
        """Return what the hub made in the home, whether it is there or not; all else in it is somebody else's."""
        # What was signed belongs to consents, which an existing Kafka keeps, as the keys do.
        own = (self.home / "keys.json", self.keys, self.keys.with_suffix(".new"), self.home / "evidence")
        keys = (*own, self.keys.with_name("signing.json"), self.keys.with_name("webhooks")) if with_keys else ()
        cache = (self.cache,) if with_cache else ()
        entries = (*(self.home / name for name in _OWN_NAMES), *keys, *cache)
        return tuple(dict.fromkeys(entry for entry in entries if entry.parent == self.home))

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def kafka(self) -> Path:
        return self.home / "kafka"

    @property
    def access(self) -> Path:
        """The client files of the embedded broker's users, and of its administrator."""
        return self.home / "access"

    @property
    def streams(self) -> Path:
        return self.home / "streams"

    @property
    def upstream(self) -> Path:
        return self.home / "upstream"

    @property
    def upstream_token(self) -> Path:
        """The token of the embedded upstream node, for the node and the sink that sends to it."""
        return self.upstream / "token"

    @property
    def portal(self) -> Path:
        """The folder of the portal's token."""
        return self.home / "portal"

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def lock_file(self) -> Path:
        """Locked (``flock``) for as long as a supervisor lives; the kernel releases it when the supervisor dies."""
        return self.run / "supervisor.lock"

    @property
    def supervisor_file(self) -> Path:
        return self.run / "supervisor.json"

    @property
    def children_file(self) -> Path:
        return self.run / "children.json"

    @property
    def status_file(self) -> Path:
        return self.run / "status.json"

    @property
    def settings_file(self) -> Path:
        return self.run / "settings.json"

    @property
    def ports_file(self) -> Path:
        return self.run / "ports.json"

    @property
    def endpoints_file(self) -> Path:
        return self.run / "endpoints.json"

    @property
    def targets_file(self) -> Path:
        """What Prometheus scrapes; everybody may read it, because Prometheus often runs as another user."""
        return self.home / "prometheus" / "targets.json"

    def log_file(self, name: str) -> Path:
        """Return where the child ``name`` logs."""
        return self.logs / f"{name}.log"
