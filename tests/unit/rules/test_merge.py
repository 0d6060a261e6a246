"""Law 1: any permutation, repetition or split of the same events gives the same records and digests."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import SET_MARK, is_mark
from rules.merge import Outcome, Record, fingerprint, join, replace_in_digest, set_mark, set_since, stands
from tests.builders.events import MOMENT, record


def event(
    event_id: str = "s:1",
    key: str = "k",
    op: str = "REPORT",
    day: int = 0,
    revision: int = 0,
    content: str = "c",
    *,
    as_of: int = 0,
    period: str | None = None,
    whole: bool = False,
) -> Record:
    return record(
        content.encode(),
        event_id=event_id,
        item="market.shareholder",
        op=op,
        record_key=key if period is None else f"{period}|{key}",
        period=period,
        source_time=MOMENT + timedelta(days=day),
        as_of=MOMENT + timedelta(days=as_of),
        revision=revision,
        # The hash that adapters make covers the operation, too.
        content_hash=f"{op}{content}",
        replaces_set=whole,
    )


# Few values, so that ties in time, in revision and in content are common.
events = st.builds(
    event,
    event_id=st.sampled_from(["a:1", "a:2", "b:1"]),
    key=st.sampled_from(["k", "l"]),
    op=st.sampled_from(["REPORT", "WITHDRAW", "NIL"]),
    day=st.integers(-1, 1),
    as_of=st.integers(-1, 1),
    period=st.sampled_from([None, "2024", "2025"]),
    revision=st.integers(0, 1),
    content=st.sampled_from(["x", "y"]),
    whole=st.booleans(),
)


def folded(seen: list[Record]) -> tuple[dict[str, tuple[object, ...]], int]:
    held: dict[str, Record] = {}
    digest = 0
    for report in seen:
        mark = set_mark(report.envelope)
        for one in [report, *([Record(mark, 0, b"\x00")] if mark else [])]:
            key = one.envelope.record_key
            old = held.get(key)
            held[key], _ = join(old, one)
            former = fingerprint(old.envelope, True) if old else 0
            digest = replace_in_digest(digest, former, fingerprint(held[key].envelope, True))
    return {k: (r.envelope.version, r.envelope.event_id) for k, r in held.items()}, digest


@given(st.lists(events, max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(seen: list[Record], random: Random) -> None:
    shuffled = [*seen, *seen[: len(seen) // 2]]
    random.shuffle(shuffled)
    assert folded(shuffled) == folded(seen)


@given(events, events, events)
def test_the_join_is_associative(a: Record, b: Record, c: Record) -> None:
    left, right = join(join(a, b)[0], c)[0], join(a, join(b, c)[0])[0]
    assert (left.envelope.version, left.envelope.event_id) == (right.envelope.version, right.envelope.event_id)


def test_outcomes_name_what_happened() -> None:
    assert join(None, event())[1] is Outcome.MERGED
    assert join(event(), event(event_id="t:9"))[1] is Outcome.DUPLICATE
    assert join(event(day=1), event())[1] is Outcome.SUPERSEDED
    assert join(event(day=1), event(content="d", day=2))[1] is Outcome.MERGED


def test_of_one_source_time_the_later_statement_wins_whatever_its_revision_and_hash() -> None:
    valid, cancelled = event(content="z", revision=2), event(content="a", as_of=1)
    assert join(valid, cancelled) == (cancelled, Outcome.MERGED)
    assert join(cancelled, valid) == (cancelled, Outcome.SUPERSEDED)


@given(events, st.integers(1, 3), st.integers(0, 3))
def test_the_same_content_later_raises_what_is_held_and_is_a_duplicate(one: Record, later: int, days: int) -> None:
    envelope = one.envelope
    again = one._replace(
        envelope=envelope._replace(
            as_of=envelope.as_of + timedelta(days=later), source_time=envelope.source_time + timedelta(days=days)
        )
    )
    assert join(one, again) == (again, Outcome.DUPLICATE)
    assert fingerprint(again.envelope, True) == fingerprint(envelope, True)


def test_of_full_equals_the_lower_event_stays() -> None:
    low, high = event(event_id="a:1"), event(event_id="b:1")
    assert join(high, low)[0] is low
    assert join(low, high)[0] is low


def test_a_withdrawal_is_a_value_that_a_late_report_does_not_resurrect() -> None:
    gone = event(op="WITHDRAW", day=1)
    winner, _ = join(gone, event(day=0))
    assert not stands(winner.envelope, None)


def test_a_newer_set_leaves_departed_members_behind() -> None:
    old, new = event(key="old", whole=True), event(key="new", day=1, whole=True)
    mark = set_mark(new.envelope)
    assert mark is not None
    assert mark.record_key == SET_MARK
    since = set_since(mark)
    assert stands(new.envelope, since)
    assert not stands(old.envelope, since)


def test_a_member_is_as_new_as_the_list_that_names_it() -> None:
    earlier, later = event(key="old", whole=True), event(key="new", whole=True, as_of=1)
    mark = set_mark(later.envelope)
    assert mark is not None
    assert stands(later.envelope, set_since(mark))
    assert not stands(earlier.envelope, set_since(mark))


def test_the_sets_of_periods_are_apart() -> None:
    one, other = event(period="2023", whole=True), event(period="2024", whole=True)
    assert one.envelope.set_key != other.envelope.set_key
    marks = [set_mark(each.envelope) for each in (one, other, event(whole=True))]
    assert [mark and mark.record_key for mark in marks] == [one.envelope.set_key, other.envelope.set_key, SET_MARK]
    assert all(mark is not None and is_mark(mark.record_key) for mark in marks)
    assert not is_mark(one.envelope.record_key)
    # A period that is no part of the key is none of the record.
    assert event().envelope._replace(period="2025").set_key == SET_MARK


def test_only_what_is_said_and_counts_is_in_the_fingerprint() -> None:
    one = event(event_id="a:1").envelope
    assert fingerprint(one, True) == fingerprint(event(event_id="b:7", day=1, as_of=1, revision=1).envelope, True)
    assert fingerprint(one, True) != fingerprint(one, False)
    assert fingerprint(one, True) != fingerprint(event(content="d").envelope, True)
    assert fingerprint(one, True) != fingerprint(event(op="WITHDRAW").envelope, True)
