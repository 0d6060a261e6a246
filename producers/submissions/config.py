"""What a session needs of the node that it runs on."""

from dataclasses import dataclass
from pathlib import Path

from bus.config import BusConfig
from producers.submissions.name_check import RegisteredNames


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """Where submissions go, and what they are sealed with; it can be sent to another process.

    Without a ``bus`` nothing leaves: rows are read and counted only (a dry run), and no key file is read.
    """

    receipts: Path  # the folder that keeps the receipts of completed submissions
    region: str  # who reports nothing else reports for this division, GB/T 2260
    bus: BusConfig | None = None
    key_file: Path | None = None
    registered: RegisteredNames | None = None  # what the names of rows are compared with

    @property
    def mappings(self) -> Path:
        """The folder that keeps the mappings (对照表) which persons confirmed."""
        return self.receipts.parent / "mappings"
