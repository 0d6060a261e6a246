"""What the sender builds by itself is what the protocol asks for."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime

from federation.protocol import UploadBatch
from sinks.upstream.records import UpstreamRecord, body, idempotency_key

RECORD = UpstreamRecord(
    key=idempotency_key("91630100MA7540001X", "administration.penalty", "p-1", 3),
    subject="91630100MA7540001X",
    subject_name="青海虚构样例有限公司",
    item="administration.penalty",
    record_key="p-1",
    change_sequence=3,
    op="REPORT",
    reason=None,
    period=None,
    unit="market_supervision",
    region="630102",
    source_time=datetime(2025, 6, 1, 8, tzinfo=UTC),
    data={"authority_name": "虚构机关"},
    policy=2,
)


def test_the_senders_body_is_a_batch_of_the_protocol() -> None:
    batch = UploadBatch.model_validate_json(gzip.decompress(body("provincial", "630100", [RECORD])))
    (record,) = batch.records
    assert record.model_dump() == {name: getattr(RECORD, name) for name in UpstreamRecord.__slots__}


def test_a_withdrawal_tells_its_reason() -> None:
    gone = replace(RECORD, op="WITHDRAW", reason="REPAIRED", data=None)
    batch = UploadBatch.model_validate_json(gzip.decompress(body("provincial", "630100", [gone])))
    assert [(one.op, one.reason) for one in batch.records] == [("WITHDRAW", "REPAIRED")]


def test_the_key_names_subject_item_record_and_change() -> None:
    assert RECORD.key == "91630100MA7540001X|administration.penalty|p-1|3"
    again = idempotency_key("91630100MA7540001X", "administration.penalty", "p-1", 3, relabelled_by=2)
    assert again == f"{RECORD.key}|2"
