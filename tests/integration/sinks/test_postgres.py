"""What the streams published is in PostgreSQL once, whatever is repeated or restarted."""

import contextlib
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from prometheus_client import REGISTRY

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from catalogue import wire
from catalogue.errors import IntegrityError
from rules.audit.entry import ActorKind, AuditAct, AuditEntry, message_of
from sinks.banks.chain import LastStep, StepChain
from sinks.banks.encoding import ReleasedMessage
from sinks.postgres import sink
from sinks.postgres.database import SinkDatabase
from sinks.postgres.refilling import digests, empty
from sinks.postgres.schema import MIGRATIONS, migrate
from sinks.postgres.tables import TABLES
from tests.builders.changes import MOMENT, Streams
from tests.kafka import own_topics, send
from tests.running import Running
from tests.services import Services
from tests.waiting import until

A = "91630100MA7540001X"


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    config = stack.bus(topic_prefix, partitions=2)
    with own_topics(config, list(TABLES)):
        yield config


@pytest.fixture
def dsn(stack: Services) -> Iterator[str]:
    """Return a DSN whose tables lie in a schema of this test's own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    _execute(stack.postgres_dsn, f"create schema {name}")
    yield f"{stack.postgres_dsn}?options=-csearch_path%3D{name}&application_name={name}"
    _execute(stack.postgres_dsn, f"drop schema {name} cascade")


def _execute(dsn: str, sql: str) -> list[Any]:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def awaited(dsn: str, sql: str, wanted: list[Any]) -> None:
    """Wait until a query returns these rows."""
    rows: list[Any] = []

    def came() -> bool:
        with contextlib.suppress(psycopg2.errors.UndefinedTable):
            rows[:] = _execute(dsn, sql)
        return rows == wanted

    until(came, lambda: f"{sql}: {rows}, expected {wanted}")


def publish(streams: Streams, sequence: int, text: str, version: str) -> None:
    """Publish a record, the state and the change of one subject."""
    payload = streams.payload("market.registration", {"business_scope": text})
    record = {**streams.envelope(A, "market.registration", "1"), **payload, "content_hash": version}
    streams.send(topics.RECORD, wire.RECORD, f"{A}|1", record)
    state = {
        "subject": A,
        "subject_name": "虚构\t样例\\公司\n",
        "sequence": sequence,
        "as_of": date(2025, 6, 1),
        "hash": version,
        "indicators_digest": "0b",
        "counts": {"market.registration": 1},
        "records_digest": "0a",
        "changed_at": MOMENT,
    }
    streams.send(topics.STATE, wire.STATE, A, state)
    values = {
        "subject": A, "item": "administration.penalty", "sequence": sequence, "as_of": date(2025, 6, 1),
        "hash": version, "indicators": {"fines_36m": Decimal("12.500000"), "fines_ever": None}, "changed_at": MOMENT,
    }  # fmt: skip
    streams.send(topics.INDICATOR, wire.INDICATOR_VALUES, f"{A}\0administration.penalty", values)
    streams.change(A, sequence, [streams.record_change(A, "market.registration", "1", None, {})], {"fines_36m": "12.5"})
    streams.flush()


def test_migrations_are_applied_once(dsn: str) -> None:
    assert migrate(dsn) == [path.stem for path in sorted(MIGRATIONS.glob("*.sql"))]
    assert migrate(dsn) == []


def test_the_newest_stays_and_a_restart_repeats_nothing(config: BusConfig, dsn: str) -> None:
    streams = Streams(config)
    publish(streams, 2, "甲", "bb")
    first = Running(sink.run, config, dsn)
    awaited(dsn, "select sequence, content_hash from credit_state join credit_record using (subject)", [(2, "bb")])
    first.stop()
    # Older versions behind newer ones, as a stale owner would write them.
    publish(streams, 1, "乙", "aa")
    second = Running(sink.run, config, dsn)
    awaited(dsn, "select sequence from credit_change order by sequence", [(1,), (2,)])
    second.stop()
    assert _execute(dsn, "select sequence, hash, subject_name from credit_state") == [(2, "bb", "虚构\t样例\\公司\n")]
    assert _execute(dsn, "select content_hash from credit_record") == [("bb",)]
    assert _execute(dsn, "select (indicators->>'fines_36m')::numeric from credit_indicator") == [
        (Decimal("12.500000"),)
    ]
    ((payload,),) = _execute(dsn, "select payload from credit_record")
    assert bytes(payload) == streams.payload("market.registration", {"business_scope": "甲"})["payload"]
    streams.flush()
    positions = _execute(
        dsn, f"select sum(next_offset) from sink_position where topic = '{config.topic(topics.CHANGE)}'"
    )
    assert positions == [(2,)]


def test_a_lost_connection_is_made_anew(config: BusConfig, dsn: str) -> None:
    streams = Streams(config)
    publish(streams, 1, "甲", "aa")
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select sequence from credit_state", [(1,)])
    schema = dsn.rsplit("=", 1)[1]
    # The sessions of this test alone.
    _execute(
        dsn,
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        f" and datname = current_database() and application_name = '{schema}'",
    )
    publish(streams, 2, "乙", "bb")
    awaited(dsn, "select sequence from credit_state", [(2,)])
    running.stop()


def test_topics_made_anew_are_not_read_into_what_the_former_ones_left(config: BusConfig, dsn: str) -> None:
    streams = Streams(config)
    publish(streams, 1, "甲", "aa")
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select sequence from credit_state", [(1,)])
    running.stop()
    _execute(dsn, f"update sink_topic set topic_id = 'former' where topic = '{topics.CHANGE}'")
    _refuses(config, dsn, f"another topic than {config.topic(topics.CHANGE)} is now")


def test_topics_of_another_prefix_are_not_read_into_the_same_database(config: BusConfig, dsn: str) -> None:
    publish(Streams(config), 1, "甲", "aa")
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select sequence from credit_state", [(1,)])
    running.stop()
    other = replace(config, topic_prefix=f"other{config.topic_prefix}")
    with own_topics(other, list(TABLES)):
        _refuses(other, dsn, "one of another prefix")


def test_positions_beyond_the_end_of_a_topic_are_refused(config: BusConfig, dsn: str) -> None:
    publish(Streams(config), 1, "甲", "aa")
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select sequence from credit_state", [(1,)])
    running.stop()
    state = config.topic(topics.STATE)
    _execute(dsn, f"update sink_position set next_offset = 100 where topic = '{state}' and next_offset = 1")
    _refuses(config, dsn, r"up to offset 100, but it ends at 1: it lost its tail")


def _refuses(config: BusConfig, dsn: str, why: str) -> None:
    again = Running(sink.run, config, dsn)
    assert again.ended()
    with pytest.raises(IntegrityError, match=why):
        again.stop()


def _submit(streams: Streams, name: str, state: str, clock: datetime) -> None:
    submission: dict[str, Any] = {
        "submission_id": name, "state": state, "unit": "court", "region": "630102", "item": "judicial.judgment",
        "period": None, "mode": "INCREMENTAL", "data_date": None, "correction": False, "channel": "FILE",
        "file_name": "判决.csv", "file_sha256": "00", "sheet": None, "rows": 1, "accepted": 1, "rejected": 0,
        "unresolved": 0, "duplicates": 0, "conflicts": 0, "withdrawn": 0, "next_row": 1, "control_totals": {},
        "opened_at": clock, "updated_at": clock,
    }  # fmt: skip
    streams.send(topics.SUBMISSION, wire.SUBMISSION, name, submission)
    streams.flush()


def test_the_last_word_of_a_submission_stays_whatever_the_pushers_clocks_say(config: BusConfig, dsn: str) -> None:
    streams = Streams(config)
    _submit(streams, "s-1", "OPEN", MOMENT + timedelta(minutes=5))
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select state from submission", [("OPEN",)])
    # Gone on with on another machine, whose clock is late.
    _submit(streams, "s-1", "COMPLETED", MOMENT)
    awaited(dsn, "select state from submission", [("COMPLETED",)])
    running.stop()


def test_what_another_process_has_written_meanwhile_is_not_written_again(
    config: BusConfig, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Streams(config)
    _submit(streams, "s-1", "OPEN", MOMENT)
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select state from submission", [("OPEN",)])
    running.stop()
    _execute(dsn, "update submission set state = 'COMPLETED'")
    # As one that stood still while the other wrote: it has messages of before the position.
    monkeypatch.setattr(sink, "BATCH_SIZE", 1)
    positions = SinkDatabase.positions

    def none(database: SinkDatabase) -> dict[Any, int]:
        return {key: offset for key, offset in positions(database).items() if key is None}

    monkeypatch.setattr(SinkDatabase, "positions", none)
    _submit(streams, "s-2", "OPEN", MOMENT)
    late = Running(sink.run, config, dsn)
    awaited(dsn, "select submission_id, state from submission order by 1", [("s-1", "COMPLETED"), ("s-2", "OPEN")])
    late.stop()


def test_bad_rows_are_counted_once_whatever_is_wrong_with_them(config: BusConfig, dsn: str) -> None:
    streams = Streams(config)
    reasons = [
        dict.fromkeys(("field", "column", "message", "remedy"), "") | {"code": code} for code in ("date", "code")
    ]
    now, item = datetime.now(UTC), "tax.payment"
    # The second submission is of last week: whoever fills the tables again is told nothing new by it.
    rows = [("s-1", row, now) for row in range(1500)] + [("s-0", row, now - timedelta(days=7)) for row in range(20)]
    for submission, row, rejected_at in rows:
        value = {
            "submission_id": submission, "row": row, "unit": "tax", "region": "630100", "item": item,
            "file_name": "样例.csv", "sheet": None, "reasons": reasons, "masked": {}, "sealed": b"",
            "source_topic": None, "source_partition": None, "source_offset": None, "replay_count": 0,
            "rejected_at": rejected_at,
        }  # fmt: skip
        streams.send(topics.REJECTED, wire.REJECTED, submission, value)
    streams.flush()
    before = _counted("rows", item=item)
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select count(*) from rejected", [(1520,)])
    running.stop()
    assert _counted("rows", item=item) - before == 1500
    assert _counted("reasons", item=item, reason="date") == _counted("reasons", item=item, reason="code") == 1500


def _counted(what: str, **labels: str) -> float:
    name = {"rows": "credithub_rejected_rows_total", "reasons": "credithub_rejection_reasons_total"}[what]
    return REGISTRY.get_sample_value(name, labels) or 0


def test_tables_are_filled_again_as_they_were_and_a_sink_of_before_writes_nothing(config: BusConfig, dsn: str) -> None:
    streams = Streams(config)
    publish(streams, 2, "甲", "bb")
    _submit(streams, "s-1", "COMPLETED", MOMENT)
    former = Running(sink.run, config, dsn)
    awaited(dsn, "select (select count(*) from credit_change), (select count(*) from submission)", [(1, 1)])
    awaited(dsn, "select (select count(*) from credit_state), (select count(*) from credit_record)", [(1, 1)])
    before = digests(dsn)
    empty(dsn)
    assert {rows for rows, _ in digests(dsn).values()} == {0}
    assert _execute(dsn, "select * from sink_position") == []
    # It stands behind what the tables lack by now.
    _submit(streams, "s-2", "COMPLETED", MOMENT)
    assert former.ended()
    with pytest.raises(IntegrityError, match="emptied"):
        former.stop()
    assert _execute(dsn, "select * from submission") == []
    after = Running(sink.run, config, dsn)
    awaited(dsn, "select submission_id from submission order by 1", [("s-1",), ("s-2",)])
    awaited(dsn, "select (select count(*) from credit_state), (select count(*) from credit_change)", [(1, 1)])
    awaited(dsn, "select count(*) from credit_record", [(1,)])
    after.stop()
    again = digests(dsn)
    assert again.pop("submission") != before.pop("submission")
    assert again == before


def test_a_digest_tells_content_and_not_the_order_of_rows(dsn: str) -> None:
    migrate(dsn)
    waiting = "insert into unresolved select 's', {}, '', '', '', '', '', '', '', '', '{{}}', '', 'epoch'"
    _execute(dsn, f"{waiting.format(1)}; {waiting.format(2)}")
    first = digests(dsn)["unresolved"]
    _execute(dsn, f"truncate unresolved; {waiting.format(2)}; {waiting.format(1)}")
    assert digests(dsn)["unresolved"] == first
    _execute(dsn, "update unresolved set message = 'x' where row = 2")
    assert digests(dsn)["unresolved"] != first


def test_what_was_released_and_asked_is_there_once_with_the_step_that_released_it(config: BusConfig, dsn: str) -> None:
    with closing(Registry(config)) as registry:
        entries, steps = (Encoder(registry, topics.RELEASE, one) for one in (wire.RELEASE_ENTRY, wire.RELEASE_STEP))
        chain, ask = StepChain(LastStep(), entries, steps), Encoder(registry, topics.AUDIT, wire.AUDIT_ENTRY)
    told = [ReleasedMessage(bank, 1, f"handle of {bank}", ("SQ-1",), bytes(32)) for bank in ("qinghe", "yinhe")]
    begun = [chain.entry(A, "tax.payment", "REPORT", "", 1, told)]
    asked = AuditEntry(
        MOMENT, ActorKind.RECIPIENT, "yinhe", AuditAct.SCOPE_SHOW, A, "LOAN", ("SQ-1",), "NO_CONSENT", b"q", b"a"
    )
    send(config, topics.RELEASE, [(None, one) for one in begun], partition=1)
    send(config, topics.AUDIT, [(None, ask(message_of(asked, 1, b"", b"d")))])
    running = Running(sink.run, config, dsn)
    awaited(dsn, "select number, actor, outcome, consents from audit", [(1, "yinhe", "NO_CONSENT", ["SQ-1"])])
    awaited(dsn, "select count(*) from release_log", [(1,)])
    # What no step ended yet was not released.
    assert _execute(dsn, "select * from released") == []
    send(config, topics.RELEASE, [(None, chain.step(1, MOMENT, {}, is_settled=True))], partition=1)
    of = (
        "select recipient, subject, sequence, item, handle, op, reason, consents, moment, partition, step from released"
    )
    row = (A, 1, "tax.payment")
    rest = ("REPORT", "", ["SQ-1"], MOMENT, 1, 1)
    wanted = [(bank, *row, f"handle of {bank}", *rest) for bank in ("qinghe", "yinhe")]
    awaited(dsn, f"{of} order by recipient", wanted)
    running.stop()
    assert _execute(dsn, "select distinct encode(step_digest, 'hex') from released") == [(chain.last.digest.hex(),)]
    before = digests(dsn)
    # Read again from the beginning, as a batch that comes twice is.
    _execute(dsn, "delete from sink_position")
    again = Running(sink.run, config, dsn)
    awaited(dsn, "select count(*) from sink_position", [(2,)])
    again.stop()
    assert digests(dsn) == before
    empty(dsn)
    refilled = Running(sink.run, config, dsn)
    awaited(dsn, f"{of} order by recipient", wanted)
    awaited(dsn, "select count(*) from audit", [(1,)])
    refilled.stop()
    assert digests(dsn) == before
