"""Avro schemas of the catalogue: what departments report, and what a bank may read.

Every payload field is nullable with default null (what is required is the catalogue's business), codes and
operations are strings, decimals, dates and timestamps are logical types, an encrypted field is bytes.
A field's Chinese name is its ``doc``.
"""

from typing import Any

from catalogue.model import Catalogue, Field, FieldType, Item, Sensitivity

Schema = dict[str, Any]

BANK_NAMESPACE = "credithub.bank"
"""Where the names of all records lie that banks may read."""

TIMESTAMP: Schema = {"type": "long", "logicalType": "timestamp-micros"}
DATE: Schema = {"type": "int", "logicalType": "date"}
MONEY: Schema = {"type": "bytes", "logicalType": "decimal", "precision": 24, "scale": 4}
NUMBER: Schema = {"type": "bytes", "logicalType": "decimal", "precision": 24, "scale": 6}

_PLAIN: dict[FieldType, Any] = {
    FieldType.TEXT: "string",
    FieldType.CODE: "string",
    FieldType.USCC: "string",
    FieldType.ID_NUMBER: "string",
    FieldType.PHONE: "string",
    FieldType.EMAIL: "string",
    FieldType.MONEY: MONEY,
    FieldType.NUMBER: NUMBER,
    FieldType.INTEGER: "long",
    FieldType.YEAR: "int",
    FieldType.MONTH: "string",
    FieldType.DATE: DATE,
    FieldType.TIMESTAMP: TIMESTAMP,
    FieldType.BOOLEAN: "boolean",
}


def _field(name: str, kind: Any, doc: str) -> Schema:
    return {"name": name, "type": kind, "doc": doc}


def optional(name: str, kind: Any, doc: str) -> Schema:
    """Return a nullable field with default null."""
    return {"name": name, "type": ["null", kind], "default": None, "doc": doc}


ENVELOPE: tuple[Schema, ...] = (
    _field("event_id", "string", "derived from the submission and the row, so that a resumed push repeats it"),
    _field("item", "string", "信息名称: id of the item"),
    _field("op", "string", "REPORT, WITHDRAW or NIL"),
    _field("record_key", "string", "identity of the record inside its subject and item"),
    optional("period", "string", "数据所属期"),
    _field("source_time", TIMESTAMP, "time of the information at its source; orders the versions"),
    _field("revision", "int", "orders flags and rows within one submission"),
    _field("content_hash", "string", "keyed hash over the canonical plaintext"),
    _field("reported_at", TIMESTAMP, "报送时间"),
    _field("unit", "string", "责任单位: id of the unit"),
    _field("region", "string", "行政区划代码"),
    _field("channel", "string", "FILE, SQL, HTTP, FORM or DOWN"),
    _field("submission_id", "string", "报送批次"),
    _field("row", "long", "row of the file, as the clerk sees it"),
    _field("subject", "string", "统一社会信用代码, or person:<keyed hash>, or unit:<unit>:<region>"),
    optional("subject_name", "string", "主体名称"),
    {
        "name": "replaces_set",
        "type": "boolean",
        "default": False,
        "doc": "belongs to a push of the subject's whole set",
    },
    # At the end: so the bytes of an envelope from before it are the beginning of one of today.
    {
        "name": "as_of",
        "type": TIMESTAMP,
        "default": 0,
        "doc": "数据时点: the moment for which the reporter says so; orders the versions of one source time",
    },
    {
        "name": "unread_fields",
        "type": {"type": "array", "items": "string"},
        "default": [],
        "doc": "未能识别的字段: filled at the source, but nobody could read the value; null in the payload",
    },
)
# So many fields has the envelope of the first released schemas.
FIRST_ENVELOPE_FIELDS = 17

ENVELOPE_RECORD: Schema = {
    "type": "record",
    "name": "Envelope",
    "namespace": "credithub.prefix",
    "fields": list(ENVELOPE),
}

# What each type of the banks' topics has.
BANK_HEAD: tuple[Schema, ...] = (
    _field("subject", "string", "统一社会信用代码"),
    optional("subject_name", "string", "主体名称"),
    _field("sequence", "long", "1…n per subject in this topic, without a gap"),
)
EMITTED_AT = _field("emitted_at", TIMESTAMP, "发布时间")
POLICY = optional("policy", "int", "标签版本: version of the label policy by which this was made")

