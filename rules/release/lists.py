"""Which memberships of lists (名单) a recipient is told by name: who entered a public list, and who left it.

A list names enterprises, so nothing is told of one that rests on more than public data. Nor is anything told of whoever
waits, or why somebody is not on a list: that is the enterprise's business, and may come before a person's review.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from rules.lists.membership import Status
from rules.rating.model import Basis
from rules.release.labels import ListLabel
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

    def fields(self) -> dict[str, Any]:
        """Return what a recipient's message says of the list, by its names there."""
        decided = self.decided
        return {
            "list": self.label.id,
            "list_name": self.label.zh,
            "kind": self.label.kind,
            "status": self.status,
            "reason": self.reason,
            "since": decided.get("since"),
            "as_of": decided.get("as_of"),
            "definition_hash": decided.get("definition_hash"),
        }


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


class Member(NamedTuple):
    """A membership of a public list that counts: since when, decided as of which day, by which definition."""

    since: date
    as_of: date
    definition_hash: str


def member_of(change: Mapping[str, Any]) -> Member | None:
    """Return the membership that counts behind a value of ``list.change.v1``; None: none that anybody may be told."""
    if not _is_public_member(change):
        return None
    return Member(change["since"], change["as_of"], change["definition_hash"])


def differing_entry(
    name: str, member: Member, told: Mapping[str, ListLabel], lists: Mapping[str, ListLabel], reason: WithdrawalReason
) -> VisibleEntry | None:
    """Return what a recipient is told of a membership because of other labels; None: it knows the same.

    ``told`` and ``lists``: those of which it was told, and may be told now. ``reason``: why not any more.
    """
    before, now = told.get(name), lists.get(name)
    if now == before:
        return None
    if now is not None:
        return VisibleEntry(member._asdict(), now, is_member=True)
    return before and VisibleEntry(member._asdict(), before, is_member=False, reason=reason)


def _is_public_member(change: Mapping[str, Any]) -> bool:
    return bool(change["basis"] == Basis.PUBLIC and change["status"] == Status.MEMBER)
