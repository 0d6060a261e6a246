"""A bank's arrow, pass by pass: records and lists in one sequence, of which no topic tells how they interleave."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import topics
from bus.reading.offsets import TopicPartition
from proofs.continuous.moment import ProvenMoment
from proofs.continuous.receivers import BankWindow
from proofs.reconcile.bank_told import ToldMessage
from proofs.reconcile.findings import bank_arrow

SUBJECT = "91630102MA0000001X"
OF = {kind: TopicPartition(topic, 0) for kind, topic in ((False, topics.CHANGE), (True, topics.LIST_CHANGE))}


def _told(kinds: list[bool]) -> list[ToldMessage]:
    return [ToldMessage(SUBJECT, at, 100 + at, kind) for at, kind in enumerate(kinds, 1)]


def _pass(moment: ProvenMoment, due: list[ToldMessage], told: list[ToldMessage]) -> None:
    window = BankWindow(moment, "yinhe", SimpleNamespace())  # type: ignore[arg-type]
    # What is due comes in the order of each topic, and of no other.
    for kind, source in OF.items():
        for one in due:
            if one.is_entry is kind:
                window.take_change(SUBJECT, source, [one.content])
    for one in told:
        window.take_message(one, "bank.yinhe.v1/0@1")
    window.settle()


@pytest.fixture
def moment() -> ProvenMoment:
    return ProvenMoment([bank_arrow("yinhe")])


@given(
    kinds=st.lists(st.booleans(), max_size=10),
    cuts=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), max_size=3),
)
def test_all_that_was_told_once_adds_up_whatever_the_passes(kinds: list[bool], cuts: list[tuple[int, int]]) -> None:
    """Each pass has read what was told by the pass before, and of the bank's topic as much or more."""
    moment, told = ProvenMoment([bank_arrow("yinhe")]), _told(kinds)
    due_to = told_to = 0
    for one, other in [*sorted(cuts), (10, 10)]:
        low = max(told_to, min(one, other))
        high = max(low, one, other)
        _pass(moment, told[due_to:low], told[told_to:high])
        due_to, told_to = low, high
    assert moment.differences == {}
    assert moment.is_settled


MIXED = _told([False, True, False, False, True, False])


@pytest.mark.parametrize("at", range(len(MIXED)))
def test_a_message_lost_is_named_alone(moment: ProvenMoment, at: int) -> None:
    _pass(moment, MIXED, [*MIXED[:at], *MIXED[at + 1 :]])
    found = [(one.what, one.count) for one in moment.differences.values()]
    assert found == [(f"{SUBJECT}: message {at + 1} was not told, or told otherwise", 1)]


@pytest.mark.parametrize("at", range(len(MIXED)))
def test_a_message_doubled_is_named_alone(moment: ProvenMoment, at: int) -> None:
    for due, told in ((MIXED, [*MIXED, MIXED[at]]), ([], [])):
        _pass(moment, due, told)
    found = [(one.what, one.count) for one in moment.differences.values()]
    assert found == [(f"{SUBJECT}: message {at + 1} was told what no change says, or a second time", 1)]


@pytest.mark.parametrize("change", [{"content": 7}, {"is_entry": None}])
@pytest.mark.parametrize("at", range(len(MIXED)))
def test_a_message_altered_is_named(moment: ProvenMoment, at: int, change: dict[str, Any]) -> None:
    if "is_entry" in change:
        change = {"is_entry": not MIXED[at].is_entry}
    _pass(moment, MIXED, [*MIXED[:at], MIXED[at]._replace(**change), *MIXED[at + 1 :]])
    _pass(moment, [], [])
    assert moment.differences
    after = _told([False, True, False, False, True, False, True, False])[6:]
    before = set(moment.differences)
    # What comes later is sound.
    _pass(moment, after, after)
    assert set(moment.differences) == before


def test_what_retention_took_before_it_was_read_is_no_difference(moment: ProvenMoment) -> None:
    window = BankWindow(moment, "yinhe", SimpleNamespace())  # type: ignore[arg-type]
    for one in MIXED:
        window.take_change(SUBJECT, OF[one.is_entry], [one.content])
    for one in MIXED[3:]:
        window.take_message(one, "bank.yinhe.v1/0@1")
    window.is_cut = True
    window.settle()
    assert moment.differences == {}
