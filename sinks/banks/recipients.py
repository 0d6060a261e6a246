"""The recipients' files, one each, named after its id; the shipped samples lie beside this module.

Those of recipients that were removed lie in a folder of their own below: their topics stay, for what was told is
withdrawn there, and is proven.
"""

from pathlib import Path

from catalogue.errors import UsageError
from rules.release.recipients import is_recipient_id

BANKS = Path(__file__).parent
REMOVED = "removed"


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


def removed_ids(folder: Path) -> tuple[str, ...]:
    """Return the ids of those that were removed and did not come back; raises as ``bank_ids`` does."""
    return tuple(sorted(set(bank_ids(folder / REMOVED)) - set(bank_ids(folder))))
