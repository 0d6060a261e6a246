"""The order of a record's versions is that of the merge, and the rule named is the one that decided."""

import random
from datetime import timedelta
from functools import reduce

import hypothesis.strategies as st
from hypothesis import given

from queries.versions import ONLY, Standing, ranked
from rules.merge import Outcome, Record, join
from tests.builders.events import MOMENT, record


def version(event: str, day: int = 0, revision: int = 0, content: str = "a", as_of: int = 0) -> Record:
    at, said = MOMENT + timedelta(days=day), MOMENT + timedelta(days=as_of)
    return record(event_id=event, source_time=at, as_of=said, revision=revision, content_hash=content)


def told(held: Record | None, *seen: Record) -> list[tuple[str, str]]:
    return [(one.record.envelope.event_id, one.standing.value) for one in ranked(held, seen)]


def test_each_loser_is_named_by_what_it_lost() -> None:
    winner = version("w", day=2, revision=1, content="b")
    seen = [
        version("old", day=1, revision=9, content="z"),
        version("before", day=2, revision=0, content="z"),
        version("earlier", day=2, revision=9, content="z", as_of=-1),
        winner,
        version("conflict", day=2, revision=1, content="a"),
        version("x", day=2, revision=1, content="b"),
    ]
    assert told(winner, *seen) == [
        ("w", "winner"), ("x", "duplicate"), ("conflict", "conflict"), ("before", "superseded"), ("earlier", "earlier"),
        ("old", "older"),
    ]  # fmt: skip


def test_the_winners_rule_is_what_it_has_over_the_next_content() -> None:
    winner = version("w", day=2, revision=1, content="b")

    def rule(*others: Record) -> str:
        return next(v.rule for v in ranked(winner, [winner, *others]) if v.standing is Standing.WINNER)

    assert rule() == ONLY
    assert "newest source time" in rule(version("o", day=1, revision=9))
    assert "higher revision" in rule(version("o", day=1), version("s", day=2))
    assert "later data time" in rule(version("o", day=1), version("e", day=2, revision=9, as_of=-1))
    assert "content hash" in rule(version("s", day=2), version("c", day=2, revision=1, content="a"))
    same = version("x", day=2, revision=1, content="b")
    assert "lowest event id" in rule(same)
    assert "newest source time" in rule(same, version("o", day=1))


def test_what_is_higher_than_the_winner_is_pending() -> None:
    held, new = version("held"), version("new", day=1)
    assert told(held, held, new) == [("new", "pending"), ("held", "winner")]
    assert told(None, held, new) == [("new", "pending"), ("held", "pending")]


def test_the_winner_is_shown_though_the_topic_has_it_no_more_and_once_though_twice() -> None:
    held = version("held")
    assert told(held) == [("held", "winner")]
    assert told(held, held, held) == [("held", "winner"), ("held", "duplicate")]


VERSIONS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("ab"), st.integers(0, 1)), min_size=1, max_size=8
).map(lambda rows: [version(f"e{n}", *row) for n, row in enumerate(rows)])


@given(VERSIONS, st.randoms(use_true_random=False))
def test_it_agrees_with_the_merge(seen: list[Record], shuffle: random.Random) -> None:
    winner = reduce(lambda held, one: join(held, one)[0], seen)
    shuffle.shuffle(seen)
    found = ranked(winner, seen)
    assert sorted(v.record.envelope.event_id for v in found) == sorted(r.envelope.event_id for r in seen)
    assert [v.record for v in found if v.standing is Standing.WINNER] == [winner]
    for one in found:
        if one.standing is not Standing.WINNER:
            same = join(winner, one.record)[1] is Outcome.DUPLICATE
            assert (one.standing is Standing.DUPLICATE) == same
            assert one.standing is not Standing.PENDING
