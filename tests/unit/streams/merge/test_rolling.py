"""Law 4 for the running indicators: whatever comes in whatever order, tiles are what the plain definition says."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import PoisonMessage
from processing.store import Store
from rules.indicators import kept_numbers
from rules.indicators.facts import Fact, from_millionths
from rules.indicators.groups import groups_of
from rules.indicators.plain import plain_values
from rules.merge import Record
from streams.merge.record_shares import RecordShares
from streams.merge.rolling import Rolling, forget
from tests.builders.events import record
from tests.builders.indicators import every_function, indicator, series

ITEM = "market.change"
START = date(2025, 1, 15)
INDICATORS = groups_of(every_function(ITEM, date_field="day"))

DAYS = st.dates(date(2023, 12, 1), date(2026, 6, 1))
DATA = st.fixed_dictionaries(
    {
        # Some are equal, so that cells have several numbers, and equal ones.
        "day": st.none() | st.sampled_from([START, date(2024, 12, 31)]) | DAYS,
        "amount": st.none() | st.integers(-1, 1).map(Decimal) | st.decimals(-(10**9), 10**9, places=4),
        "removed": st.none() | DAYS,
        "kind": st.sampled_from(["a", "合计", None]),
        "account": st.sampled_from(["1", "2", None]),
        "told": DAYS,
    }
)
# A step: (days to go on; whether another owner of the number rolls them, in his store; records replaced by their new
# content, None: withdrawn).
STEPS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.booleans(),
        st.dictionaries(st.sampled_from(["1", "2", "3", "4", "5", "6"]), st.none() | DATA, max_size=6),
    ),
    max_size=6,
)


def reported(key: str, on: date) -> Record:
    return record(item=ITEM, record_key=key, source_time=datetime.combine(on, datetime.min.time(), UTC))


class Subject:
    """One subject's live records, their payloads, and the two ways to its indicators."""

    def __init__(self, folder: Path, store: type[Store] = Store) -> None:
        self.payloads: dict[bytes, dict[str, Any]] = {}
        self.live: dict[str, Record] = {}
        self.store = store(folder)
        self.as_of = START
        self.begin()

    def begin(self) -> None:
        self.rolling = Rolling(
            self.store, INDICATORS, RecordShares(INDICATORS, lambda _, payload: self.payloads[payload])
        )
        self.rolling.begin(self.as_of)

    def make(self, key: str, data: dict[str, Any]) -> Record:
        told = data["told"]
        payload = str(len(self.payloads)).encode()
        self.payloads[payload] = data
        return Record(reported(key, told).envelope, 1, payload)

    def away(self, day: date) -> None:
        self.as_of = day
        self.begin()

    def go(self, day: date) -> None:
        if not self.rolling.is_complete():
            if self.rolling.lacks("S", ITEM):
                self.rolling.build("S", ITEM, list(self.live.items()), self.as_of)
            self.rolling.complete()
        due = self.rolling.next_due(self.as_of)
        while due is not None and due <= day:
            keys = [key for part in self.rolling.due(due, 1) for _, _, key in part]
            self.rolling.move("S", ITEM, [(k, self.live[k]) for k in keys if k in self.live], due)
            self.check(due)
            self.save()
            due = self.rolling.next_due(due)
        self.as_of = day

    def change(self, changes: dict[str, dict[str, Any] | None]) -> None:
        self.rolling.replace("S", ITEM, list(self.live.items()), [], self.as_of)
        for key, data in changes.items():
            old, new = self.live.get(key), None if data is None else self.make(key, data)
            self.rolling.replace("S", ITEM, [], [(key, old, new)], self.as_of)
            self.live.pop(key, None)
            if new is not None:
                self.live[key] = new
        self.check(self.as_of)
        self.save()

    def save(self) -> None:
        self.store.write(self.rolling.flush())

    def check(self, day: date) -> None:
        facts = [Fact(r.envelope.source_time, self.payloads[r.payload]) for r in self.live.values()]
        plain = plain_values(INDICATORS, {ITEM: facts}, day)[ITEM]
        running = self.rolling.values("S", ITEM, day)
        assert {k: None if v is None else from_millionths(v) for k, v in running.items()} == plain


@pytest.fixture(scope="module")
def folders() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("most", [1, 3, kept_numbers.MOST])
@settings(max_examples=40)
@given(steps=STEPS)
def test_running_values_are_the_plain_ones_on_every_day_whoever_rolled_it(
    folders: Path, most: int, steps: list[Any]
) -> None:
    subject = Subject(Path(tempfile.mkdtemp(dir=folders)) / "store")
    # Few numbers in a cell: the others lie in the store.
    with pytest.MonkeyPatch.context() as patch, closing(subject.store):
        patch.setattr(kept_numbers, "MOST", most)
        subject.change({})
        for days, elsewhere, changes in steps:
            roll = subject.away if elsewhere else subject.go
            roll(subject.as_of + timedelta(days=days))
            subject.change(changes)


