"""The node's own store: SQLite in WAL mode, one transaction per batch, durable before the answer."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from federation.protocol import (
    BatchView,
    ItemSummary,
    NodeSummary,
    RecordInForce,
    UploadBatch,
    UploadedRecord,
    UploadReceipt,
)

_SCHEMA = """
create table if not exists batch (
    id text primary key, profile text not null, sender text not null,
    received_at text not null, records integer not null
) without rowid;
create table if not exists receipt (
    key text primary key, batch_id text not null, item text not null, op text not null, digest blob not null,
    status text not null, reason text, received_at text not null
) without rowid;
create index if not exists receipt_batch on receipt (batch_id);
create table if not exists record (
    subject text not null, item text not null, record_key text not null, change_sequence integer not null,
    live integer not null, period text, unit text not null, region text not null, source_time text not null,
    data text, policy integer not null default 1, primary key (subject, item, record_key)
) without rowid;
"""
_KNOWN = """
select key, digest, batch_id, status, reason, received_at from receipt
where key in (select value from json_each(?))
"""
_UPSERT = """
insert into record values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (subject, item, record_key) do update set
    change_sequence = excluded.change_sequence, live = excluded.live, period = excluded.period,
    unit = excluded.unit, region = excluded.region, source_time = excluded.source_time, data = excluded.data,
    policy = excluded.policy
where (excluded.change_sequence, excluded.policy) > (record.change_sequence, record.policy)
"""
_ITEMS = """
select item, sum(accepted), sum(rejected), sum(live), sum(withdrawn) from (
    select item, status = 'ACCEPTED' as accepted, status = 'REJECTED' as rejected, 0 as live, 0 as withdrawn
    from receipt
    union all select item, 0, 0, live, not live from record
) group by item order by item
"""
OTHER_CONTENT = "这个幂等键已用于另一内容"


class NodeStore:
    """Batches, receipts and the records in force. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # FULL: what was answered with ACCEPTED survives a power cut, not only a killed process.
        for pragma in ("journal_mode = wal", "synchronous = full", "busy_timeout = 5000"):
            self._connection.execute(f"pragma {pragma}")
        self._connection.executescript(_SCHEMA)
        # A store of before labels had versions.
        columns = {row[1] for row in self._connection.execute("pragma table_info(record)")}
        if "policy" not in columns:
            self._connection.execute("alter table record add column policy integer not null default 1")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def ping(self) -> None:
        """Read something, which fails when the file is gone or damaged."""
        with self._lock:
            self._connection.execute("select 1 from batch limit 1").fetchone()

    def take(
        self, batch_id: str, batch: UploadBatch, judge: Callable[[UploadedRecord], list[str]]
    ) -> tuple[bool, list[UploadReceipt]]:
        """Keep a batch and return whether its name had come before, and a receipt per record.

        A key that is known gets the receipt it got first, unless its content differs: then it is rejected.
        """
        now = datetime.now(UTC)
        digests = [_digest(record) for record in batch.records]
        reasons = [judge(record) for record in batch.records]
        with self._lock, _transaction(self._connection) as cursor:
            inserted = cursor.execute(
                "insert into batch values (?, ?, ?, ?, ?) on conflict do nothing",
                (batch_id, batch.profile, batch.sender, now.isoformat(), len(batch.records)),
            ).rowcount
            keys = json.dumps([record.key for record in batch.records])
            receipts_by_key = {row[0]: (row[1], _receipt(row[0], *row[2:])) for row in cursor.execute(_KNOWN, (keys,))}
            answer, fresh = [], []
            for record, digest, why in zip(batch.records, digests, reasons, strict=True):
                first = receipts_by_key.get(record.key)
                if first is None:
                    receipt = _judged(record.key, batch_id, why, now)
                    receipts_by_key[record.key] = (digest, receipt)
                    fresh.append((record, digest, receipt))
                elif first[0] == digest:
                    receipt = first[1]
                else:
                    receipt = _judged(record.key, batch_id, [OTHER_CONTENT], now)
                answer.append(receipt)
            _keep(cursor, fresh, now)
        return not inserted, answer

    def batch(self, batch_id: str) -> BatchView | None:
        """Return a batch with the receipts of the records that first came in it; None when there is none."""
        with self._lock, closing(self._connection.cursor()) as cursor:
            row = cursor.execute("select profile, sender, received_at, records from batch where id = ?", (batch_id,))
            head = row.fetchone()
            if head is None:
                return None
            rows = cursor.execute(
                "select key, batch_id, status, reason, received_at from receipt where batch_id = ?", (batch_id,)
            ).fetchall()
        profile, sender, received_at, records = head
        return BatchView(
            batch_id=batch_id,
            profile=profile,
            sender=sender,
            received_at=datetime.fromisoformat(received_at),
            records=records,
            receipts=[_receipt(*row) for row in rows],
        )

    def records(self, subject: str) -> list[RecordInForce]:
        """Return what is in force of one subject, withdrawn records too."""
        with self._lock, closing(self._connection.cursor()) as cursor:
            rows = cursor.execute(
                "select item, record_key, change_sequence, live, period, unit, region, source_time, data"
                " from record where subject = ? order by item, record_key",
                (subject,),
            ).fetchall()
        names = tuple(RecordInForce.model_fields)
        return [
            RecordInForce(**{**dict(zip(names, row, strict=True)), "data": json.loads(row[-1]) if row[-1] else None})
            for row in rows
        ]

    def summary(self) -> NodeSummary:
        """Count what is held."""
        with self._lock, closing(self._connection.cursor()) as cursor:
            (batches,) = cursor.execute("select count(*) from batch").fetchone()
            rows = cursor.execute(_ITEMS).fetchall()
        names = tuple(ItemSummary.model_fields)
        items = [ItemSummary(**dict(zip(names, row, strict=True))) for row in rows]
        accepted, rejected = sum(i.accepted for i in items), sum(i.rejected for i in items)
        return NodeSummary(batches=batches, accepted=accepted, rejected=rejected, items=items)


