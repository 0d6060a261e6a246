"""The banks that receive a topic of their own: one YAML file each beside this module, named after the bank's id."""

from pathlib import Path

BANKS = Path(__file__).parent


def bank_ids(folder: Path = BANKS) -> tuple[str, ...]:
    """Return the ids of all banks, sorted: the names of their files, as topics and consumer groups have them."""
    return tuple(sorted(file.stem for file in folder.glob("*.yaml")))
