"""One partition without a broker: the merge's decisions on a real store, and events drawn to trouble them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bus import topics
from catalogue.envelope import ItemId, Op, SubjectKey
from processing.store import Store
from proofs.replay.fold import fold
from rules.indicators.facts import from_millionths
from rules.indicators.groups import groups_of
from rules.merge import Outcome, Record
from rules.state import ComputedState, state_on
from streams.merge.calendar import EPOCH, Calendar
from streams.merge.record_shares import RecordShares
from streams.merge.restoring import MergeRestorer
from streams.merge.rolling import Rolling
from streams.merge.state import SubjectState, state_hash
from streams.merge.subject import SubjectBatch
from streams.merge.update import SubjectUpdate, update_of
from streams.merge.values import Values
from tests.builders.events import record
from tests.builders.indicators import every_function, over_several

START = date(2026, 6, 30)
RATED, PLAIN, REGISTRATION = ItemId("tax.payment"), ItemId("market.shareholder"), ItemId("market.registration")
# Looked at together with the rated one alone.
CROSSED = ItemId("tax.arrears")
ONE, OTHER = SubjectKey("91630102MA0000001X"), SubjectKey("91630102MA0000002X")
GROUPS = groups_of((*every_function(RATED), *over_several(RATED, CROSSED)))


def decode(_: int, payload: bytes) -> dict[str, Any]:
    """Return a drawn event's payload: an amount, two days; the rest is what encryption makes new."""
    number, gone, end, _nonce = payload.decode().split("|")
    days = {"removed": gone, "until": end}
    return {"amount": Decimal(number), **{name: date.fromisoformat(day) if day else None for name, day in days.items()}}


def until(seen: Record) -> date | None:
    """Return the day on which the law ends an event's record; other items' payloads are not of this form."""
    ends: date | None = decode(0, seen.payload)["until"] if b"|" in seen.payload else None
    return ends


def event(
    subject: SubjectKey = ONE,
    item: ItemId = RATED,
    key: str = "k",
    op: str = Op.REPORT,
    day: int = 0,
    revision: int = 0,
    amount: int = 1,
    as_of: int = 0,
    *,
    whole: bool = False,
    removed: int | None = None,
    ends: int | None = None,
    submission: str = "a",
    name: str | None = "样例企业",
    reported_s: int = 0,
    nonce: int = 0,
) -> Record:
    """Return an event; what it says is in its id and in its content hash, as the adapters have it."""
    gone, end = ("" if days is None else (START + timedelta(days=days)).isoformat() for days in (removed, ends))
    said = f"{op}|{amount}|{gone}|{end}"
    at = datetime.combine(START, datetime.min.time(), UTC)
    return record(
        f"{amount}|{gone}|{end}|{nonce}".encode(),
        event_id=f"{submission}:{subject}|{item}|{key}|{said}|{day}|{as_of}|{revision}|{whole}|{name}",
        item=item,
        op=op,
        record_key=key,
        source_time=at + timedelta(days=day),
        revision=revision,
        content_hash=said,
        reported_at=at + timedelta(seconds=reported_s),
        submission_id=submission,
        subject=subject,
        subject_name=name,
        replaces_set=whole,
        as_of=at + timedelta(days=as_of),
    )


# Few values, so that ties in time, in revision and in content are common; clocks go back and far ahead.
_DAYS = st.sampled_from([-400, -31, -1, 0, 0, 1, 40])
_SAID: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "subject": st.sampled_from([ONE, OTHER]),
        "item": st.sampled_from([RATED, RATED, CROSSED, PLAIN]),
        "key": st.sampled_from(["k", "l"]),
        "op": st.sampled_from([Op.REPORT, Op.REPORT, Op.WITHDRAW, Op.NIL]).map(str),
        "day": _DAYS,
        "as_of": st.integers(0, 1),
        "revision": st.integers(0, 1),
        "amount": st.integers(1, 2),
        "whole": st.booleans(),
        "removed": st.sampled_from([None, None, -5, 20]),
        "ends": st.sampled_from([None, None, None, -3, 1, 2, 30]),
        "reported_s": st.integers(-1000, 1000),
        "nonce": st.integers(0, 3),
        "name": st.sampled_from(["样例企业", "样例企业（旧名）", None]),
    }
)


@st.composite
def _reports(draw: st.DrawFn) -> list[Record]:
    """An event, or the same said by two submissions: of full equals the lower event id stays."""
    said = draw(_SAID)
    return [event(**said, submission=one) for one in draw(st.sampled_from(["a", "b", "ab", "ba"]))]


@st.composite
def _moves(draw: st.DrawFn) -> list[Record]:
    """A record that changes its subject: withdrawn there and reported here, as of one time."""
    there, here = draw(st.permutations([ONE, OTHER]))
    day, revision, submission = draw(_DAYS), draw(st.integers(0, 1)), draw(st.sampled_from(["a", "b"]))
    return [
        event(subject, op=op, day=day, revision=revision, submission=submission)
        for subject, op in ((there, str(Op.WITHDRAW)), (here, str(Op.REPORT)))
    ]


EVENTS = st.lists(_reports() | _moves(), max_size=7).map(lambda groups: [one for group in groups for one in group])
# How many days the calendar goes on with a batch; below zero: it is told a day that was.
DAYS = st.sampled_from([-30, 0, 0, 1, 33, 370])


