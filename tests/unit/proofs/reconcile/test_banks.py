"""What a bank must have got: records in their order, lists in theirs, in one sequence that its topic alone tells."""

from types import SimpleNamespace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from proofs.reconcile import banks
from proofs.reconcile.bank_due import BankDue
from proofs.reconcile.bank_told import ToldMessage
from proofs.reconcile.expectations import Window
from proofs.reconcile.findings import Findings
from sinks.snapshots import Snapshot

SUBJECT = "91630102MA0000001X"
KINDS = st.lists(st.booleans(), min_size=1, max_size=10)


def _compared(due: list[tuple[bool, int]], told: list[tuple[bool, int]], first: int = 1) -> Findings:
    """Compare what is due, (whether of a list, content), with what was told and lies in the topic from ``first`` on."""
    unasked: Any = None
    begun = Snapshot("bank.yinhe", 1, 1, None, b"", {}, {})
    rules = BankDue(unasked, [begun], unasked, unasked, unasked)
    of = {kind: [content for one, content in due if one is kind] for kind in (False, True)}
    topic: Any = SimpleNamespace(read_all=lambda _: [_message(at) for at in range(first, len(told) + 1)])
    findings = Findings()
    said: Any = lambda at: ToldMessage(SUBJECT, at, told[at - 1][1], told[at - 1][0])  # noqa: E731
    runs = banks.read_topic(topic, said, [], "yinhe", findings)
    entries = {subject: run.entries for subject, run in runs.items()}
    whole = {kind: Window({0: len(own)}, {0: len(own)}) for kind, own in of.items()}
    expected = banks.ExpectedDeliveries(
        whole[False], lists=whole[True], firsts={SUBJECT: first}, entries=entries, due=rules
    )
    for offset, content in enumerate(of[True]):
        expected.expect_list(SUBJECT, 0, offset, [content])
    expected.place_lists()
    for offset, content in enumerate(of[False]):
        expected.expect(SUBJECT, 0, offset, [content])
    delivered = banks.BankDelivery({SUBJECT: len(told)}, runs)
    banks.compare("yinhe", expected, delivered, {0: 0 if first == 1 else 1}, findings)
    return findings


def _message(at: int) -> Any:
    return SimpleNamespace(partition=lambda: 0, offset=lambda: at, value=lambda: at)


@given(kinds=KINDS, first=st.integers(1, 10))
def test_any_interleaving_is_right_and_so_is_what_retention_left_of_it(kinds: list[bool], first: int) -> None:
    told = [(kind, 100 + at) for at, kind in enumerate(kinds)]
    assume(first <= len(told))
    assert _compared(told, told, first).differences == []


@given(kinds=KINDS, data=st.data())
def test_of_either_kind_none_may_change_places_nor_say_anything_else(kinds: list[bool], data: st.DataObject) -> None:
    told = [(kind, 100 + at) for at, kind in enumerate(kinds)]
    at = data.draw(st.integers(0, len(told) - 1))
    altered = [*told[:at], (told[at][0], 7), *told[at + 1 :]]
    assert _compared(told, altered).difference == 1
    other = data.draw(st.integers(0, len(told) - 1))
    assume(other != at and told[other][0] is told[at][0])
    swapped = list(told)
    swapped[at], swapped[other] = told[other], told[at]
    assert _compared(told, swapped).difference == 1


@given(kinds=KINDS, data=st.data())
def test_one_that_was_never_told_is_a_difference_whatever_it_is_about(kinds: list[bool], data: st.DataObject) -> None:
    due = [(kind, 100 + at) for at, kind in enumerate(kinds)]
    at = data.draw(st.integers(0, len(due) - 1))
    # The sink counted on without it.
    assert _compared(due, [*due[:at], *due[at + 1 :]]).difference >= 1
    # Another one, told twice in its place, makes the count right again.
    other = data.draw(st.integers(0, len(due) - 1))
    assume(other != at)
    assert _compared(due, [*due[:at], due[other], *due[at + 1 :]]).difference >= 1
