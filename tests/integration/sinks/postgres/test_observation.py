"""A PostgreSQL sink that somebody's lock blocks says so, names the lock, and goes on when it is gone."""

import psycopg2

from bus.config import BusConfig
from sinks.postgres import sink
from sinks.readiness import SinkReadiness
from tests.builders.changes import Streams
from tests.integration.sinks.test_postgres import awaited, config, dsn, publish
from tests.running import Running
from tests.waiting import until

__all__ = ["config", "dsn"]


def test_a_sink_that_a_lock_blocks_names_it_and_recovers(config: BusConfig, dsn: str) -> None:
    streams, readiness = Streams(config), SinkReadiness()
    publish(streams, 1, "甲", "aa")
    running = Running(sink.run, config, dsn, readiness=readiness)
    awaited(dsn, "select sequence from credit_state", [(1,)])
    until(lambda: readiness().ready, readiness)
    other = psycopg2.connect(dsn, application_name="somebody")
    try:
        with other.cursor() as cursor:
            cursor.execute("lock table credit_record in access exclusive mode")
        publish(streams, 2, "乙", "bb")
        named = f"lock on credit_record, which pid {other.info.backend_pid} holds (somebody"
        until(lambda: named in readiness().reason, readiness)
        assert not readiness().ready
        until(
            lambda: "holding: PostgreSQL: the table credit_record is locked by process" in readiness().reason, readiness
        )
    finally:
        other.close()
    awaited(dsn, "select sequence from credit_state", [(2,)])
    until(lambda: readiness().ready, readiness)
    running.stop()
