"""Which memberships of lists (名单) a recipient is told by name: who entered a public list, and who left it.

A list names enterprises, so nothing is told of one that rests on more than public data. Nor is anything told of whoever
waits, or why somebody is not on a list: that is the enterprise's business, and may come before a person's review.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rules.lists.membership import Status
from rules.rating.model import Basis
from rules.release.labels import Labels, ListLabel, differing_lists
from rules.release.reasons import WithdrawalReason
from rules.release.visible import is_enterprise


class VisibleEntry(NamedTuple):
    """What a recipient is told of a value of ``list.change.v1``.

    ``reason``: why not a member, unless that was decided. It then says nothing else: what is so now may not be told.
    """

    change: Mapping[str, Any]
    label: ListLabel
    is_member: bool
    reason: WithdrawalReason | None = None

    @property
    def status(self) -> Status:
        """Where the enterprise stands, as the recipient may know it."""
        return Status.MEMBER if self.is_member else Status.OUT

    @property
    def decided(self) -> Mapping[str, Any]:
        """The change where it may be told: since when, decided when, by which definition. Else nothing."""
        return {} if self.reason else self.change


def visible_entry(change: Mapping[str, Any], lists: Mapping[str, ListLabel]) -> VisibleEntry | None:
    """Return what a recipient is told of a value of ``list.change.v1``; None: of the list, or of this, nothing.

    ``lists`` are those that may be told, by id (``Labels.by_list``).
    """
    label = lists.get(change["list"])
    if label is None or not is_enterprise(change):
        return None
    is_public, is_member = change["basis"] == Basis.PUBLIC, _is_public_member(change)
    # A message of before the former basis was kept: nothing was decided on another one then.
    was_public = (change.get("previous_basis") or change["basis"]) == Basis.PUBLIC
    if is_member == (was_public and change["previous_status"] == Status.MEMBER):
        return None
    return VisibleEntry(change, label, is_member, None if is_public else WithdrawalReason.LABEL_CHANGED)


class ListRelabelling:
    """What one step from former labels to others changes of lists; ``former`` None: the recipient knows nothing yet."""

    def __init__(self, former: Labels | None, labels: Labels) -> None:
        self._now, self._before = labels.by_list, former.by_list if former else {}
        self.lists = differing_lists(former, labels)

    def __bool__(self) -> bool:
        """Whether anything can differ."""
        return bool(self.lists)

    def entry(self, change: Mapping[str, Any]) -> VisibleEntry | None:
        """Return what is told of whoever is a member by a change that is the last word on it."""
        now, before = self._now.get(change["list"]), self._before.get(change["list"])
        if now is not None:
            return VisibleEntry(change, now, is_member=True)
        return before and VisibleEntry(change, before, is_member=False, reason=WithdrawalReason.LABEL_CHANGED)


@dataclass(slots=True)
class SnapshotMembers:
    """The members of the lists that a relabelling is about, by one partition of ``list.change.v1``.

    ``note`` takes each change up to a point, in order, with its offset; then the others may be asked.
    """

    relabelling: ListRelabelling
    _members: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, change: Mapping[str, Any], offset: int) -> None:
        """Take a change."""
        if change["list"] not in self.relabelling.lists or not is_enterprise(change):
            return
        if _is_public_member(change):
            self._members[_key(change)] = offset
        else:
            self._members.pop(_key(change), None)

    def entry(self, change: Mapping[str, Any], offset: int) -> VisibleEntry | None:
        """Return what is told of a membership on which a change was the last word."""
        return self.relabelling.entry(change) if self._members.get(_key(change)) == offset else None


def _is_public_member(change: Mapping[str, Any]) -> bool:
    return bool(change["basis"] == Basis.PUBLIC and change["status"] == Status.MEMBER)


def _key(change: Mapping[str, Any]) -> tuple[str, str]:
    return change["subject"], change["list"]