BANK_ENVELOPE: tuple[Schema, ...] = (
    *BANK_HEAD,
    _field("op", "string", "REPORT: the record is now this; WITHDRAW: the record no longer counts"),
    _field("item", "string", "信息名称: id of the item"),
    _field("record_key", "string", "handle of the record, of this recipient alone; the same as long as the record is"),
    _field("source_time", TIMESTAMP, "time of the information at its source"),
    _field("unit", "string", "责任单位: id of the unit"),
    EMITTED_AT,
    optional(
        "withheld_codes", "string", "未提供的字段 → 原因代码 (JSON): fields that are not told, and why; null: none"
    ),
    optional(
        "reason", "string", "WITHDRAW 或减少内容的原因代码: why nothing, or less, is seen from here on; else null"
    ),
    POLICY,
    optional("delete_by", DATE, "删除期限: the last day on which what was told by consent may still be there"),
)
# Behind the data: it alone says something else to each recipient, so the rest is encoded once for all of them.
BANK_CONSENTS: tuple[Schema, ...] = (
    {
        "name": "consents",
        "type": {"type": "array", "items": "string"},
        "default": [],
        "doc": "授权书编号: the consents by which the item is told; none: no consent is needed",
    },
    optional("consents_json", "string", "授权书编号 (JSON): the same as consents, for tables; null: none"),
)


def type_name(item: Item) -> str:
    """Return the Avro name of an item's record: ``market.annual_report_basic`` → ``AnnualReportBasic``."""
    return "".join(part.capitalize() for part in item.id.split(".", 1)[1].split("_"))


def topic(category: str) -> str:
    """Return the topic of a category, without any prefix."""
    return f"catalogue.{category}.v1"


def event_schema(item: Item) -> Schema:
    """Return the schema of an item's catalogue event: envelope, then ``data``."""
    namespace = f"credithub.catalogue.{item.category}"
    if item.about_persons:
        sealed = "AES-256-GCM ciphertext of the whole row: " + "、".join(f.zh for f in item.fields)
        columns = [optional("sealed", "bytes", sealed)]
    else:
        columns = [column for field in item.fields for column in _columns(field, namespace, item)]
    data = {"type": "record", "name": f"{type_name(item)}Data", "fields": columns}
    return {
        "type": "record",
        "name": type_name(item),
        "namespace": namespace,
        "doc": f"{item.seq} {item.zh}",
        "fields": [*ENVELOPE, optional("data", data, "共享内容")],
    }


def bank_schema(item: Item) -> Schema | None:
    """Return the schema of what a bank may ever see of an item; None when that is nothing."""
    visible = [f for f in item.fields if not f.encrypted and f.audience == "all"]
    if item.about_persons or not visible:
        return None
    namespace = f"{BANK_NAMESPACE}.{item.category}"
    columns = [column for field in visible for column in _bank_columns(field, namespace, item)]
    hidden = "；".join(f"{f.name} {_bank_doc(f)}" for f in item.fields if f not in visible)
    data = {
        "type": "record",
        "name": f"{type_name(item)}Data",
        **({"doc": f"不提供：{hidden}"} if hidden else {}),
        "fields": columns,
    }
    return {
        "type": "record",
        "name": type_name(item),
        "namespace": namespace,
        "doc": f"{item.seq} {item.zh}",
        "fields": [*BANK_ENVELOPE, optional("data", data, "共享内容; null when withdrawn"), *BANK_CONSENTS],
    }


def _bank_columns(field: Field, namespace: str, item: Item) -> list[Schema]:
    """Return a field's columns, with the ground on which it is told by consent alone, or not at all."""
    columns = [{**column, "doc": _bank_doc(field)} for column in _columns(field, namespace, item)]
    if field.type is FieldType.DETAILS:
        columns.append(optional(f"{field.name}_json", "string", f"{field.zh} (JSON): the same, for tables"))
    return columns


def _bank_doc(field: Field) -> str:
    if field.encrypted:
        why = "个人信息，未经本人单独同意不提供"
    elif field.audience != "all":
        why = "内部信息，不对外提供"
    elif field.public_when:
        why = "未公示的须经企业授权"
    elif field.sensitivity is not Sensitivity.PUBLIC:
        why = "须经企业授权"
    else:
        return field.zh
    return f"{field.zh}（{why}；依据：{field.ground or '未分类信息按须经授权处理'}）"


def _columns(field: Field, namespace: str, item: Item) -> list[Schema]:
    if field.encrypted:
        columns = [optional(field.name, "bytes", f"{field.zh} (AES-256-GCM)")]
        if field.linked:
            columns.append(optional(f"{field.name}_hash", "string", f"{field.zh} (keyed hash)"))
        return columns
    if field.type is FieldType.DETAILS:
        name = type_name(item) + "".join(part.capitalize() for part in field.name.split("_"))
        rows = {
            "type": "record",
            "name": name,
            "namespace": namespace,
            "fields": [column for sub in field.details for column in _columns(sub, namespace, item)],
        }
        return [optional(field.name, {"type": "array", "items": rows}, field.zh)]
    return [optional(field.name, _PLAIN[field.type], field.zh)]


def all_schemas(catalogue: Catalogue) -> dict[str, Schema]:
    """Return every schema generated from the catalogue by its path below ``schemas/avro``."""
    found: dict[str, Schema] = {}
    for item in catalogue.items:
        found[f"catalogue/{item.category}/{type_name(item)}.avsc"] = event_schema(item)
        released = bank_schema(item)
        if released is not None:
            found[f"bank/{item.category}/{type_name(item)}.avsc"] = released
    return found
