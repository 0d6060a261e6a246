"""One event lost or doubled on any arrow makes the proof name that arrow, and no other.

One small city goes through the real push, merge and sinks, once. Every case then looks at it through a copy of one
topic that lacks a message or has one twice, or has a row of the database changed and changed back.

A loss on one arrow is what the stages behind it never saw. So a case of an early arrow looks at the hub as it was
before those stages had read anything; a message that is destroyed after all had read it is missed on both sides.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from catalogue.errors import PoisonMessage
from hub.commands.reconcile import proved, register
from hub.settings import settings_environment
from processing.output import InputMessage
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import Findings
from proofs.reconcile.lag import Lag, wait_until_nothing_waits
from tests.databases import execute
from tests.integration.proofs.small_hub import (
    BANKS,
    DOUBLE,
    DROP,
    ELDER,
    FIRST,
    LAST,
    MARKET,
    PENALTIES,
    UNRATED,
    Hub,
    fresh,
    merge,
    stray_of,
    tampered,
    without_sinks,
)
from tests.integration.proofs.tampered import View
from tests.integration.sinks.banks.releasing import handles_of


def test_nothing_is_lost(hub: Hub) -> None:
    found = proved(hub.config, hub.scope)
    assert (found.exit_code, found.difference, found.differences) == (0, 0, [])
    files = found.arrows["file>catalogue"]
    # There is something on every arrow that could be lost.
    assert min(files.merged, files.rejected, files.unresolved, found.arrows["catalogue>record"].rejected) > 0
    assert all(tally.merged for tally in found.arrows.values())
    assert not any(tally.missing for tally in (*found.arrows.values(), *found.categories.values()))


def test_a_record_that_nobody_can_read_is_told_nobody_and_is_no_difference(hub: Hub) -> None:
    unread, handle_of = [], handles_of(hub.config, BANKS[0])
    with closing(Registry(hub.config)) as registry:
        plain, decode = PlainDecoder(registry), Decoder(registry)
        for message in hub.forge.messages(topics.CHANGE):
            for record in plain(message.value)["records"]:
                try:
                    decode.payload(record["schema_id"], record["payload"])
                except PoisonMessage:
                    of = (record["subject"], record["item"], record["record_key"])
                    unread.append((record["item"], handle_of(*of)))
        topic = topics.bank_topic(BANKS[0])
        told = [(v.get("item"), v.get("record_key")) for m in hub.forge.messages(topic) if (v := plain(m.value))]
    assert {item for item, _ in unread} == {UNRATED}
    assert not set(unread) & set(told)
    # Others of the item are told.
    assert UNRATED in {item for item, _ in told}
    assert proved(hub.config, hub.scope).difference == 0


def named(found: Findings, arrow: str, what: str) -> None:
    """Assert that one arrow alone is named, and that every difference says ``what``, a regular expression."""
    said = [f"{d.arrow}: {d.place}: {d.what}" for d in found.differences]
    assert found.exit_code == 1, said
    assert {name for name, count in found.difference_by_arrow.items() if count} == {arrow}, said
    assert found.difference == found.difference_by_arrow[arrow] > 0
    assert said
    assert all(re.search(what, one) for one in said), said


@pytest.fixture(scope="module")
def unmerged(hub: Hub) -> dict[str, str]:
    return fresh(hub)


ROWS = {
    "catalogue": (MARKET, r"market\.registration.*accepted, the scan finds|double events in catalogue\.market"),
    "rejected": (topics.REJECTED, r"rejected, the scan finds"),
    "unresolved": (topics.UNRESOLVED, r"unresolved, the scan finds"),
}


@pytest.mark.parametrize("way", [DROP, DOUBLE])
@pytest.mark.parametrize(("topic", "what"), ROWS.values(), ids=ROWS)
def test_a_row_between_its_file_and_its_topic(
    hub: Hub, unmerged: dict[str, str], topic: str, what: str, way: str
) -> None:
    own = {stray_of(hub)} if topic == topics.REJECTED else ()
    replaced = {**unmerged, **tampered(hub, topic, way, FIRST, without=own)}
    # Nothing has read the topic yet: the receipt alone knows how many there have to be.
    found = proved(hub.forge.view(replaced), without_sinks(hub.scope))
    named(found, "file>catalogue", what)


def test_a_submission_whose_receipt_is_lost(hub: Hub) -> None:
    replaced = tampered(hub, topics.SUBMISSION, DROP, FIRST)
    # Twice is not tried: a receipt is a state under its key, and the compaction keeps one.
    named(proved(hub.forge.view(replaced), without_sinks(hub.scope)), "file>catalogue", r"is not in the ledger")


@pytest.mark.parametrize("way", [DROP, DOUBLE])
def test_an_event_that_the_merge_reads_is_counted_against_the_receipt(hub: Hub, tmp_path: Path, way: str) -> None:
    """What is lost or doubled before the merge stays the file's difference once it has been merged.

    A doubled event has the id of the first: the merge counts a duplicate, nothing comes of it, and its own arrow
    adds up. Yet the submission says n events and the topic holds n + 1, and a topic that nobody may write but the
    push has been written by somebody: the arrow on which this happened is named although it did no harm.
    """
    market = tampered(hub, MARKET, way, FIRST)
    view = hub.forge.view({**fresh(hub), **market})
    merge(view, hub.settings, tmp_path)
    found = proved(view, without_sinks(hub.scope))
    assert found.pending == 0
    assert found.arrows["catalogue>record"].duplicate == (way == DOUBLE)
    named(found, "file>catalogue", ROWS["catalogue"][1])


FEEDS: dict[str, tuple[Callable[[list[InputMessage]], list[InputMessage]], str]] = {
    DROP: (lambda news: news[1:], r"merged, the scan finds|: lost: "),
    DOUBLE: (lambda news: [*news[:1], *news], r"1 duplicate, the scan finds 0"),
}


@pytest.mark.parametrize(("feed", "what"), FEEDS.values(), ids=FEEDS)
def test_an_event_between_its_topic_and_the_merge(
    hub: Hub, tmp_path: Path, feed: Callable[[list[InputMessage]], list[InputMessage]], what: str
) -> None:
    # The engine is real; what carries the events to it loses the first of each partition, or hands it over twice.
    view = hub.forge.view(fresh(hub))
    merge(view, hub.settings, tmp_path, feed)
    named(proved(view, without_sinks(hub.scope)), "catalogue>record", what)


# Of a compacted topic the newest message of a key: an older one may go at any time.
PUBLISHED = {
    "record": (topics.RECORD, LAST, "catalogue>record", r"credit\.record\.v1/\d.*: (lost|double|not the version)"),
    "person record": (topics.PERSON_RECORD, LAST, "catalogue>record", r"person\.record\.v1/\d.*: (lost|double)"),
    "set aside": (topics.REJECTED, LAST, "catalogue>record", r"administration\.v1/0: \d unreadable messages set aside"),
    "state": (
        topics.STATE,
        LAST,
        "record>change",
        r"credit\.(state\.v1/\d.*(state at|double state)|indicator\.v1.*not those of its state)",
    ),
    "values": (topics.INDICATOR, LAST, "record>change", r"credit\.indicator\.v1.*(not those of its|double values)"),
    "change": (
        topics.CHANGE,
        ELDER,
        "record>change",
        r"credit\.change\.v1/\d.*(after 0|double sequence 1|no change of)",
    ),
    "last change": (
        topics.CHANGE,
        LAST,
        "record>change",
        r"/\d.*(state at|double sequence|no change of|last change is)",
    ),
}


@pytest.mark.parametrize("way", [DROP, DOUBLE])
@pytest.mark.parametrize(("topic", "which", "arrow", "what"), PUBLISHED.values(), ids=PUBLISHED)
def test_what_the_merge_publishes(hub: Hub, topic: str, which: str, arrow: str, what: str, way: str) -> None:
    # Before the sinks read it: behind them the database would miss it, too.
    found = proved(hub.forge.view(tampered(hub, topic, way, which)), without_sinks(hub.scope))
    named(found, arrow, what)


def test_a_day_that_is_lost(hub: Hub) -> None:
    replaced = tampered(hub, topics.CALENDAR, DROP, FIRST)
    # A day that is said twice is no difference: it says what is so, and no receipt says how often.
    found = proved(hub.forge.view(replaced), without_sinks(hub.scope))
    named(found, "catalogue>record", r"calendar\.v1/0: 2 merged, the scan finds 1")


UPLOADS = {
    "sent": (topics.UPSTREAM_UP, r"national\.up\.v1.*(not sent|double): "),
    "receipt": (topics.UPSTREAM_RECEIPT, r"national\.receipt\.v1.*(no receipt|double receipt): "),
}


@pytest.mark.parametrize("way", [DROP, DOUBLE])
@pytest.mark.parametrize(("topic", "what"), UPLOADS.values(), ids=UPLOADS)
def test_a_delivery_to_the_platform_above(hub: Hub, topic: str, what: str, way: str) -> None:
    named(proved(hub.forge.view(tampered(hub, topic, way, FIRST)), hub.scope), "upstream", what)


@contextmanager
def changed(dsn: str, table: str, statement: str) -> Iterator[None]:
    """Change a table, and put it back as it was."""
    execute(dsn, f"create table untampered as select * from {table}", statement)
    try:
        yield
    finally:
        execute(dsn, f"truncate {table}", f"insert into {table} select * from untampered", "drop table untampered")


# The column by which a row that is there twice differs from the first: a primary key allows no other.
TABLES = {
    "credit_record": "record_key",
    "person_record": "record_key",
    "credit_state": "subject",
    "credit_indicator": "item",
    "credit_rating": "model",
    "credit_list": "list",
    "credit_change": "sequence",
    "submission": "submission_id",
    "rejected": "row",
    "unresolved": "row",
    "release_log": "partition",
    "audit": "partition",
}


@pytest.mark.parametrize("way", [DROP, DOUBLE])
@pytest.mark.parametrize("table", TABLES)
def test_a_row_of_postgresql(hub: Hub, table: str, way: str) -> None:
    one = f"{table} t where ctid = (select min(ctid) from {table})"
    statement = f"delete from {one}"
    if way == DOUBLE:
        column = TABLES[table]
        # With a 9 behind: another text, and another number.
        other = f"jsonb_populate_record(t, jsonb_build_object('{column}', {column} || '9'))"
        statement = f"insert into {table} select ({other}).* from {one}"
    with changed(hub.settings.postgres.dsn or "", table, statement):
        found = proved(hub.config, hub.scope)
    named(found, "postgres", rf"postgres: {table}\b")
    assert found.difference == 1


def test_a_change_in_the_database_under_another_sequence(hub: Hub) -> None:
    last = "credit_change t where sequence = (select max(sequence) from credit_change where subject = t.subject)"
    statement = f"update credit_change set sequence = sequence + 5 where ctid = (select min(ctid) from {last})"
    with changed(hub.settings.postgres.dsn or "", "credit_change", statement):
        found = proved(hub.config, hub.scope)
    named(found, "postgres", r"credit_change of credit\.change\.v1/\d: \w+: the changes end at \d+, the rows at \d+")
    assert found.difference == 1


@contextmanager
def open_transaction(view: View, topic: str) -> Iterator[Callable[[], None]]:
    """Leave a message in a topic whose transaction nobody ends, as a push that was killed; yield what ends it."""
    killed = clients.producer(view, **{"transactional.id": f"{view.topic(topic)}.killed"})
    killed.init_transactions(30)
    killed.begin_transaction()
    killed.produce(view.topic(topic), b"", b"", 0)
    assert killed.flush(30) == 0
    ended = Event()

    def end() -> None:
        if not ended.is_set():
            ended.set()
            killed.abort_transaction(30)

    try:
        yield end
    finally:
        end()


def test_an_open_transaction_hides_no_receipt_that_others_committed_behind_it(hub: Hub) -> None:
    last = hub.forge.messages(topics.SUBMISSION)[-1]
    view = hub.forge.view(hub.forge.copy(topics.SUBMISSION, without={last.spot}))
    with open_transaction(view, topics.SUBMISSION) as end:
        behind = clients.producer(view)
        behind.produce(view.topic(topics.SUBMISSION), last.value, last.key, last.spot.partition)
        assert behind.flush(30) == 0
        timer = Timer(2, end)
        timer.start()
        found = proved(view, without_sinks(hub.scope))
        timer.join()
    assert (found.difference, found.differences) == (0, [])


def test_an_open_transaction_is_waited_for_and_holds_nobody_up_for_longer_than_said(hub: Hub) -> None:
    view = hub.forge.view(hub.forge.copy(PENALTIES))

    def waited(wait_s: float) -> bool:
        with closing(Registry(view)) as registry:
            look = lambda: Lag(view, without_sinks(hub.scope), registry)  # noqa: E731
            return wait_until_nothing_waits(look, wait_s, lambda text: None)

    with open_transaction(view, PENALTIES) as end:
        begun = time.monotonic()
        assert not waited(1)
        assert time.monotonic() - begun < 10
        end()
        assert waited(30)


def test_the_command_ends_by_what_it_finds(hub: Hub) -> None:
    command = Typer()
    register(command)

    def ended() -> tuple[int, dict[str, Any]]:
        result = CliRunner().invoke(command, ["reconcile", "--json"], env=settings_environment(hub.settings))
        return result.exit_code, json.loads(result.stdout)

    with changed(hub.settings.postgres.dsn or "", "credit_change", "delete from credit_change where sequence = 1"):
        code, said = ended()
    assert code == 1
    assert said["difference"] > 0
    assert {one["arrow"] for one in said["differences"]} == {"postgres"}
    code, said = ended()
    assert (code, said["difference"], said["differences"]) == (0, 0, [])
