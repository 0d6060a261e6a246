"""Law 1 of the design, for every operation, with ties, clocks that go back and records that change their subject."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import EventId, Op, SubmissionId
from processing.store import Store
from rules.merge import Record
from tests.unit.laws.partition import DAYS, EVENTS, ONE, OTHER, PLAIN, RATED, REGISTRATION, START, Partition, event

# Behind it nothing moves any more: the furthest window reaches 24 months back, from the last closed one.
LAST = START + timedelta(days=900)


@given(events=EVENTS, random=st.randoms(use_true_random=False), days=st.lists(DAYS, min_size=1, max_size=4))
def test_order_repetition_and_redelivery_do_not_matter(
    store: Store, events: list[Record], random: Random, days: list[int]
) -> None:
    """Any permutation, duplication or re-delivery of the same events gives the same records, indicators and states,
    byte for byte […]; states hashed together share one `as_of`.
    """
    plain = Partition(store)
    plain.work(events, LAST)
    again = [*events, *events[: len(events) // 2]]
    random.shuffle(again)
    other = Partition(store)
    for number, days_on in enumerate(days):
        other.work(again[number :: len(days)], max(START, other.as_of) + timedelta(days=days_on))
    other.work([], LAST)
    assert other.winners() == plain.winners()
    assert other.hashes() == plain.hashes()
    assert {s: held.subject_name for s, held in other.states.items()} == {
        s: held.subject_name for s, held in plain.states.items()
    }
    for subject, held in plain.states.items():
        assert other.states[subject].indicators == held.indicators
        assert other.states[subject].counts == held.counts


@given(events=EVENTS, random=st.randoms(use_true_random=False))
def test_who_reported_when_and_how_it_was_encrypted_is_outside_the_hash(
    store: Store, events: list[Record], random: Random
) -> None:
    """[…] event, submission, row, reporting time, sequence and ciphertext are outside the hash […]."""

    def elsewhere(one: Record) -> Record:
        envelope = one.envelope._replace(
            event_id=EventId(f"{random.random()}"),
            submission_id=SubmissionId(f"{random.random()}"),
            row=random.randrange(1000),
            reported_at=one.envelope.reported_at - timedelta(days=random.randrange(100)),
        )
        *said, _ = one.payload.split(b"|")
        return Record(envelope, one.schema_id, b"|".join((*said, b"%d" % random.randrange(1000))))

    plain, other = Partition(store), None
    plain.work(events, LAST)
    other = Partition(store)
    for one in map(elsewhere, events):
        other.work([one])
    other.work([], LAST)
    assert other.hashes() == plain.hashes()


@given(before=EVENTS, random=st.randoms(use_true_random=False), after=st.integers(41, 60))
def test_a_record_that_changes_its_subject_is_where_it_went_last(
    store: Store, before: list[Record], random: Random, after: int
) -> None:
    """[…] A record that moves to another subject is a WITHDRAW there and a REPORT here: whatever came before, in
    whatever order (law 1), it counts here and no longer there.
    """
    move = [event(ONE, op=Op.WITHDRAW, day=after), event(OTHER, day=after, amount=7)]
    seen = [*(one for one in before if not one.envelope.replaces_set), *move]
    random.shuffle(seen)
    partition = Partition(store)
    for one in seen:
        partition.work([one])
    partition.work([], LAST)
    there, here = (partition.records[subject, RATED, "k"].envelope for subject in (ONE, OTHER))
    assert (there.op, here.op) == (Op.WITHDRAW, Op.REPORT)
    others = {one.envelope.record_key for one in seen if one.envelope.subject == ONE} - {"k"}
    assert partition.states[ONE].counts.get(RATED, 0) <= len(others)
    assert partition.values[OTHER, RATED]["max(days)"] == 7_000_000


def test_a_subject_is_called_the_same_whatever_came_first(store: Store) -> None:
    """Any permutation, duplication or re-delivery of the same events gives the same records, indicators and states,
    byte for byte […].
    """
    seen = [event(item=PLAIN, key="k", name="样例企业"), event(item=PLAIN, key="l", name="样例企业（旧名）")]
    names = set()
    for order in (seen, seen[::-1]):
        partition = Partition(store)
        for one in order:
            partition.work([one])
        names.add(partition.states[ONE].subject_name)
    assert len(names) == 1


@given(events=EVENTS, at=st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True))
def test_a_registered_subject_is_called_as_its_registration_calls_it(
    store: Store, events: list[Record], at: list[int]
) -> None:
    """Any permutation […] gives the same […] states, byte for byte: the name that is registered last, too."""
    first = event(item=REGISTRATION, key="~", day=-1, name="样例企业（旧名）")
    last = event(item=REGISTRATION, key="~", day=0, name="样例企业（今名）")
    seen = [*events[: at[0]], first, *events[at[0] :]]
    seen.insert(at[1], last)
    partition = Partition(store)
    for one in seen:
        partition.work([one])
    assert partition.states[ONE].subject_name == "样例企业（今名）"
