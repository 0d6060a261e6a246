"""The banks that receive a topic of their own: one YAML file each beside this module, named after the bank's id."""

import re
from pathlib import Path

from catalogue.errors import UsageError

BANKS = Path(__file__).parent
# It becomes a part of names of topics, groups, transactions, processes and services, so it holds nothing that means
# something in any of them.
_ID = re.compile(r"[a-z][a-z0-9]{1,30}")


def bank_ids(folder: Path = BANKS) -> tuple[str, ...]:
    """Return the ids of all banks, sorted: the names of their files, as topics and consumer groups have them.

    Raises UsageError naming the file whose name is no id.
    """
    files = sorted(folder.glob("*.yaml"))
    for file in files:
        if not _ID.fullmatch(file.stem):
            raise UsageError(
                f"The name of {str(file)!r} is no id of a bank.",
                remedy="Rename it: 2 to 31 small letters a-z and digits, the first one a letter, as in yinhe2.yaml.",
            )
    return tuple(sorted(file.stem for file in files))
