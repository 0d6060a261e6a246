"""The recipients, one YAML file each, named after its id; the shipped samples lie beside this module."""

from pathlib import Path

from catalogue.errors import UsageError
from rules.release.recipients import is_recipient_id

BANKS = Path(__file__).parent


def bank_ids(folder: Path = BANKS) -> tuple[str, ...]:
    """Return the ids of all banks, sorted: the names of their files, as topics and consumer groups have them.

    Raises UsageError naming the file whose name is no id.
    """
    files = sorted(folder.glob("*.yaml"))
    for file in files:
        if not is_recipient_id(file.stem):
            raise UsageError(
                f"The name of {str(file)!r} is no id of a bank.",
                remedy="Rename it: 2 to 31 small letters a-z and digits, the first one a letter, as in yinhe2.yaml.",
            )
    return tuple(sorted(file.stem for file in files))
