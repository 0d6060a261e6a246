"""The plain reference does not depend on the order of events, and says what the merge's join says."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import SET_MARK, Envelope, EventId, ItemId, RecordKey
from proofs.replay.fold import fold
from rules.indicators.groups import groups_of
from rules.merge import Record, fingerprint, join, set_mark
from rules.state import live, state_on
from tests.builders.events import MOMENT, record
from tests.builders.indicators import every_function

DAY = MOMENT
ITEMS = (ItemId("market.shareholder"), ItemId("tax.payment"))
GROUPS = groups_of(every_function("tax.payment"))


def event(
    event_id: str = "s:1",
    item: str = "tax.payment",
    key: str = "k",
    op: str = "REPORT",
    day: int = 0,
    revision: int = 0,
    amount: int = 1,
    *,
    whole: bool = False,
    unread: tuple[str, ...] = (),
) -> Record:
    return record(
        b"%d" % amount,
        event_id=event_id,
        item=item,
        op=op,
        record_key=key,
        source_time=DAY + timedelta(days=day),
        revision=revision,
        content_hash=f"{'-' if unread else ''}{op}{amount}",
        subject="S",
        subject_name="样例企业",
        replaces_set=whole,
        unread_fields=unread,
    )


def decode(_: int, payload: bytes) -> dict[str, Any]:
    return {"amount": Decimal(payload.decode())}


def never(_: Record) -> None:
    """Nothing ends these records."""


def with_own_id(one: Record, submission: str) -> Record:
    """Give equal events of one submission one id, and no others: an id names one event."""
    return one._replace(envelope=one.envelope._replace(event_id=EventId(f"{submission}:{one}")))


# Few values, so that ties in time, in revision and in content are common.
drawn = st.builds(
    event,
    item=st.sampled_from(ITEMS),
    key=st.sampled_from(["k", "l", "m"]),
    op=st.sampled_from(["REPORT", "WITHDRAW", "NIL"]),
    day=st.sampled_from([-400, -1, 0, 1]),
    revision=st.integers(0, 1),
    amount=st.integers(1, 2),
    whole=st.booleans(),
    unread=st.sampled_from([(), ("phone",)]),
)
events = st.builds(with_own_id, drawn, st.sampled_from(["a", "b"]))


@given(
    st.lists(events, max_size=12), st.randoms(use_true_random=False), st.sampled_from([DAY.date(), date(2025, 7, 1)])
)
def test_any_order_and_repetition_gives_the_same_records_and_state(
    seen: list[Record], random: Random, day: date
) -> None:
    shuffled = [*seen, *seen[::2]]
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(seen)
    assert state_on(fold(shuffled).winners, GROUPS, decode, never, day) == state_on(
        fold(seen).winners, GROUPS, decode, never, day
    )


@given(st.lists(events, max_size=12))
def test_the_winners_are_those_of_the_join(seen: list[Record]) -> None:
    assert {key: one.envelope for key, one in fold(seen).winners.items()} == joined(seen)


def joined(seen: Iterable[Record]) -> dict[Any, Envelope]:
    held: dict[Any, Record] = {}
    for one in seen:
        mark = set_mark(one.envelope)
        for version in (Record(*one), *([Record(mark, 0, b"\x00")] if mark else [])):
            key = (version.envelope.item, version.envelope.record_key)
            held[key], _ = join(held.get(key), version)
    return {key: record.envelope for key, record in held.items()}


def test_of_one_event_that_is_there_twice_the_first_stays() -> None:
    first, again = event(), event()._replace(payload=b"9")
    assert fold([first, again]).winners[ITEMS[1], RecordKey("k")] is first


def test_a_withdrawn_record_counts_no_more_and_its_item_keeps_its_indicators() -> None:
    gone = state_on(fold([event(), event(op="WITHDRAW", day=1)]).winners, GROUPS, decode, never, DAY.date())
    assert gone.counts == {}
    assert gone.indicators["count(days)"] == Decimal(0)
    assert gone.indicators["sum(days)"] is None
    assert state_on(fold([]).winners, GROUPS, decode, never, DAY.date()).indicators == {}


def test_a_set_leaves_departed_members_behind() -> None:
    old, new = event(key="old", whole=True), event(event_id="t:1", key="new", day=1, whole=True)
    folded = fold([new, old])
    assert [key for _, key in live(folded.winners, never, DAY.date())] == ["new"]
    assert len(folded.winners) == 3
    mark = folded.winners[ITEMS[1], SET_MARK].envelope
    assert (mark.event_id, mark.source_time, mark.content_hash) == ("t:1", new.envelope.source_time, "")


def test_the_digest_is_the_sum_over_all_winners() -> None:
    seen = [event(), event(key="l", op="WITHDRAW")]
    total = sum(fingerprint(one.envelope, one.envelope.op == "REPORT") for one in seen) % (1 << 128)
    assert state_on(fold(seen).winners, groups_of(()), decode, never, DAY.date()).digest == f"{total:032x}"


def test_a_value_that_differs_changes_the_hash() -> None:
    one, other = (state_on(fold([event(amount=n)]).winners, GROUPS, decode, never, DAY.date()) for n in (1, 2))
    assert one.hash != other.hash
    renamed = event()._replace(envelope=event().envelope._replace(event_id=EventId("z:9")))
    assert state_on(fold([renamed]).winners, GROUPS, decode, never, DAY.date()).hash == one.hash


def test_nothing_of_the_engine_is_loaded() -> None:
    program = "import sys, hub.commands.verify_state; print(*[m for m in sys.modules if m.split('.')[0] == 'streams'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
