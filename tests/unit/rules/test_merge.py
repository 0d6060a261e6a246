"""Law 1: any permutation, repetition or split of the same events gives the same records and digests."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import SET_MARK
from rules.merge import Outcome, Record, fingerprint, is_live, join, replace_in_digest, set_mark
from tests.builders.events import MOMENT, record


def event(
    event_id: str = "s:1",
    key: str = "k",
    op: str = "REPORT",
    day: int = 0,
    revision: int = 0,
    content: str = "c",
    *,
    whole: bool = False,
) -> Record:
    return record(
        content.encode(),
        event_id=event_id,
        item="market.shareholder",
        op=op,
        record_key=key,
        source_time=MOMENT + timedelta(days=day),
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
    day=st.integers(-2, 2),
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
            digest = replace_in_digest(digest, old.envelope if old else None, held[key].envelope)
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
    assert join(event(day=1), event(revision=0, day=2))[1] is Outcome.MERGED


def test_a_correction_restores_an_older_file_of_the_same_time() -> None:
    restored = event(content="a", revision=1)
    assert join(event(content="z"), restored)[0] is restored


def test_of_full_equals_the_lower_event_stays() -> None:
    low, high = event(event_id="a:1"), event(event_id="b:1")
    assert join(high, low)[0] is low
    assert join(low, high)[0] is low


def test_a_withdrawal_is_a_value_that_a_late_report_does_not_resurrect() -> None:
    gone = event(op="WITHDRAW", day=1)
    winner, _ = join(gone, event(day=0))
    assert not is_live(winner.envelope, None)


def test_a_newer_set_leaves_departed_members_behind() -> None:
    old, new = event(key="old", whole=True), event(key="new", day=1, whole=True)
    mark = set_mark(new.envelope)
    assert mark is not None
    assert mark.record_key == SET_MARK
    since = (mark.source_time, mark.revision)
    assert is_live(new.envelope, since)
    assert not is_live(old.envelope, since)


def test_only_what_counts_is_in_the_fingerprint() -> None:
    assert fingerprint(event(event_id="a:1").envelope) == fingerprint(event(event_id="b:7").envelope)
    assert fingerprint(event().envelope) != fingerprint(event(content="d").envelope)
    assert fingerprint(event().envelope) != fingerprint(event(op="WITHDRAW").envelope)