class Killed(Exception):
    """A worker ended behind a transaction that the broker had, and before it wrote its store."""


@dataclass(slots=True)
class Partition:
    """What a partition keeps and publishes; every ``work`` is one transaction."""

    store: Store
    records: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    states: dict[str, SubjectState] = field(default_factory=dict)
    values: dict[tuple[str, str], Values] = field(default_factory=dict)
    changes: list[tuple[str, int, SubjectUpdate]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    as_of: date = EPOCH
    # So many transactions are written to the store, too.
    survives: int = 1_000_000
    rolling: Rolling = field(init=False)
    # Whose states were published in transactions that the store does not have.
    behind: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Whatever another example left in the store.
        self.rolling = self._new_rolling()
        self.rolling.forget()

    def work(self, events: Iterable[Record], day: date | None = None, *, fails: bool = False) -> None:
        """Merge a batch; where it ``fails``, its transaction is aborted and a successor goes on from the store."""
        if day is not None:
            self._roll(day)
        batches: dict[str, SubjectBatch] = {}
        outcomes: list[Outcome] = []
        for one in events:
            batch = batches.setdefault(one.envelope.subject, self._batch(one.envelope.subject))
            outcomes.append(batch.take(one))
        if fails:
            for batch in batches.values():
                update_of(batch, self.rolling, GROUPS.by_item, self.as_of)
            self.rolling = self._new_rolling()
            return
        self.outcomes += outcomes
        self._publish(batches, self.as_of)

    def succeed(self) -> None:
        """Have a successor go on from the store, filled from what was published."""
        self.survives = 1_000_000
        restore, writes = MergeRestorer(self.store, GROUPS), dict[bytes, bytes | None]()
        for subject in self.behind:
            restore(topics.STATE, subject.encode(), b"", writes)
        self.store.write(writes)
        self.behind = set()
        self.rolling = self._new_rolling()
        self.rolling.begin(self.as_of)

    def lose(self) -> None:
        """Have a successor go on that has the records and the states alone, as another worker restores them."""
        self.behind = set()
        self.survives = 1_000_000
        self.rolling = self._new_rolling()
        self.rolling.forget()

    def hashes(self) -> dict[str, str]:
        """Return the hash of every state."""
        return {subject: state_hash(state) for subject, state in self.states.items()}

    def winners(self) -> dict[tuple[str, str, str], tuple[object, str]]:
        """Return version and event of every winning record."""
        return {key: (one.envelope.version, one.envelope.event_id) for key, one in self.records.items()}

    def shown(self, subject: str) -> dict[str, Decimal | None]:
        """Return a subject's indicators as their topic carries them."""
        held = {name: value for key, own in self.values.items() if key[0] == subject for name, value in own.items()}
        return {name: None if value is None else from_millionths(value) for name, value in held.items()}

    def _new_rolling(self) -> Rolling:
        return Rolling(self.store, GROUPS, RecordShares(GROUPS, decode))

    def _state(self, subject: str) -> SubjectState:
        return self.states.get(subject, SubjectState(as_of=self.as_of))

    def _batch(self, subject: str) -> SubjectBatch:
        loaders = (self._load_record, self._load_item, self._load_all)
        return SubjectBatch(subject, self._state(subject), *loaders, until, self._load_values, self._load_valued)

    def _load_values(self, subject: str, item: str) -> Values:
        return self.values.get((subject, item), {})

    def _load_valued(self, subject: str) -> list[str]:
        return [item for owner, item in self.values if owner == subject]

    def _load_record(self, subject: str, item: str, key: str) -> Record | None:
        return self.records.get((subject, item, key))

    def _load_item(self, subject: str, item: str) -> list[Record]:
        return [one for key, one in self.records.items() if key[:2] == (subject, item)]

    def _load_all(self, subject: str) -> list[Record]:
        return [one for key, one in self.records.items() if key[0] == subject]

    def _items(self) -> list[tuple[str, ItemId]]:
        return sorted({(subject, ItemId(item)) for subject, item, _ in self.records})

    def _roll(self, upto: date) -> None:
        # One subject a transaction: a day that many have something due on is published in parts.
        for batches, as_of in Calendar(self.rolling, self._batch, self._items, {RATED, CROSSED, PLAIN}, most=1).roll(
            self.as_of, upto
        ):
            self._publish(batches, as_of)
        self.as_of = max(self.as_of, upto)

    def _publish(self, batches: Mapping[str, SubjectBatch], as_of: date) -> None:
        for subject, batch in batches.items():
            update = update_of(batch, self.rolling, GROUPS.by_item, as_of)
            if update.changed:
                self.changes.append((subject, update.state.sequence, update))
            if not update.same_state:
                self.states[subject] = update.state
            self.values.update({(subject, one.group): one.values for one in update.values})
        for subject, batch in batches.items():
            self.records.update({(subject, *key): one for key, one in batch.after.items()})
        self.survives -= 1
        if self.survives < 0:
            self.behind |= batches.keys()
            raise Killed
        self.store.write(self.rolling.flush())


def computed(events: Iterable[Record], subject: str, day: date) -> ComputedState:
    """Return what the plain reference makes of a subject's events."""
    own = [one for one in events if one.envelope.subject == subject]
    return state_on(fold(own).winners, GROUPS, decode, until, day)
