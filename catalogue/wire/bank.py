"""What the banks' topics carry beside the records that ``catalogue.avro`` describes."""

from catalogue.avro import BANK_NAMESPACE, DATE, TIMESTAMP, Schema, optional
from catalogue.wire.parts import INDICATOR, field

BANK_LIST_ENTRY: Schema = {
    "type": "record",
    "name": "ListEntry",
    "namespace": BANK_NAMESPACE,
    "doc": "名单变动: an enterprise that entered or left a list that rests on public data alone",
    "fields": [
        field("subject", "string", "统一社会信用代码"),
        optional("subject_name", "string", "主体名称"),
        field("sequence", "long", "1…n per subject in this topic, without a gap"),
        field("list", "string", "名单标识"),
        field("list_name", "string", "名单名称"),
        field("kind", "string", "merit (正面) or warning (预警)"),
        field("status", "string", "MEMBER (在名单上) or OUT (不在名单上)"),
        optional("reason", "string", "LABEL_CHANGED: OUT because it may not be told any more; null: it was decided so"),
        optional("since", DATE, "自哪一天起; null with a reason, as are all that follow but the last two"),
        optional("as_of", DATE, "判定日期: the business date at whose end it was decided"),
        optional("definition_hash", "string", "SHA-256 of the list's definition by which it was decided"),
        field("emitted_at", TIMESTAMP, "发布时间"),
        optional("policy", "int", "标签版本: version of the label policy by which this was made"),
    ],
}

BANK_INDICATORS: Schema = {
    "type": "record",
    "name": "Indicators",
    "namespace": BANK_NAMESPACE,
    "doc": "rolling indicators of a subject that rest on public data alone",
    "fields": [
        field("subject", "string", "统一社会信用代码"),
        optional("subject_name", "string", "主体名称"),
        field("sequence", "long", "1…n per subject in this topic, without a gap"),
        field("as_of", DATE, "指标计算日期"),
        field("emitted_at", TIMESTAMP, "发布时间"),
        field("indicators", {"type": "map", "values": ["null", INDICATOR]}, "指标"),
        optional("policy", "int", "标签版本: version of the label policy by which this was made"),
    ],
}

BANK_SCOPE: Schema = {
    "type": "record",
    "name": "Scope",
    "namespace": BANK_NAMESPACE,
    "doc": "what the recipient is told of an enterprise from here on, whether or not there are records",
    "fields": [
        field("subject", "string", "统一社会信用代码"),
        optional("subject_name", "string", "主体名称"),
        field("sequence", "long", "1…n per subject in this topic, without a gap"),
        field("emitted_at", TIMESTAMP, "发布时间"),
        field(
            "items",
            {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "ItemScope",
                    "namespace": BANK_NAMESPACE,
                    "fields": [
                        field("item", "string", "信息名称: id of the item"),
                        field("status", "string", "AVAILABLE, STORED, PARTIAL or NONE"),
                        optional("code", "string", "不提供或不全部提供的原因代码; null: all is told"),
                        field("consents", {"type": "array", "items": "string"}, "授权书编号"),
                    ],
                },
            },
            "各信息项的提供范围",
        ),
        optional("policy", "int", "标签版本: version of the label policy by which this was made"),
    ],
}
