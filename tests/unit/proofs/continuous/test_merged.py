"""The merge's history, cut into passes anywhere, is proven; one message dropped, doubled or altered is found.

The history is made by a merge of its own. Each pass sees the positions up to some transaction, and each topic up to a
later one, every topic to another. Between two passes the moment goes through its messages, as over a restart.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from bus.reading.offsets import TopicPartition
from catalogue.envelope import changelog_key
from catalogue.load import load_catalogue
from catalogue.times import micros
from proofs.continuous.changed import SEQUENCES, STATE_HASHES, STATES, PublishedChanges
from proofs.continuous.merged import OUTCOMES, MergedEvents
from proofs.continuous.moment import FactKind, ProvenFact, ProvenMoment
from proofs.reconcile.decoding import content, stamp
from tests.builders.events import MOMENT

SOURCE = TopicPartition("catalogue.tax.v1", 0)
RECORDS, CHANGES, STATE = "records", "changes", "states"
OUTPUTS = (RECORDS, CHANGES, STATE)


@dataclass
class Transaction:
    """What the merge published at once: the events it read, its position, and its outputs by topic."""

    events: list[dict[str, Any]]
    position: dict[str, Any]
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in OUTPUTS})

    def tells(self, record: dict[str, Any]) -> bool:
        """Return whether a change tells of a record."""
        return any(record in change["records"] for change in self.outputs[CHANGES])


def event(number: int, subject: int, key: int, version: int, words: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}", "item": "tax.arrears", "op": "REPORT", "record_key": f"k{key}", "period": None,
        "source_time": micros(MOMENT) + version, "as_of": 0, "revision": 0, "content_hash": f"{words:04x}",
        "subject": f"S{subject}", "replaces_set": False, "unit": "tax", "live": True, "was_live": False,
    }  # fmt: skip


def merged(batches: Sequence[Sequence[dict[str, Any]]]) -> list[Transaction]:
    """Merge batches of events, by the plainest merge there is."""
    winners: dict[bytes, dict[str, Any]] = {}
    sequences: dict[str, int] = {}
    counts, offset, history = dict.fromkeys(OUTCOMES, 0), 0, []
    for batch in batches:
        before = dict(winners)
        for one in batch:
            key = changelog_key(one["subject"], one["item"], one["record_key"])
            current, version = winners.get(key), stamp(one)
            if current is None or version > stamp(current):
                again = current is not None and content(version) == content(stamp(current))
                counts["duplicate" if again else "merged"] += 1
                winners[key] = one
            else:
                counts["duplicate" if version == stamp(current) else "superseded"] += 1
        offset += len(batch)
        position = {"topic": SOURCE.topic, "partition": SOURCE.partition, "next_offset": offset, **counts}
        transaction = Transaction(list(batch), position)
        changed: dict[str, list[dict[str, Any]]] = {}
        for key, one in winners.items():
            if one is before.get(key):
                continue
            transaction.outputs[RECORDS].append(one)
            if key not in before or content(stamp(before[key])) != content(stamp(one)):
                changed.setdefault(one["subject"], []).append(one)
        for subject, records in changed.items():
            sequences[subject] = sequences.get(subject, 0) + 1
            change = {"subject": subject, "sequence": sequences[subject], "records": records, "as_of": 1}
            transaction.outputs[CHANGES].append(change)
            said = f"{subject}-{sequences[subject]}"
            state = {"subject": subject, "sequence": sequences[subject], "hash": said, "as_of": 1, "subject_name": None,
                     "named_by": None}  # fmt: skip
            transaction.outputs[STATE].append(state)
        history.append(transaction)
    return history


@st.composite
def history(draw: st.DrawFn) -> list[Transaction]:
    small = st.integers(0, 2)
    drawn = draw(
        st.lists(st.lists(st.tuples(small, small, small, small), min_size=1, max_size=4), min_size=1, max_size=5)
    )
    numbers = iter(range(1000))
    return merged([[event(next(numbers), *one) for one in batch] for batch in drawn])


@dataclass(frozen=True)
class Cut:
    """What a pass sees: the positions up to a transaction, and each topic up to another one."""

    positions: int
    outputs: dict[str, int]


@st.composite
def cuts(draw: st.DrawFn, transactions: int) -> list[Cut]:
    passes, reached = [], 0
    for _ in range(draw(st.integers(0, 3))):
        positions = draw(st.integers(reached, transactions))
        outputs = {name: draw(st.integers(positions, transactions)) for name in OUTPUTS}
        # What one pass has seen the next one's positions say.
        reached = max(outputs.values())
        passes.append(Cut(positions, outputs))
    everything = Cut(transactions, dict.fromkeys(OUTPUTS, transactions))
    return [*passes, everything, everything]


def streams() -> ProvenMoment:
    return ProvenMoment([SEQUENCES, STATES, STATE_HASHES])


def restarted(moment: ProvenMoment, written: list[ProvenFact]) -> ProvenMoment:
    """Return the moment as it is read back from all that was written of it."""
    written += moment.facts()
    restored = streams()
    for fact in written:
        restored.restore(fact)
    restored.reopen(SEQUENCES, STATES)
    return restored


def proven(transactions: Sequence[Transaction], passes: Sequence[Cut]) -> ProvenMoment:
    """Prove a history pass by pass, with a restart after each."""
    moment, written = streams(), list[ProvenFact]()
    seen = Cut(0, dict.fromkeys(OUTPUTS, 0))
    for cut in passes:
        window, changed = (
            MergedEvents(moment),
            PublishedChanges(moment, load_catalogue(), lambda schema_id, encoded: None),
        )
        for one in transactions[seen.positions : cut.positions]:
            window.take_position(one.position)
            for value in one.events:
                window.take_message(SOURCE)
                window.take_event(SOURCE, value)
        for value in outputs(transactions, RECORDS, seen, cut):
            key = changelog_key(value["subject"], value["item"], value["record_key"])
            window.take_record(value, key, SOURCE.partition, "records/0")
        for value in outputs(transactions, STATE, seen, cut):
            changed.take_state(value, "states/0")
        for value in outputs(transactions, CHANGES, seen, cut):
            changed.take_change(value, "changes/0")
        window.settle(changed.versions())
        changed.settle(window)
        moment, seen = restarted(moment, written), cut
    assert moment.is_settled
    return moment


def outputs(transactions: Sequence[Transaction], name: str, seen: Cut, cut: Cut) -> Iterator[dict[str, Any]]:
    for one in transactions[seen.outputs[name] : cut.outputs[name]]:
        yield from one.outputs[name]


@given(history(), st.data())
def test_what_is_whole_is_proven_in_every_cut(transactions: list[Transaction], data: st.DataObject) -> None:
    moment = proven(transactions, data.draw(cuts(len(transactions))))
    assert list(moment.differences.values()) == []


def _key(name: str, value: dict[str, Any]) -> tuple[str, ...]:
    return (value["subject"], value["record_key"]) if name == RECORDS else (value["subject"],)


def _altered(name: str, value: dict[str, Any]) -> dict[str, Any]:
    if name == RECORDS:
        return {**value, "content_hash": "ffff"}
    if name == STATE:
        return {**value, "sequence": value["sequence"] + 1}
    (first, *rest) = value["records"]
    return {**value, "records": [{**first, "content_hash": "ffff"}, *rest]}


FAULTS: dict[str, Callable[[str, dict[str, Any]], list[dict[str, Any]]]] = {
    "drop": lambda name, value: [],
    "double": lambda name, value: [value, value],
    "altered": lambda name, value: [_altered(name, value)],
}


@given(history(), st.sampled_from(OUTPUTS), st.sampled_from(list(FAULTS)), st.data())
def test_one_message_dropped_doubled_or_altered_is_found_in_every_cut(
    transactions: list[Transaction], name: str, fault: str, data: st.DataObject
) -> None:
    spots = [(one, at) for one in transactions for at in range(len(one.outputs[name]))]
    if name != CHANGES and fault != "double":
        # Of a compacted topic the newest message of a key: an older one may go at any time.
        spots = list({_key(name, one.outputs[name][at]): (one, at) for one, at in spots}.values())
    # A record that says the same for a later moment is told nobody: that it is missing, a full pass alone can see.
    spots = [(one, at) for one, at in spots if name != RECORDS or one.tells(one.outputs[name][at])]
    assume(spots)
    one, at = data.draw(st.sampled_from(spots))
    passes = data.draw(cuts(len(transactions)))
    one.outputs[name][at : at + 1] = FAULTS[fault](name, one.outputs[name][at])
    assert proven(transactions, passes).differences


@given(history(), st.data())
def test_an_event_that_the_merge_never_read_is_found(transactions: list[Transaction], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(transactions))
    one.events.insert(0, event(999, 9, 9, 1, 1))
    assert proven(transactions, data.draw(cuts(len(transactions)))).differences


def test_a_difference_stays_told_until_a_full_pass_began_after_it() -> None:
    moment, written = streams(), list[ProvenFact]()
    moment.differ("arrow", "place", "what", 2)
    moment = restarted(moment, written)
    (kept,) = moment.differences.values()
    assert (kept.arrow, kept.place, kept.what, kept.count) == ("arrow", "place", "what", 2)
    for began_at_s, cleared in ((kept.found_at_s - 1, 0), (kept.found_at_s + 1, 1)):
        moment.restore(ProvenFact(FactKind.FULL_PASS, "", {"difference": 0}, at_s=began_at_s))
        assert moment.clear() == cleared
    assert not restarted(moment, written).differences
