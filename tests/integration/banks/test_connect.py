"""The guide's recipe for Kafka Connect: a real worker fills a bank's tables by nothing but the guide's files."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bus.config import BusConfig
from connectors import postgres
from hub.settings import Settings
from tests.databases import execute, superuser_dsn
from tests.integration.banks.bank_topic import A, B, fill, published
from tests.integration.banks.connect_worker import connect_worker
from tests.integration.banks.contract import bank_of
from tests.waiting import until

_RECORDS = {"administration_penalty", "administration_support_fund", "tax_payment"}
_TABLES = {*_RECORDS, "administration_penalty_indicators", "scope", "told"}


@pytest.fixture
def database(stack: object, settings: Settings) -> Iterator[str]:
    """Return the address of a database of the bank's own, which is empty."""
    server, name = superuser_dsn(settings), "connect_of_a_bank"
    execute(server, f"drop database if exists {name}", f"create database {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        execute(server, f"drop database if exists {name} with (force)")


class _Tables:
    """What the worker wrote."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(postgres.connect(self._dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def row(self, table: str, subject: str) -> dict[str, Any]:
        with closing(postgres.connect(self._dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {table} where subject = %s", (subject,))
            (row,) = cursor.fetchall()
            assert cursor.description is not None
            return dict(zip((column[0] for column in cursor.description), row, strict=True))

    def names(self) -> set[str]:
        return {name for (name,) in self.rows("select tablename from pg_tables where schemaname = 'public'")}

    def kind(self, column: str) -> set[str]:
        """Return the types that a column has in all tables."""
        found = self.rows(f"select data_type from information_schema.columns where column_name = '{column}'")
        return {kind for (kind,) in found}


def test_a_bank_s_tables_are_filled(
    config: BusConfig, door: str, database: str, downloads: Path, tmp_path: Path
) -> None:
    fill(config)
    told, tables = [value for _, value in published(config)], _Tables(database)
    with connect_worker(bank_of(config, door), database, tmp_path, downloads) as worker:
        until(lambda: worker.problem() or tables.names() >= _TABLES, worker.said, patience_s=200)
        until(lambda: worker.problem() or tables.rows("select count(*) from told") == [(len(told),)], worker.said)
        until(lambda: worker.problem() or tables.rows("select 1 from tax_payment where op = 'WITHDRAW'"), worker.said)
        assert not worker.problem(), worker.said()
    assert tables.names() == _TABLES
    _check_records(tables)
    _check_indicators(tables)
    _check_scopes(tables, told)
    # Whoever counts what is missing counts this: 1…n for each enterprise, by every message that was committed.
    journal = "select subject, sequence, message_type, message_op from told order by subject, sequence"
    assert [row[:2] for row in tables.rows(journal)] == sorted((one["subject"], one["sequence"]) for one in told)
    assert tables.rows("select subject from told group by 1 having count(*) <> max(sequence)") == []
    assert tables.rows(journal)[1][2:] == ("credithub.bank.administration.Penalty", "REPORT")


def _check_records(tables: _Tables) -> None:
    """Types as they are told, what was withdrawn without its content; each table has all that it is told."""
    funded = tables.row("administration_support_fund", B)
    assert funded["data_total_investment"] == Decimal("98765432109876543210.1234")
    assert funded["data_approval_date"] == date(1969, 12, 31)
    assert funded["source_time"].replace(tzinfo=UTC) == datetime(2025, 6, 1, 8, tzinfo=UTC)
    assert (funded["op"], funded["item"], funded["reason"]) == ("REPORT", "administration.support_fund", None)
    for column in ("emitted_at", "source_time", "data_data_updated_at"):
        assert tables.kind(column) == {"timestamp without time zone"}, column
    assert tables.kind("data_decision_date") == {"date"}
    gone = tables.row("administration_penalty", A)
    assert (gone["op"], gone["reason"], gone["data_fine_amount"], gone["data_penalty_content"]) == (
        "WITHDRAW", "SOURCE", None, None,
    )  # fmt: skip
    # The consent's content went with it, and what is left says by when it is to be deleted.
    paid = tables.row("tax_payment", A)
    assert (paid["op"], paid["reason"], paid["data_tax_amount"]) == ("WITHDRAW", "CONSENT_REVOKED", None)
    assert paid["consents_json"] == '["C-1"]'
    assert paid["delete_by"] > datetime.now(UTC).date()


def _check_indicators(tables: _Tables) -> None:
    fined, clean = (tables.row("administration_penalty_indicators", subject) for subject in (A, B))
    assert (fined["fines_36m"], fined["penalties_12m"], fined["op"]) == (Decimal("12345.67"), None, "REPORT")
    assert (clean["fines_36m"], clean["penalties_12m"], clean["as_of"]) == (None, 0, date(2025, 6, 1))


def _check_scopes(tables: _Tables, told: list[dict[str, Any]]) -> None:
    last = [one for one in told if one["subject"] == A and "items" in one][-1]
    row = tables.row("scope", A)
    assert json.loads(row["items_json"]) == last["items"]
    assert row["sequence"] == last["sequence"]
