"""The institutions that receive a topic of their own: one YAML file each in ``sinks/banks``."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from catalogue.errors import UsageError

BANKS = Path(__file__).parent / "banks"


@dataclass(frozen=True, slots=True)
class Recipient:
    """An institution; ``id`` names its topic ``bank.<id>.v1``, ``type`` is its kind."""

    id: str
    zh: str
    type: str


def load_banks(folder: Path = BANKS) -> tuple[Recipient, ...]:
    """Return every bank by id; raises UsageError when a file is not named after its bank."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        row = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        if row["id"] != path.stem:
            raise UsageError(f"{path.name} describes {row['id']}.", remedy="Name the file after the bank's id.")
        found.append(Recipient(row["id"], row["zh"], row["type"]))
    return tuple(found)