class _transaction:
    """A cursor inside one immediate transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Cursor:
        self._cursor = self._connection.cursor()
        self._cursor.execute("begin immediate")
        return self._cursor

    def __exit__(self, kind: Any, *_: Any) -> None:
        self._cursor.execute("commit" if kind is None else "rollback")
        self._cursor.close()


def _keep(cursor: sqlite3.Cursor, fresh: Sequence[tuple[UploadedRecord, bytes, UploadReceipt]], now: datetime) -> None:
    moment = now.isoformat()
    cursor.executemany(
        "insert into receipt values (?, ?, ?, ?, ?, ?, ?, ?)",
        [(r.key, to.batch_id, r.item, r.op, digest, to.status, to.reason, moment) for r, digest, to in fresh],
    )
    cursor.executemany(_UPSERT, [_row(record) for record, _, to in fresh if to.status == "ACCEPTED"])


def _row(record: UploadedRecord) -> tuple[Any, ...]:
    data = None if record.data is None else json.dumps(record.data, ensure_ascii=False, separators=(",", ":"))
    return (
        *(record.subject, record.item, record.record_key, record.change_sequence, record.op == "REPORT"),
        *(record.period, record.unit, record.region, record.source_time.isoformat(), data, record.policy),
    )


def _judged(key: str, batch_id: str, reasons: list[str], now: datetime) -> UploadReceipt:
    status, reason = ("REJECTED", "；".join(reasons)) if reasons else ("ACCEPTED", None)
    return UploadReceipt.model_construct(key=key, batch_id=batch_id, status=status, reason=reason, received_at=now)


def _receipt(key: str, batch_id: str, status: Any, reason: str | None, received_at: str) -> UploadReceipt:
    moment = datetime.fromisoformat(received_at)
    return UploadReceipt.model_construct(key=key, batch_id=batch_id, status=status, reason=reason, received_at=moment)


def _digest(record: UploadedRecord) -> bytes:
    text = json.dumps([record.op, record.data], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