def test_other_definitions_make_the_sums_anew(tmp_path: Path) -> None:
    subject = Subject(tmp_path / "store")
    subject.change({"1": {"day": START, "amount": Decimal(5), "removed": None, "kind": "a", "told": START}})
    subject.rolling.complete()
    subject.save()
    subject.begin()
    assert subject.rolling.is_complete()
    assert not subject.rolling.lacks("S", ITEM)
    fewer = groups_of(INDICATORS.by_item[ITEM].indicators[:1])
    other = Rolling(subject.store, fewer, RecordShares(fewer, lambda _, payload: subject.payloads[payload]))
    other.begin(START)
    assert not other.is_complete()
    assert other.lacks("S", ITEM)
    assert other.next_due(date(1970, 1, 1)) is None
    subject.store.close()


class Counting(Store):
    """A store that counts what is read of it."""

    reads = 0

    def get(self, key: bytes) -> bytes | None:
        self.reads += 1
        return super().get(key)

    def below(self, prefix: bytes, start: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        for found in super().below(prefix, start):
            self.reads += 1
            yield found

    def highest(self, prefix: bytes) -> Iterator[bytes]:
        for found in super().highest(prefix):
            self.reads += 1
            yield found


def test_what_an_event_reads_does_not_follow_the_history_of_its_subject(tmp_path: Path) -> None:
    def reads(records: int) -> list[int]:
        subject = Subject(tmp_path / f"store-{records}", Counting)
        counting = subject.store
        assert isinstance(counting, Counting)
        subject.rolling.build("S", ITEM, [], START)
        told = {"day": START, "removed": None, "kind": "a", "told": START}
        made = {f"{n:05}": subject.make(f"{n:05}", {**told, "amount": Decimal(n)}) for n in range(records)}
        for key, one in made.items():
            subject.rolling.replace("S", ITEM, [], [(key, None, one)], START)
        subject.save()
        found = []
        last = f"{records - 1:05}"
        new = subject.make("new", {**told, "amount": Decimal(3)})
        # One more, the highest withdrawn, and the one below it.
        for key, old, now in (
            ("new", None, new), (last, made[last], None), (f"{records - 2:05}", made[f"{records - 2:05}"], None)
        ):  # fmt: skip
            counting.reads = 0
            subject.rolling.replace("S", ITEM, [], [(key, old, now)], START)
            worth = subject.rolling.values("S", ITEM, START)
            found.append(counting.reads)
            subject.save()
        assert worth["max(days)"] == (records - 3) * 1_000_000
        counting.close()
        return found

    few, many = reads(2 * kept_numbers.MOST), reads(5000)
    assert max(abs(one - other) for one, other in zip(few, many, strict=True)) <= 1
    assert 0 < max(few) < 100


def test_two_items_may_have_series_of_one_name(tmp_path: Path) -> None:
    other = "tax.arrears"
    own = {one.item: one for one in (series("s", ITEM, date_field="day"), series("s", other, date_field="day"))}
    groups = groups_of(indicator(f"highest {item}", "max(s)", one) for item, one in own.items())
    payloads = {b"%d" % n: {"day": START, "amount": Decimal(n)} for n in (5, 7, 9)}
    with closing(Store(tmp_path / "store")) as store:
        rolling = Rolling(store, groups, RecordShares(groups, lambda _, payload: payloads[payload]))
        five, seven, nine = (Record(reported(str(n), START).envelope, 1, b"%d" % n) for n in (5, 7, 9))
        rolling.build("S", ITEM, [("5", five), ("9", nine)], START)
        rolling.build("S", other, [("7", seven)], START)
        store.write(rolling.flush())
        rolling.replace("S", ITEM, [], [("9", nine, None)], START)
        assert rolling.values("S", ITEM, START) == {f"highest {ITEM}": 5_000_000}
        writes: dict[bytes, bytes | None] = {}
        forget(store, groups, "S", ITEM, writes)
        store.write(rolling.flush() | writes)
        rolling.replace("S", other, [], [("7", seven, None)], START)
        assert rolling.values("S", other, START) == {f"highest {other}": None}


@pytest.mark.parametrize("period", ["00", "2026-13", "去年"])
def test_an_event_whose_period_is_none_is_a_dead_letter_and_stops_nobody(period: str) -> None:
    own = series("months", ITEM, closed="monthly")
    shares = RecordShares(groups_of([indicator("total", "sum(months, 12)", own)]), lambda *_: {"amount": Decimal(1)})
    with pytest.raises(PoisonMessage, match="period is none"):
        shares.of(ITEM, record(item=ITEM, period=period), START)
    shares.lenient = True
    assert shares.of(ITEM, record(item=ITEM, period=period), START) == []
