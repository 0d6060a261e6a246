"""However many refusals come, so many are written a minute, and none is forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.audit.refusals import RefusalLimit
from rules.audit.entry import ActorKind, AuditAct, AuditEntry

START = datetime(2026, 3, 2, tzinfo=UTC)
KINDS = (ActorKind.STRANGER, ActorKind.OPERATOR, ActorKind.RECIPIENT)


def refusal(kind: ActorKind, actor: str = "", outcome: str = "UNAUTHENTICATED") -> AuditEntry:
    return AuditEntry(START, kind, actor, AuditAct.NONE, "", "", (), outcome)


@pytest.mark.attack(by="a stranger who asks without end", wants="to fill a log that is kept for ever")
def test_a_flood_is_counted_and_summed_up_in_one_entry_a_minute() -> None:
    now = START
    limit = RefusalLimit(lambda: now)
    assert sum(limit.lets_through(refusal(ActorKind.STRANGER, f"s-{one}")) for one in range(10_000)) == 60
    assert list(limit.sums()) == []
    now += timedelta(minutes=1)
    (summed,) = limit.sums()
    assert (summed.count, summed.outcome, summed.actor) == (9_940, "UNAUTHENTICATED", "")
    assert list(limit.sums()) == []
    assert limit.lets_through(refusal(ActorKind.STRANGER))


def test_one_recipients_flood_takes_nothing_from_another() -> None:
    limit = RefusalLimit(lambda: START)
    for _ in range(1000):
        limit.lets_through(refusal(ActorKind.RECIPIENT, "yinhe", "NO_CONSENT"))
    assert limit.lets_through(refusal(ActorKind.RECIPIENT, "qinghe", "NO_CONSENT"))
    assert [(one.actor, one.count) for one in limit.sums(at_once=True)] == [("yinhe", 400)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS), st.sampled_from("ab"), st.sampled_from(["INVALID", "NOT_FOUND"]),
            st.integers(1, 500), st.integers(0, 40),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_every_refusal_is_written_or_counted(runs: list[tuple[ActorKind, str, str, int, int]]) -> None:
    now, written, counted = START, 0, 0
    limit = RefusalLimit(lambda: now)
    for kind, actor, outcome, times, seconds in runs:
        written += sum(limit.lets_through(refusal(kind, actor, outcome)) for _ in range(times))
        now += timedelta(seconds=seconds)
        counted += sum(one.count for one in limit.sums())
    assert written + counted + sum(one.count for one in limit.sums(at_once=True)) == sum(run[3] for run in runs)
