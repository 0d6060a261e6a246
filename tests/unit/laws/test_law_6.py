"""Law 6 of the design: sequences without a gap and without a repetition, whatever is repeated, aborted or reordered."""

from datetime import timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from processing.store import Store
from proofs.reconcile import banks
from proofs.reconcile.bank_due import BankDue
from proofs.reconcile.expectations import Window
from proofs.reconcile.findings import Findings
from rules.merge import Record
from sinks.snapshots import Snapshot
from tests.unit.laws.partition import DAYS, EVENTS, START, Partition

STEPS = st.lists(st.tuples(DAYS, st.booleans()), min_size=1, max_size=5)


@given(events=EVENTS, steps=STEPS)
def test_the_changes_of_a_subject_are_numbered_without_a_gap(
    store: Store, events: list[Record], steps: list[tuple[int, bool]]
) -> None:
    """Per subject, the sequences in `credit.change.v1` […] are exactly 1…n under `read_committed`."""
    partition = Partition(store)
    for number, (days_on, aborted) in enumerate(steps):
        batch, day = events[number :: len(steps)], max(START, partition.as_of) + timedelta(days=days_on)
        if aborted:
            # A successor takes the same events again, in other batches.
            partition.work(batch, fails=True)
            for one in batch:
                partition.work([one])
        partition.work(batch, day)
    # The whole input once more: a re-delivery after everything.
    before = len(partition.changes)
    partition.work(events)
    assert len(partition.changes) == before
    sequences: dict[str, list[int]] = {}
    for subject, sequence, update in partition.changes:
        assert update.changed
        sequences.setdefault(subject, []).append(sequence)
    for subject, found in sequences.items():
        assert found == list(range(1, len(found) + 1))
        assert partition.states[subject].sequence == len(found)
    assert sequences.keys() == partition.states.keys()


@given(events=EVENTS, steps=STEPS)
def test_every_change_begins_where_the_last_one_ended(
    store: Store, events: list[Record], steps: list[tuple[int, bool]]
) -> None:
    """Per subject, the sequences […] are exactly 1…n: who follows them from 1 on knows every indicator of the state."""
    partition = Partition(store)
    for number, (days_on, _) in enumerate(steps):
        partition.work(events[number :: len(steps)], max(START, partition.as_of) + timedelta(days=days_on))
    known: dict[str, dict[str, object]] = {}
    live: dict[str, set[tuple[str, str]]] = {}
    for subject, _, update in partition.changes:
        values, counted = known.setdefault(subject, {}), live.setdefault(subject, set())
        for moved in update.indicators:
            assert values.get(moved.id) == moved.previous
            values[moved.id] = moved.current
        for record in update.records:
            key = (record.new.envelope.item, record.new.envelope.record_key)
            assert (key in counted) == record.was_live
            (counted.add if record.live else counted.discard)(key)
    for subject, held in partition.states.items():
        told = {name: value for name, value in known[subject].items() if value is not None}
        values = {
            name: one for (owner, _), own in partition.values.items() if owner == subject for name, one in own.items()
        }
        assert told == {name: value for name, value in values.items() if value is not None}
        assert {item: sum(1 for i, _ in live[subject] if i == item) for item, _ in live[subject]} == held.counts


@given(due=st.integers(0, 5), told=st.integers(0, 5), first=st.integers(1, 3), last=st.integers(0, 5))
def test_a_banks_topic_that_is_not_1_to_n_is_a_difference(due: int, told: int, first: int, last: int) -> None:
    """Per subject, the sequences […] in every bank topic are exactly 1…n under `read_committed`."""
    assume(first <= last or last == 0)
    unasked: Any = None
    begun = Snapshot("bank.yinhe", 1, 1, None, b"", {}, {})
    rules = BankDue(unasked, [begun], unasked, unasked, unasked)
    nothing = Window({}, {})
    expected = banks.ExpectedDeliveries(Window({0: due}, {0: due}), lists=nothing, firsts={"S": first}, due=rules)
    for offset in range(due):
        expected.expect("S", 0, offset, [7])
    runs = {"S": banks.SequenceRun(first, last, 0, expected.digests["S"])} if last else {}
    delivered = banks.BankDelivery({"S": told} if told else {}, runs)
    findings = Findings()
    banks.compare("yinhe", expected, delivered, {0: 0}, findings)
    right = due == told == last and (first == 1 or last == 0)
    # A topic that holds what nobody was told cannot be: both are one transaction.
    assume(bool(due or told) or last == 0)
    assert (findings.difference == 0) == right
