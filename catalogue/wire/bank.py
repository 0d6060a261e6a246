"""What the banks' topics carry beside the records that ``catalogue.avro`` describes."""

from catalogue.avro import BANK_NAMESPACE, DATE, TIMESTAMP, Schema, optional
from catalogue.wire.parts import INDICATOR, field, internal_record

BANK_SEQUENCE = internal_record(
    "BankSequence",
    "the last sequence that a bank was given of a subject",
    field("bank", "string"),
    field("subject", "string"),
    field("sequence", "long"),
)

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
