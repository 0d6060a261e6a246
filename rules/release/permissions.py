"""What a provider lets which kinds of recipients have (政务数据共享条例, article 25), beside law and consent.

What is public needs no permission. What an enterprise consented to is released only with one in force.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from catalogue.load import load_catalogue
from rules.definition_files import DefinitionFile
from rules.release.recipients import RecipientKind

PERMISSIONS = Path(__file__).with_name("permissions.yaml")
_KEYS = frozenset({"items", "kinds", "document", "expires"})


@dataclass(frozen=True, slots=True)
class Permission:
    """A provider's permission for one item; ``document``: 文号 of what says so; ``expires``: the last day."""

    item: str
    kinds: frozenset[RecipientKind]
    document: str
    expires: date

    def order(self) -> tuple[str, date, str, list[str]]:
        """Return what permissions are sorted by."""
        return self.item, self.expires, self.document, sorted(self.kinds)


def last_day(permissions: Iterable[Permission], item: str, kind: RecipientKind, day: date) -> date | None:
    """Return until when a kind of recipient may have an item, as of a day; None: it may not on that day."""
    ends = (one.expires for one in permissions if one.item == item and kind in one.kinds and day <= one.expires)
    return max(ends, default=None)


@functools.cache
def load_permissions(path: Path = PERMISSIONS) -> tuple[Permission, ...]:
    """Read the permissions; raises CatalogueError, with file and line, for what is wrong with one."""
    return _File(path).read()


class _File(DefinitionFile):
    def read(self) -> tuple[Permission, ...]:
        """Return the permissions."""
        return self._made(self._all)

    def _nothing(self, row: Any) -> str:
        return "a permission says its items, kinds, document and expires"

    def _all(self, rows: Any) -> tuple[Permission, ...]:
        if not isinstance(rows, list):
            raise ValueError("it is a list of permissions, [] where there are none")
        return tuple(sorted((one for row in rows for one in self._permissions(row)), key=Permission.order))

    def _permissions(self, row: Any) -> Iterable[Permission]:
        self._known(row, _KEYS)
        kinds, document, expires = self._kinds(row["kinds"]), row["document"], row["expires"]
        if not isinstance(document, str) or not document.strip():
            raise ValueError("document is empty: write the 文号 of what says so")
        if type(expires) is not date:
            raise ValueError(f"expires is {expires!r}: write the last day, as in 2027-12-31")
        for item in self._items(row["items"]):
            yield Permission(item, kinds, document, expires)

    def _kinds(self, said: Any) -> frozenset[RecipientKind]:
        if not isinstance(said, list) or not said or any(one not in list(RecipientKind) for one in said):
            raise ValueError(f"kinds are {said!r}: write a list of {', '.join(RecipientKind)}")
        return frozenset(map(RecipientKind, said))

    def _items(self, said: Any) -> list[str]:
        # Of persons' data no provider disposes: each of them consents alone, and nothing of it is released.
        known = {item.id for item in load_catalogue().items if not item.about_persons}
        if not isinstance(said, list) or not said:
            raise ValueError(f"items are {said!r}: write a list of items' ids")
        if unknown := [one for one in said if one not in known]:
            raise ValueError(f"items: {unknown[0]!r} is no item that is about enterprises: see `credithub catalogue`")
        return said
