"""Two kinds of messages in one sequence: the order that was told is found, and a loss moves nothing behind it."""

from hypothesis import given
from hypothesis import strategies as st

from proofs.continuous.interleaving import interleaved

KINDS = st.lists(st.booleans(), max_size=12)


@given(kinds=KINDS, first=st.integers(1, 9))
def test_what_was_told_whole_is_placed_where_it_was_told(kinds: list[bool], first: int) -> None:
    told = {first + at: kind for at, kind in enumerate(kinds)}
    # Contents are told apart by where they were told.
    of = {kind: [at for at, one in told.items() if one is kind] for kind in (False, True)}
    assert list(interleaved(first, of[False], of[True], told)) == [(at, at, kind) for at, kind in told.items()]


@given(kinds=KINDS.filter(bool), data=st.data())
def test_a_loss_is_one_missing_message(kinds: list[bool], data: st.DataObject) -> None:
    told = {1 + at: kind for at, kind in enumerate(kinds)}
    of = {kind: [at for at, one in told.items() if one is kind] for kind in (False, True)}
    lost = data.draw(st.sampled_from(sorted(told)))
    heard = {at: kind for at, kind in told.items() if at != lost}
    assert list(interleaved(1, of[False], of[True], heard)) == [(at, at, kind) for at, kind in told.items()]


@given(kinds=KINDS, ahead=KINDS)
def test_what_was_told_ahead_of_what_was_due_is_left_alone(kinds: list[bool], ahead: list[bool]) -> None:
    told = {1 + at: kind for at, kind in enumerate([*kinds, *ahead])}
    due = {kind: [at for at, one in told.items() if one is kind and at <= len(kinds)] for kind in (False, True)}
    assert [at for at, content, _ in interleaved(1, due[False], due[True], told) if at != content] == []
