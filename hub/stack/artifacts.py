"""The jars of Kafka and the registry as they are pinned, and where they lie in a cache of downloads.

``artifacts.lock.json`` names each file by its Maven coordinates, its size and its SHA-256; ``relock`` writes it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

LOCK_FILE = Path(__file__).with_name("artifacts.lock.json")


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """One file of a Maven repository, pinned."""

    group: str
    name: str
    version: str
    classifier: str
    packaging: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.{self.packaging}"

    def path(self, repository: Path) -> Path:
        """Return where the file lies below a local repository."""
        return repository.joinpath(*self.group.split("."), self.name, self.version, self.file_name)


def locked(component: str) -> tuple[LockedArtifact, ...]:
    """Return the pinned files of ``kafka`` or ``registry``, in the order of the class path."""
    raw = json.loads(LOCK_FILE.read_text("utf-8"))
    return tuple(LockedArtifact(**entry) for entry in raw[component])


def is_registry_unpacked(cache: Path) -> bool:
    """Return whether the registry lies unpacked in the cache; the folder is renamed into place when whole."""
    return (registry_folder(cache) / "quarkus-run.jar").exists()


def registry_folder(cache: Path) -> Path:
    """Return where the unpacked registry lies."""
    return cache / f"apicurio-registry-{locked('registry')[0].version}"


def kafka_classpath(cache: Path) -> str:
    """Return Kafka's class path."""
    return ":".join(str(artifact.path(cache / "m2")) for artifact in locked("kafka"))


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
