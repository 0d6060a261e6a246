"""Law 6 of the design: sequences without a gap and without a repetition, whatever is repeated, aborted or reordered."""

import hashlib
from datetime import timedelta
from typing import Any, cast

from hypothesis import assume, given
from hypothesis import strategies as st

from bus.avro.decoding import Decoder
from processing.output import InputMessage
from processing.store import Store
from proofs.release.bank_topics import BankPartition, DeclaredLoss
from rules.merge import Record
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


@given(told=st.integers(0, 5), sequences=st.lists(st.integers(1, 5), max_size=6), is_cut=st.booleans())
def test_a_banks_topic_that_is_not_1_to_n_is_a_difference(told: int, sequences: list[int], is_cut: bool) -> None:
    """Per subject, the sequences […] in every bank topic are exactly 1…n under `read_committed`."""
    assume(sequences or not is_cut)
    found: list[str] = []
    topic = BankPartition("yinhe", 0, is_cut, lambda place, what: found.append(what))
    bodies = {number: b"%d" % number for number in range(6)}
    topic.read([_message(at, one) for at, one in enumerate(sequences)], cast(Decoder, _Numbers()))
    for number in range(1, told + 1):
        entry = {"sequence": number, "hash": hashlib.sha256(bodies[number]).digest()}
        topic.take("S", entry, number, is_certain=True)
    topic.finish()
    first = sequences[0] if is_cut else 1
    assert (not found) == (sequences == list(range(first, told + 1)))


@given(
    told=st.integers(1, 6), sequences=st.lists(st.integers(1, 6), max_size=6),
    before=st.integers(1, 8), missing=st.integers(0, 6),
)  # fmt: skip
def test_no_more_is_lost_than_was_declared(told: int, sequences: list[int], before: int, missing: int) -> None:
    found: list[str] = []
    loss = DeclaredLoss(before, missing)
    topic = BankPartition("yinhe", 0, False, lambda place, what: found.append(what), loss)
    topic.read([_message(at, one) for at, one in enumerate(sequences)], cast(Decoder, _Numbers()))
    for number in range(1, told + 1):
        topic.take("S", {"sequence": number, "hash": hashlib.sha256(b"%d" % number).digest()}, number, is_certain=True)
    topic.finish()
    gone = set(range(1, told + 1)) - set(sequences)
    is_in_order = sequences == sorted(set(sequences)) and not set(sequences) - set(range(1, told + 1))
    is_declared = len(gone) <= missing and all(number < before for number in gone)
    assert (not found) == (is_in_order and is_declared)
    if not found:
        assert topic.counts.lost == len(gone)


@given(told=st.integers(1, 5), altered=st.integers(1, 5))
def test_a_message_that_is_not_the_one_that_was_told_is_a_difference(told: int, altered: int) -> None:
    found: list[str] = []
    topic = BankPartition("yinhe", 0, False, lambda place, what: found.append(what))
    topic.read([_message(number, number) for number in range(1, told + 1)], cast(Decoder, _Numbers()))
    for number in range(1, told + 1):
        raw = b"another" if number == altered else b"%d" % number
        topic.take("S", {"sequence": number, "hash": hashlib.sha256(raw).digest()}, number, is_certain=True)
    assert len(found) == (altered <= told)


@given(told=st.integers(1, 5), altered=st.integers(1, 5), header=st.sampled_from(["type", "op", "sequence", "item"]))
def test_a_header_that_says_something_else_than_the_message_is_a_difference(
    told: int, altered: int, header: str
) -> None:
    found: list[str] = []
    topic = BankPartition("yinhe", 0, False, lambda place, what: found.append(what))
    messages = [_message(number, number) for number in range(1, told + 1)]
    if altered <= told:
        forged = {**dict(messages[altered - 1].headers), header: b"9"}
        messages[altered - 1] = messages[altered - 1]._replace(headers=list(forged.items()))
    topic.read(messages, cast(Decoder, _Numbers()))
    for number in range(1, told + 1):
        topic.take("S", {"sequence": number, "hash": hashlib.sha256(b"%d" % number).digest()}, number, is_certain=True)
    topic.finish()
    assert len(found) == (altered <= told)
    assert all("has the headers" in one for one in found)


def _message(offset: int, sequence: int) -> InputMessage:
    """Return a message whose value is its sequence."""
    body = b"%d" % sequence
    return InputMessage(offset, body, None, [("type", b"T"), ("op", b"REPORT"), ("sequence", body)])


class _Numbers:
    """Decodes what is nothing but its sequence."""

    def __call__(self, raw: bytes) -> dict[str, Any]:
        return {"subject": "S", "sequence": int(raw)}

    def name(self, raw: bytes) -> str:
        return "T"
