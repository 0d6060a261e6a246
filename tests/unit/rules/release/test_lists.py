"""Who is told of a list: its public members, by labels of any step, and nothing of anybody else."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.release.labels import Labels, ListLabel
from rules.release.lists import Member, VisibleEntry, differing_entry, member_of, visible_entry
from rules.release.reasons import WithdrawalReason
from tests.builders.list_changes import DAY, list_change, next_change

WHITE, WATCH = ListLabel("white", "白名单", "merit"), ListLabel("watch", "预警名单", "warning")
RENAMED = ListLabel("white", "优企白名单", "merit")
LABELS = [Labels((), frozenset(), (), frozenset(lists)) for lists in ([], [WHITE], [WHITE, WATCH], [RENAMED])]
ONE, OTHER = "91630102MA0000001X", "91630102MA0000002X"
STEPS = st.lists(
    st.tuples(
        st.sampled_from([ONE, OTHER]),
        st.sampled_from(["white", "watch"]),
        st.sampled_from(["MEMBER", "WAITING", "OUT"]),
        st.sampled_from(["public", "public", "authorised"]),
    ),
    max_size=12,
)


def _changes(steps: Iterable[tuple[str, str, str, str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for at, (subject, of, status, basis) in enumerate(steps):
        before = last.get((subject, of))
        first = {"of": of, "subject": subject} if before is None else {}
        change = next_change(before, status, day=DAY + timedelta(at), basis=basis, **first)
        found.append(change)
        last[subject, of] = change
    return found


class _Recipient:
    def __init__(self) -> None:
        self.members: dict[tuple[str, str], ListLabel] = {}
        self.heard: list[VisibleEntry] = []

    def hear(self, subject: str, entry: VisibleEntry | None) -> None:
        if entry is None:
            return
        self.heard.append(entry)
        key = (subject, entry.label.id)
        # Nobody is told twice of what he knows, nor of the end of what he never knew.
        assert self.members.get(key) != (entry.label if entry.is_member else None)
        if entry.is_member:
            self.members[key] = entry.label
        else:
            del self.members[key]

    def follow(self, changes: Iterable[dict[str, Any]], labels: Labels) -> None:
        for change in changes:
            self.hear(change["subject"], visible_entry(change, labels.by_list))

    def take(self, changes: list[dict[str, Any]], former: Labels | None, labels: Labels) -> None:
        members: dict[tuple[str, str], Member | None] = {}
        for change in changes:
            members[change["subject"], change["list"]] = member_of(change)
        told = former.by_list if former else {}
        for (subject, name), member in members.items():
            if member is not None:
                reason = WithdrawalReason.LABEL_CHANGED
                self.hear(subject, differing_entry(name, member, told, labels.by_list, reason))


def _members(changes: Iterable[dict[str, Any]], labels: Labels) -> dict[tuple[str, str], ListLabel]:
    last = {(change["subject"], change["list"]): change for change in changes}
    return {
        key: labels.by_list[key[1]]
        for key, change in last.items()
        if key[1] in labels.by_list and (change["status"], change["basis"]) == ("MEMBER", "public")
    }


@given(steps=STEPS, labels=st.sampled_from(LABELS))
def test_who_follows_or_begins_late_knows_the_public_members_and_nobody_else(steps: Any, labels: Labels) -> None:
    changes, always, late = _changes(steps), _Recipient(), _Recipient()
    always.follow(changes, labels)
    late.take(changes, None, labels)
    assert always.members == late.members == _members(changes, labels)
    assert all(entry.is_member for entry in late.heard)


@given(steps=STEPS, more=STEPS, former=st.sampled_from(LABELS), labels=st.sampled_from(LABELS))
def test_labels_that_change_leave_everybody_with_what_the_new_ones_let_know(
    steps: Any, more: Any, former: Labels, labels: Labels
) -> None:
    changes = _changes([*steps, *more])
    moved, before = _Recipient(), len(steps)
    moved.follow(changes[:before], former)
    heard = len(moved.heard)
    moved.take(changes[:before], former, labels)
    withdrawn = [entry for entry in moved.heard[heard:] if not entry.is_member]
    assert all(entry.reason is WithdrawalReason.LABEL_CHANGED and not entry.decided for entry in withdrawn)
    moved.follow(changes[before:], labels)
    assert moved.members == _members(changes, labels)


def test_what_moves_while_a_member_stays_one_is_told_nobody() -> None:
    lists = {"white": WHITE}
    entered = list_change("MEMBER")
    assert visible_entry(list_change("WAITING"), lists) is None
    assert visible_entry(next_change(entered, "MEMBER", reasons=["BETWEEN"]), lists) is None
    left = visible_entry(next_change(entered, "OUT", reasons=["VETO:liquidation"]), lists)
    assert left is not None
    assert (left.status, left.reason, left.decided["since"]) == ("OUT", None, DAY)


@pytest.mark.attack(by="a bank", wants="to learn who is on a list that rests on consented data")
def test_what_an_authorised_decision_says_is_told_nobody() -> None:
    entered = list_change("MEMBER")
    for status in ("MEMBER", "OUT"):
        ended = visible_entry(next_change(entered, status, basis="authorised"), {"white": WHITE})
        assert ended is not None
        assert (ended.status, ended.reason, ended.decided) == ("OUT", WithdrawalReason.LABEL_CHANGED, {})
    hidden = list_change("MEMBER", basis="authorised")
    assert visible_entry(hidden, {"white": WHITE}) is None
    assert visible_entry(next_change(hidden, "OUT", basis="authorised"), {"white": WHITE}) is None


def test_a_change_that_does_not_say_the_former_basis_is_of_the_same_one() -> None:
    ended = next_change(list_change("MEMBER"), "OUT") | {"previous_basis": None}
    told = visible_entry(ended, {"white": WHITE})
    assert told is not None
    assert told.reason is None


def test_nobody_but_an_enterprise_is_told_of() -> None:
    assert visible_entry(list_change("MEMBER", subject="person:00ff"), {"white": WHITE}) is None
