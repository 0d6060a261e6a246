"""The merge on the real broker: one transaction per batch, restored by its successor, indifferent to order."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

import bus.clients
from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import publish_business_date
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from bus.reading.scan import scan
from catalogue.avro import event_schema, topic
from catalogue.errors import Unavailable
from catalogue.load import load_catalogue
from hub.settings import Endpoints
from processing.store import Store, condemn, is_corruption
from rules.indicators.definitions import Indicator, load_indicators
from streams.engine import POISON_CONTEXT, Engine, Message
from streams.restoring import CHANGELOGS

CIPHER = Cipher(KeyRing(b"l" * 32, {1: b"k" * 32}))
DAY = datetime(2026, 6, 30, tzinfo=UTC)
# When every penalty has left a window of a year.
LATER = date(2028, 1, 1)
PENALTIES = topic("administration")


@pytest.fixture
def config(stack: Endpoints, topic_prefix: str) -> BusConfig:
    config = BusConfig(stack.bootstrap, stack.registry_url, topic_prefix, partitions=1)
    make_topics(config)
    return config


def make_topics(config: BusConfig) -> None:
    names = {topics.RECORD, topics.PERSON_RECORD, topics.CHANGE, topics.STATE, topics.POSITION, topics.CALENDAR}
    wanted = {*names, topics.REJECTED, PENALTIES}
    topics.ensure_topics(config, [t for t in topics.topic_specs(load_catalogue()) if t.name in wanted])


def penalties(
    config: BusConfig, events: int, *, keys: int = 20, subjects: int = 3, facts: str | None = None
) -> Iterator[bytes]:
    registry = Registry(config)
    encode = Encoder(registry, PENALTIES, event_schema(load_catalogue().item("administration.penalty")))
    registry.close()
    for number in range(events):
        yield encode(
            {
                "event_id": f"s:{number:04d}",
                "item": "administration.penalty",
                "op": "WITHDRAW" if number % 17 == 16 else "REPORT",
                "record_key": f"处罚{number % keys}",
                "source_time": DAY - timedelta(days=30 * (number % 7)),
                "revision": 0,
                "content_hash": f"{number:032x}",
                "reported_at": DAY,
                "unit": "functional_departments",
                "region": "630102",
                "channel": "FILE",
                "submission_id": "s",
                "row": number,
                "subject": f"9163010200000000{number % subjects:02d}",
                "subject_name": f"样例企业{number % subjects}",
                "data": {
                    "violation_facts": facts,
                    "fine_amount": Decimal(number),
                    "decision_date": (DAY - timedelta(days=30 * (number % 7))).date(),
                },
            }
        )


def merged(
    config: BusConfig,
    folder: Path,
    batches: list[list[bytes]],
    days: tuple[date, ...] = (),
    indicators: Iterable[Indicator] | None = None,
) -> dict[str, int]:
    for day in days:
        publish_business_date(config, day)
    registry = Registry(config)
    engine = Engine(config, 0, folder, indicators or load_indicators(), registry, CIPHER)
    engine.open()
    try:
        total: dict[str, int] = {}
        said = [Message(m.offset(), m.value()) for m in scan(config, topics.CALENDAR)]
        reached = engine.positions().get(topics.CALENDAR, 0)
        if any(m.offset >= reached for m in said):
            engine.process({topics.CALENDAR: [m for m in said if m.offset >= reached]})
        offset = engine.positions().get(PENALTIES, 0)
        for values in batches:
            counts = engine.process({PENALTIES: [Message(offset + i, v) for i, v in enumerate(values)]})
            offset += len(values)
            total = {k: total.get(k, 0) + v for k, v in counts[PENALTIES].items()}
        return total
    finally:
        engine.close()
        registry.close()


def all_of(config: BusConfig, name: str) -> list[dict[str, Any]]:
    registry = Registry(config)
    decode = Decoder(registry)
    found = [decode(m.value()) for m in scan(config, name)]
    registry.close()
    return found


def hashes(config: BusConfig) -> dict[str, str]:
    return {state["subject"]: state["hash"] for state in all_of(config, topics.STATE)}


def test_outcomes_add_up_and_sequences_have_no_gap(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 100))
    counts = merged(config, tmp_path, [values[:60], values[60:], values[:10]], (DAY.date(),))
    assert sum(counts.values()) == 110
    assert counts["rejected"] == 0
    sequences: dict[str, list[int]] = {}
    for change in all_of(config, topics.CHANGE):
        sequences.setdefault(change["subject"], []).append(change["sequence"])
    assert len(sequences) == 3
    for found in sequences.values():
        assert found == list(range(1, len(found) + 1))
    last = {p["topic"]: p for p in all_of(config, topics.POSITION)}[PENALTIES]
    assert last["next_offset"] == 110
    assert last["merged"] + last["duplicate"] + last["superseded"] == 110


def test_a_successor_with_an_empty_disk_goes_on_and_order_does_not_matter(
    config: BusConfig, stack: Endpoints, topic_prefix: str, tmp_path: Path
) -> None:
    values = list(penalties(config, 120))
    merged(config, tmp_path / "a", [values[:50]], (DAY.date(),))
    merged(config, tmp_path / "b", [values[50:], values[30:70]])
    first = hashes(config)

    other = BusConfig(stack.bootstrap, stack.registry_url, topic_prefix + "x.", partitions=1)
    make_topics(other)
    random.Random(7).shuffle(values)
    merged(other, tmp_path / "c", [values[i : i + 13] for i in range(0, 120, 13)], (DAY.date(),))
    assert hashes(other) == first
    assert len(first) == 3


def test_a_batch_that_says_nothing_new_emits_nothing(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 30))
    merged(config, tmp_path, [values], (DAY.date(),))
    before = len(all_of(config, topics.CHANGE)), len(all_of(config, topics.STATE))
    assert merged(config, tmp_path, [values])["merged"] == 0
    assert (len(all_of(config, topics.CHANGE)), len(all_of(config, topics.STATE))) == before


def test_what_is_too_large_for_a_message_is_told_in_several(config: BusConfig, tmp_path: Path) -> None:
    # Two versions of a record as large as an event may be.
    older, newer = reversed(list(penalties(config, 2, keys=1, subjects=1, facts="样例" * 145_000)))
    assert merged(config, tmp_path, [[older], [newer]], (DAY.date(),))["merged"] == 2
    assert [len(c["records"]) for c in all_of(config, topics.CHANGE)] == [1, 1]
    merged(config, tmp_path, [list(penalties(config, 3000, keys=3000, subjects=1, facts="样例" * 150))])
    changes = all_of(config, topics.CHANGE)
    assert len(changes) > 4
    assert len({r["record_key"] for c in changes for r in c["records"]}) == 3000
    assert [c["sequence"] for c in changes] == [*range(1, len(changes) + 1)]
    (state,) = _latest(config).values()
    assert state["sequence"] == len(changes)


def test_a_large_message_that_cannot_be_read_is_set_aside(config: BusConfig, tmp_path: Path) -> None:
    raw = b"\x01" + random.Random(7).randbytes(9_000_000)
    assert merged(config, tmp_path, [[raw]])["rejected"] == 1
    (rejected,) = all_of(config, topics.REJECTED)
    assert CIPHER.open(rejected["sealed"], POISON_CONTEXT) == raw


def test_an_unreadable_message_is_set_aside_with_its_place(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 5))
    counts = merged(config, tmp_path, [[values[0], b"\x01nonsense", values[1][:40], *values[1:]]])
    assert counts["rejected"] == 2
    rejected = all_of(config, topics.REJECTED)
    assert [(r["source_topic"], r["source_offset"]) for r in rejected] == [(PENALTIES, 1), (PENALTIES, 2)]
    assert CIPHER.open(rejected[0]["sealed"], POISON_CONTEXT) == b"\x01nonsense"


def test_windows_move_with_the_calendar(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    assert within_a_year(config) != {Decimal(0)}
    merged(config, tmp_path, [], (LATER,))
    assert within_a_year(config) == {Decimal(0)}


@pytest.mark.parametrize("disk", ["kept", "emptied"])
def test_a_worker_that_slept_catches_up_day_by_day(config: BusConfig, tmp_path: Path, disk: str) -> None:
    merged(config, tmp_path / "kept", [list(penalties(config, 30))], (DAY.date(),))
    before = len(all_of(config, topics.CHANGE))
    merged(config, tmp_path / disk, [], (DAY.date() + timedelta(days=400),))
    moves = all_of(config, topics.CHANGE)[before:]
    # Decisions lie 30 days apart, so what leaves a window of 12 months leaves on a day of its own.
    days = [move["as_of"] for move in moves if move["subject"].endswith("00")]
    assert len(days) > 3
    assert days == sorted(set(days))
    assert all(not move["records"] and move["indicators"] for move in moves)
    assert {s["as_of"] for s in _latest(config).values()} == {max(days)}


def test_a_day_that_came_while_the_worker_was_away_is_not_passed_over(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    publish_business_date(config, LATER)
    # Other events come first: nothing of the new day may be taken for done.
    registry = Registry(config)
    engine = Engine(config, 0, tmp_path, load_indicators(), registry, CIPHER)
    engine.open()
    late = list(penalties(config, 31))[30:]
    engine.process({PENALTIES: [Message(engine.positions()[PENALTIES], late[0])]})
    engine.close()
    registry.close()
    merged(config, tmp_path, [])
    assert within_a_year(config) == {Decimal(0)}


def test_each_published_day_is_progress(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    publish_business_date(config, LATER)
    published: list[bool] = []
    with closing(Registry(config)) as registry:
        engine = Engine(config, 0, tmp_path, load_indicators(), registry, CIPHER, lambda: published.append(True))
        with closing(engine):
            engine.open()
            (said,) = [m for m in scan(config, topics.CALENDAR) if m.offset() >= engine.positions()[topics.CALENDAR]]
            engine.process({topics.CALENDAR: [Message(said.offset(), said.value())]})
    # Decisions lie on seven days, each of which leaves two windows, but those of three years do so later.
    assert len(published) >= 7


class Stopped(Exception):
    """A worker ended behind a part of its roll."""


def roll_partly(config: BusConfig, folder: Path, parts: int) -> None:
    """Go on with the calendar, and end after so many published parts."""
    left = iter(range(parts - 1))

    def published() -> None:
        if next(left, None) is None:
            raise Stopped

    with closing(Registry(config)) as registry:
        engine = Engine(config, 0, folder, load_indicators(), registry, CIPHER, published)
        with closing(engine):
            engine.open()
            reached = engine.positions().get(topics.CALENDAR, 0)
            said = [Message(m.offset(), m.value()) for m in scan(config, topics.CALENDAR) if m.offset() >= reached]
            with pytest.raises(Stopped):
                engine.process({topics.CALENDAR: said})


@pytest.mark.parametrize("first", ["event", "day"])
def test_a_successor_within_a_roll_takes_no_state_back(config: BusConfig, tmp_path: Path, first: str) -> None:
    values = list(penalties(config, 33))
    merged(config, tmp_path / "ours", [values[:30]], (DAY.date(),))
    before = len(all_of(config, topics.CHANGE))
    publish_business_date(config, LATER)
    roll_partly(config, tmp_path / "ours", 4)
    if first == "event":
        # On a subject that is further than its number.
        with closing(Registry(config)) as registry:
            engine = Engine(config, 0, tmp_path / "emptied", load_indicators(), registry, CIPHER)
            with closing(engine):
                engine.open()
                engine.process({PENALTIES: [Message(30 + i, v) for i, v in enumerate(values[30:])]})
    merged(config, tmp_path / "emptied", [])
    told: dict[str, list[date]] = {}
    for change in all_of(config, topics.CHANGE)[before:]:
        if not change["records"]:
            told.setdefault(change["subject"], []).append(change["as_of"])
    assert len(told) == 3
    for days in told.values():
        assert days == sorted(set(days))
    assert within_a_year(config) == {Decimal(0)}


def test_two_owners_within_a_roll_leave_no_state_behind(config: BusConfig, tmp_path: Path) -> None:
    # Each subject has something due on one of the days alone.
    merged(config, tmp_path / "ours", [list(penalties(config, 30, subjects=7))], (DAY.date(),))
    publish_business_date(config, LATER)
    roll_partly(config, tmp_path / "ours", 4)
    roll_partly(config, tmp_path / "emptied", 1)
    merged(config, tmp_path / "ours", [])
    assert within_a_year(config) == {Decimal(0)}


def test_an_indicator_that_is_no_longer_defined_leaves_the_states(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 30))], (DAY.date(),))
    fewer = [i for i in load_indicators() if i.item != "administration.penalty" or i.id == "penalties_12m"]
    merged(config, tmp_path, [], (DAY.date() + timedelta(days=1),), fewer)
    held = {frozenset(state["indicators"]) for state in _latest(config).values()}
    assert held == {frozenset({"penalties_12m"})}
    last = {change["subject"]: change for change in all_of(config, topics.CHANGE)}
    for change in last.values():
        gone = {one["id"]: one["current"] for one in change["indicators"]}
        assert set(gone.values()) == {None}
        assert "penalties_12m" not in gone
    merged(config, tmp_path, [], (DAY.date() + timedelta(days=2),), [i for i in fewer if i.id != "penalties_12m"])
    assert [state["indicators"] for state in _latest(config).values()] == [{}] * 3


def test_what_tells_no_day_is_set_aside_and_stops_nobody(config: BusConfig, tmp_path: Path) -> None:
    publish_business_date(config, DAY.date())
    (value, *_) = penalties(config, 1)
    producer = clients.producer(config)
    for unreadable in (b"\x01nonsense", None, value):
        producer.produce(config.topic(topics.CALENDAR), unreadable, None, 0)
    assert producer.flush(30) == 0
    merged(config, tmp_path / "ours", [list(penalties(config, 30))])
    assert len(all_of(config, topics.REJECTED)) == 3
    merged(config, tmp_path / "emptied", [], (LATER,))
    assert within_a_year(config) == {Decimal(0)}


def test_a_message_without_a_value_is_set_aside(config: BusConfig, tmp_path: Path) -> None:
    values: list[bytes | None] = [*penalties(config, 5)]
    counts = merged(config, tmp_path, [[values[0], None, *values[1:]]], (DAY.date(),))  # type: ignore[list-item]
    assert counts["rejected"] == 1
    assert sum(counts.values()) == 6


def test_values_of_another_kind_are_set_aside(config: BusConfig, tmp_path: Path) -> None:
    schema = event_schema(load_catalogue().item("administration.penalty"))
    null, data = schema["fields"][-1]["type"]
    fields = [f | {"type": ["null", "string"]} if f["name"] == "fine_amount" else f for f in data["fields"]]
    other = schema | {"fields": [*schema["fields"][:-1], {"name": "data", "type": [null, data | {"fields": fields}]}]}
    with closing(Registry(config)) as registry:
        values = list(penalties(config, 10))
        event = Decoder(registry)(values[4])
        encode = Encoder(registry, f"{PENALTIES}.other", other)
        values[4] = encode(event | {"data": event["data"] | {"fine_amount": "much"}})
    counts = merged(config, tmp_path, [values], (DAY.date(),))
    assert counts["rejected"] == 1
    assert sum(counts.values()) == 10


def test_an_unreadable_record_of_an_item_that_is_rated_since_stops_nothing(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 10))
    others = [i for i in load_indicators() if i.item != "administration.penalty"]
    merged(config, tmp_path, [[*values[:5], values[5][:-3], *values[6:]]], (DAY.date(),), others)
    merged(config, tmp_path, [], (DAY.date() + timedelta(days=1),))
    assert sum(state["indicators"]["penalties_12m"] for state in _latest(config).values()) == 9


def test_a_worker_that_comes_back_knows_the_days_that_another_rolled(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path / "ours", [list(penalties(config, 30))], (DAY.date(),))
    merged(config, tmp_path / "theirs", [], (LATER,))
    # One more event, of an old penalty, on the sums of our own time.
    merged(config, tmp_path / "ours", [list(penalties(config, 31))[30:]])
    assert within_a_year(config) == {Decimal(0)}


def test_a_worker_that_comes_back_rolls_what_another_merged(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path / "ours", [], (DAY.date(),))
    merged(config, tmp_path / "ours", [], (DAY.date() + timedelta(days=1),))
    merged(config, tmp_path / "theirs", [list(penalties(config, 30))])
    merged(config, tmp_path / "ours", [], (LATER,))
    assert within_a_year(config) == {Decimal(0)}


def test_new_definitions_hold_for_a_worker_that_was_away(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 33))
    former = [i for i in load_indicators() if i.id != "penalties_12m"]
    merged(config, tmp_path / "ours", [values[:30]], (DAY.date(),), former)
    merged(config, tmp_path / "theirs", [values[30:32]], (), former)
    merged(config, tmp_path / "ours", [values[32:]])
    touched = _latest(config)["916301020000000002"]["indicators"]["penalties_12m"]
    merged(config, tmp_path / "emptied", [], (DAY.date() + timedelta(days=1),))
    assert touched == _latest(config)["916301020000000002"]["indicators"]["penalties_12m"]
    assert touched > 1


def within_a_year(config: BusConfig) -> set[Decimal]:
    return {state["indicators"]["penalties_12m"] for state in _latest(config).values()}


def _latest(config: BusConfig) -> dict[str, dict[str, Any]]:
    return {s["subject"]: s for s in all_of(config, topics.STATE)}


class Once(Producer):  # type: ignore[misc]
    """A producer that begins nothing after an abort."""

    aborted = False

    def begin_transaction(self) -> None:
        assert not self.aborted
        super().begin_transaction()

    def abort_transaction(self, *timeout_s: float) -> None:
        self.aborted = True
        super().abort_transaction(*timeout_s)


def test_a_payload_that_ends_too_soon_is_set_aside_and_stops_nothing(
    config: BusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus.clients, "Producer", Once)
    values = list(penalties(config, 10))
    counts = merged(config, tmp_path, [[*values[:5], values[5][:-3], *values[6:]]], (DAY.date(),))
    assert counts["rejected"] == 1
    assert sum(counts.values()) == 10
    (rejected,) = all_of(config, topics.REJECTED)
    assert rejected["reasons"][0]["code"] == "UNREADABLE"
    held = hashes(config)
    merged(config, tmp_path, [[*values[:5], *values[6:]]])
    assert hashes(config) == held


def test_a_warm_restart_reads_nothing_that_the_store_has(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 100))], (DAY.date(),))
    with closing(Registry(config)) as registry:
        engine = Engine(config, 0, tmp_path, load_indicators(), registry, CIPHER)
        read: dict[str, int] = {}
        engine.fence()
        engine.restore(lambda topic, count: read.update({topic: read.get(topic, 0) + count}))
        engine.close()
    assert read == dict.fromkeys(CHANGELOGS, 0)


@pytest.mark.parametrize("damaged", ["MANIFEST-*", "CURRENT"])
def test_a_store_found_corrupt_is_made_anew(config: BusConfig, tmp_path: Path, damaged: str) -> None:
    values = list(penalties(config, 120))
    merged(config, tmp_path / "a", [values[:60]], (DAY.date(),))
    files = [f for f in (tmp_path / "a" / "partition-0").glob(damaged) if f.stat().st_size]
    assert files
    for file in files:
        file.write_bytes(b"\xff" * file.stat().st_size)
    merged(config, tmp_path / "a", [values[60:]])
    after = hashes(config)
    merged(config, tmp_path / "b", [values])
    assert hashes(config) == after
    assert len(after) == 3


def read_each(store: Store) -> None:
    for n in range(200_000):
        assert store.get(b"s%06d" % n) == b"v" * 100


def read_upwards(store: Store) -> None:
    assert sum(1 for _ in store.below(b"s")) == 200_000


def read_downwards(store: Store) -> None:
    assert sum(1 for _ in store.highest(b"s")) == 200_000


@pytest.mark.parametrize("read", [read_each, read_upwards, read_downwards])
def test_a_corrupt_block_is_never_read_past_and_the_store_is_made_anew(
    tmp_path: Path, read: Callable[[Store], None]
) -> None:
    place = tmp_path / "store"
    store = Store(place)
    store.write({b"s%06d" % n: b"v" * 100 for n in range(200_000)})
    store.close()
    (table, *_) = sorted(place.glob("*.sst"), key=lambda f: f.stat().st_size, reverse=True)
    whole = table.read_bytes()
    table.write_bytes(whole[:5000] + bytes(200) + whole[5200:])
    store = Store(place)
    with pytest.raises(Exception, match="Corruption") as problem:
        read(store)
    store.close()
    assert is_corruption(problem.value)
    # It holds the iterator, which holds the files.
    del problem
    condemn(place)
    store = Store(place)
    assert store.get(b"s000000") is None
    store.close()


def test_a_store_in_use_is_told_from_one_whose_damage_shows_on_opening(tmp_path: Path) -> None:
    place = tmp_path / "block"
    store = Store(place)
    store.write({b"s%06d" % n: b"v" * 100 for n in range(20_000)})
    with pytest.raises(Unavailable, match="another process"):
        Store(place)
    store.close()
    for table in place.glob("*.sst"):
        table.write_bytes(table.read_bytes()[:-100])
    store = Store(place)
    assert store.get(b"s000000") is None
    store.close()


def test_a_store_of_other_topics_is_not_trusted(
    config: BusConfig, stack: Endpoints, topic_prefix: str, tmp_path: Path
) -> None:
    values = list(penalties(config, 60))
    merged(config, tmp_path, [values], (DAY.date(),))
    # As in another Kafka, in which nothing of that happened.
    other = BusConfig(stack.bootstrap, stack.registry_url, topic_prefix + "y.", partitions=1)
    make_topics(other)
    merged(other, tmp_path, [values[:10]], (DAY.date(),))
    fresh = BusConfig(stack.bootstrap, stack.registry_url, topic_prefix + "z.", partitions=1)
    make_topics(fresh)
    merged(fresh, tmp_path / "fresh", [values[:10]], (DAY.date(),))
    assert hashes(other) == hashes(fresh)
