"""The protocol between nodes: what goes over the wire. FastAPI makes ``docs/upstream-openapi.yaml`` of it.

Another maker's sender has that document alone. Ours does not import this module either: ``sinks/upstream`` builds its
batches by itself, so that a mistake of one side shows on the other. ``tests/unit/federation/test_protocol.py`` holds
the two together.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_RECORDS = 5000

Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1024,
        description="幂等键: subject|item|record_key|change_sequence, with |policy behind it where a record is told "
        "once more because the labels changed. The same key is taken once, whatever batch brings it; with another "
        "content it is rejected.",
    ),
]
Status = Literal["ACCEPTED", "REJECTED"]


def _writable(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """Refuse what JSON can say and no text can hold (halves of characters), or nests too deeply to be written."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    return data


class UploadedRecord(BaseModel):
    """One record of one subject, as it is after one change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    subject: str = Field(max_length=64, description="统一社会信用代码 (GB 32100)")
    subject_name: str | None = Field(None, description="主体名称")
    item: str = Field(max_length=100, description="信息项: id of the catalogue's item")
    record_key: str = Field(max_length=900, description="identity of the record inside its subject and item")
    change_sequence: int = Field(
        ge=1,
        le=2**53 - 1,
        description="rises with every change of the subject; the highest is in force, of equal ones the highest policy",
    )
    op: Literal["REPORT", "WITHDRAW"] = Field(description="REPORT 报送; WITHDRAW 撤回, without data")
    reason: Literal["SOURCE", "REPAIRED", "PUBLICATION_ENDED", "LABEL_CHANGED"] | None = Field(
        None,
        description="撤回原因: SOURCE 来源撤销; REPAIRED 信用修复; PUBLICATION_ENDED 公示期满; "
        "LABEL_CHANGED 公开范围变更. Null of a REPORT",
    )
    period: str | None = Field(None, description="数据所属期: YYYY, YYYY-MM, YYYY-Qn or YYYY-MM-DD")
    unit: str = Field(max_length=100, description="责任单位")
    region: str = Field(max_length=12, description="行政区划代码 (GB/T 2260)")
    source_time: datetime = Field(description="信息产生时间, with its zone")
    data: Annotated[dict[str, Any] | None, AfterValidator(_writable)] = Field(
        None,
        description="共享内容: the fields of the item that may be released, by name; amounts and numbers as text, "
        "dates and times by ISO 8601. A field without a value is left out.",
    )
    policy: int = Field(
        1, ge=1, le=2**31 - 1, description="标签版本: by which version of its labels the sender releases the record"
    )


class UploadBatch(BaseModel):
    """Records in the order of their changes. Each is judged for itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = Field(max_length=50, description="by which profile the sender sends")
    sender: str = Field(max_length=50, description="报送节点: its administrative division (GB/T 2260)")
    records: list[UploadedRecord] = Field(min_length=1, max_length=MAX_RECORDS)


class UploadReceipt(BaseModel):
    """回执: what became of one record."""

    key: Key
    batch_id: str = Field(description="the batch in which the record first came")
    status: Status
    reason: str | None = Field(None, description="退回原因, in Chinese; null when accepted")
    received_at: datetime = Field(description="when the record first came")


class BatchAnswer(BaseModel):
    """A receipt per record of the batch, in its order."""

    batch_id: str
    repeated: bool = Field(description="whether a batch of this name had come before")
    receipts: list[UploadReceipt]


class BatchView(BaseModel):
    """A batch as it is kept; the receipts are those of records that first came in it."""

    batch_id: str
    profile: str
    sender: str
    received_at: datetime
    records: int
    receipts: list[UploadReceipt]


class RecordInForce(BaseModel):
    """The version of a record that is in force here."""

    item: str
    record_key: str
    change_sequence: int
    live: bool = Field(description="false: withdrawn")
    period: str | None
    unit: str
    region: str
    source_time: datetime
    data: dict[str, Any] | None


class ItemSummary(BaseModel):
    """One item: changes received, and records in force."""

    item: str
    accepted: int
    rejected: int
    live: int
    withdrawn: int


class NodeSummary(BaseModel):
    """What the node holds."""

    batches: int
    accepted: int
    rejected: int
    items: list[ItemSummary]


class NodeHealth(BaseModel):
    """The node works and its store can be read."""

    status: Literal["ok"]


class Refusal(BaseModel):
    """Why the whole request is not taken."""

    reason: str
