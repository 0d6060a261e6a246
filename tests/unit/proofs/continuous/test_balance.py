"""Windows in any cut give the same digest, and any drop, double or swap is found whatever the cut."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from proofs.continuous.balance import Balance, MultisetDigest, Unbalanced, settle_count

TOKENS = st.lists(st.integers(0, 40).map(str), unique=True, min_size=2, max_size=20)


@st.composite
def cut(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int]]]:
    """Draw tokens, and for each pass how much was due and how much was seen by its end: never less than was due."""
    tokens = draw(TOKENS)
    edges = sorted(draw(st.lists(st.integers(0, len(tokens)), max_size=5)))
    passes, seen = [], 0
    for due in edges:
        # What was seen by a pass is due by the next.
        due = max(due, seen)
        seen = draw(st.integers(due, len(tokens)))
        passes.append((due, seen))
    return tokens, [*passes, (len(tokens), len(tokens)), (len(tokens), len(tokens))]


def settled(due: Sequence[str], seen: Sequence[list[str]], passes: Sequence[tuple[int, int]]) -> list[Unbalanced]:
    """Return what a balance says; ``seen``: what lies at each token's place in the other stream."""
    balance, said = Balance(), []
    for (due_from, seen_from), (due_to, seen_to) in pairwise([(0, 0), *passes]):
        shown = [token for at in seen[seen_from:seen_to] for token in at]
        said += balance.settle(due[due_from:due_to], shown)
    assert not balance.ahead
    assert balance.due == balance.seen
    return said


@given(cut())
def test_what_is_whole_is_balanced_in_every_cut(drawn: tuple[list[str], list[tuple[int, int]]]) -> None:
    tokens, passes = drawn
    assert settled(tokens, [[token] for token in tokens], passes) == []


@given(cut(), st.data())
def test_a_drop_a_double_and_a_swap_are_found_in_every_cut(
    drawn: tuple[list[str], list[tuple[int, int]]], data: st.DataObject
) -> None:
    tokens, passes = drawn
    at, other = data.draw(st.lists(st.integers(0, len(tokens) - 1), min_size=2, max_size=2, unique=True))
    whole = [[token] for token in tokens]
    dropped = [*whole[:at], [], *whole[at + 1 :]]
    assert settled(tokens, dropped, passes) == [Unbalanced(tokens[at], False, 1)]
    doubled = [*whole[:at], [tokens[at]] * 2, *whole[at + 1 :]]
    assert settled(tokens, doubled, passes) == [Unbalanced(tokens[at], True, 1)]
    altered = [*whole[:at], ["altered"], *whole[at + 1 :]]
    said = settled(tokens, altered, passes)
    assert sorted(said) == sorted([Unbalanced(tokens[at], False, 1), Unbalanced("altered", True, 1)])
    # One lost and another double, wherever: the counts agree, and both are told.
    both = [list(at) for at in dropped]
    both[other] *= 2
    assert {one.token for one in settled(tokens, both, passes)} == {tokens[at], tokens[other]}


@given(st.lists(st.text(max_size=3)), st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_order(tokens: list[str], random: object) -> None:
    shuffled = sorted(tokens, key=hash)
    assert MultisetDigest.of(tokens) == MultisetDigest.of(shuffled)
    more = MultisetDigest.of([*tokens, "more"])
    assert more != MultisetDigest.of(tokens)
    more.add("more", -1)
    assert more == MultisetDigest.of(tokens)
    assert len(more.to_bytes()) == 16


def test_sums_that_were_kept_otherwise_are_told_once() -> None:
    balance = Balance()
    balance.settle(["a"], ["a", "b"])
    balance.ahead.clear()
    assert [one.token for one in balance.settle([], [])] == ["the sums of what was due and what was seen differ"]
    assert balance.settle(["c"], ["c"]) == []


def test_counts_settle_by_the_next_pass() -> None:
    # Two ahead, due by the next pass, with one more ahead.
    assert settle_count(3, 2, 3) == (5, 0)
    assert settle_count(5, 1, 5) == (6, 0)
    assert settle_count(6, 0, 5) == (5, 1)
    assert settle_count(3, 1, 6) == (6, -2)
