"""What the banks' topics carry beside the records that ``catalogue.avro`` describes."""

from collections.abc import Iterable

from catalogue.avro import BANK_HEAD, BANK_NAMESPACE, DATE, EMITTED_AT, POLICY, Schema, optional
from catalogue.wire.parts import INDICATOR, field

BANK_LIST_ENTRY: Schema = {
    "type": "record",
    "name": "ListEntry",
    "namespace": BANK_NAMESPACE,
    "doc": "名单变动: an enterprise that entered or left a list that rests on public data alone",
    "fields": [
        *BANK_HEAD,
        field("list", "string", "名单标识"),
        field("list_name", "string", "名单名称"),
        field("kind", "string", "merit (正面) or warning (预警)"),
        field("status", "string", "MEMBER (在名单上) or OUT (不在名单上)"),
        optional("reason", "string", "LABEL_CHANGED: OUT because it may not be told any more; null: it was decided so"),
        optional("since", DATE, "自哪一天起; null with a reason, as are all that follow but the last two"),
        optional("as_of", DATE, "判定日期: the business date at whose end it was decided"),
        optional("definition_hash", "string", "SHA-256 of the list's definition by which it was decided"),
        EMITTED_AT,
        POLICY,
    ],
}

BANK_SCOPE: Schema = {
    "type": "record",
    "name": "Scope",
    "namespace": BANK_NAMESPACE,
    "doc": "what the recipient is told of an enterprise from here on, whether or not there are records",
    "fields": [
        *BANK_HEAD,
        EMITTED_AT,
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
        optional("items_json", "string", "各信息项的提供范围 (JSON): the same, for tables"),
        POLICY,
    ],
}


def bank_indicators(group: str, columns: Iterable[tuple[str, str]]) -> Schema:
    """Return the schema of a row: an enterprise's indicators of one group, ``administration.penalty`` or ``cross``.

    ``columns``: their ids and what they are called. Flat, for tables have columns, and no maps.
    """
    category, _, name = group.rpartition(".")
    return {
        "type": "record",
        "name": "".join(part.capitalize() for part in (*name.split("_"), "indicators")),
        "namespace": f"{BANK_NAMESPACE}.{category}" if category else BANK_NAMESPACE,
        "doc": "indicators of an enterprise that rest on public data alone: all that are seen of the group",
        "fields": [
            *BANK_HEAD,
            field("op", "string", "REPORT: the row is now this; WITHDRAW: nothing of it is seen any more"),
            field("item", "string", "指标分组: id of the item that they look at; cross: of several"),
            field("as_of", DATE, "指标计算日期"),
            EMITTED_AT,
            optional("reason", "string", "为什么比此前少: why less is seen from here on; else null"),
            POLICY,
            *(optional(name, INDICATOR, doc) for name, doc in columns),
        ],
    }
