"""Which table takes which topic: its columns, its key, and when a row is newer than the one that is there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bus import topics
from catalogue import wire
from catalogue.envelope import ENVELOPE_NAMES

Row = Mapping[str, Any]
# The last message wins. Their own times come from several pushers' clocks and do not order them.
LAST = "true"


@dataclass(frozen=True, slots=True)
class TargetTable:
    """The table that takes one topic.

    ``newer`` is a condition on ``t`` (the row in the table) and ``excluded`` (the incoming one). Empty: the first row
    of a key stays. ``LAST``: the last one does; such a topic has one partition, which orders its messages.
    ``has_place``: partition and offset of the message are columns, and together the key.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    newer: str
    row: Callable[[dict[str, Any]], Row] = dict
    has_place: bool = False

    @property
    def upsert(self) -> str:
        """SQL that moves the temporary table ``incoming`` into this one."""
        names = ", ".join(self.columns)
        action = "nothing"
        if self.newer:
            sets = ", ".join(f"{c} = excluded.{c}" for c in self.columns if c not in self.key)
            action = f"update set {sets} where {self.newer}"
        return (
            f"insert into {self.name} as t ({names}) select {names} from incoming"
            f" on conflict ({', '.join(self.key)}) do {action}"
        )


def _columns(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(field["name"]) for field in schema["fields"])


def _change(value: dict[str, Any]) -> Row:
    """Keep what happened to which record, not its content: that is in the records."""
    kept = (
        "item", "record_key", "op", "live", "was_live", "event_id", "submission_id", "row", "source_time", "as_of",
        "revision",
    )  # fmt: skip
    # A change from before there was a data time has none.
    records = [{name: record[name] for name in kept if name in record} for record in value["records"]]
    return {**value, "summary": {"records": records, "indicators": value["indicators"]}}


def _rejected(value: dict[str, Any]) -> Row:
    # Part of the key, where PostgreSQL allows no null.
    return {
        **value,
        "source_topic": value["source_topic"] or "",
        "source_partition": -1 if value["source_partition"] is None else value["source_partition"],
        "source_offset": -1 if value["source_offset"] is None else value["source_offset"],
    }


def _released(value: dict[str, Any]) -> Row:
    """Return an entry of ``release.v1``, or the step that ends entries: who joins them has what was released when."""
    if "number" in value:
        return {**_NO_ENTRY, "step": value["number"], "moment": value["moment"], "digest": value["digest"]}
    # Without their hashes, which would be half of the row: what proves a message is the topic.
    messages = [
        {name: one[name] for name in ("recipient", "sequence", "handle", "consents")} for one in value["messages"]
    ]
    return {**value, "messages": messages, "moment": None, "digest": None}


_OF_MESSAGES = ("recipient", "sequence", "handle", "consents")
_NO_ENTRY = dict.fromkeys(("subject", "item", "op", "reason", "policy", "messages"))

_VERSION = (
    "(t.source_time, t.as_of, t.revision, t.content_hash)"
    " <= (excluded.source_time, excluded.as_of, excluded.revision, excluded.content_hash)"
)
_RECORD_COLUMNS = (*ENVELOPE_NAMES, "schema_id", "payload")
_RECORD_KEY = ("subject", "item", "record_key")

# By which event a subject has its name, and by which rule its hash was computed, is the merge's own matter.
_STATE_COLUMNS = tuple(name for name in _columns(wire.STATE) if name not in ("named_by", "digest_rule"))

TABLES: Mapping[str, TargetTable] = {
    topics.SUBMISSION: TargetTable("submission", _columns(wire.SUBMISSION), ("submission_id",), LAST),
    topics.REJECTED: TargetTable(
        "rejected",
        _columns(wire.REJECTED),
        ("submission_id", "row", "source_topic", "source_partition", "source_offset"),
        "t.replay_count <= excluded.replay_count",
        _rejected,
    ),
    topics.UNRESOLVED: TargetTable("unresolved", _columns(wire.UNRESOLVED), ("unit", "submission_id", "row"), LAST),
    topics.RECORD: TargetTable("credit_record", _RECORD_COLUMNS, _RECORD_KEY, _VERSION),
    topics.PERSON_RECORD: TargetTable("person_record", _RECORD_COLUMNS, _RECORD_KEY, _VERSION),
    topics.STATE: TargetTable("credit_state", _STATE_COLUMNS, ("subject",), "t.sequence <= excluded.sequence"),
    topics.INDICATOR: TargetTable(
        "credit_indicator", _columns(wire.INDICATOR_VALUES), ("subject", "item"), "t.sequence <= excluded.sequence"
    ),
    topics.RATING: TargetTable(
        "credit_rating", _columns(wire.RATING), ("subject", "model"), "t.sequence <= excluded.sequence"
    ),
    topics.LIST: TargetTable(
        "credit_list", _columns(wire.LIST), ("subject", "list"), "t.sequence <= excluded.sequence"
    ),
    topics.CHANGE: TargetTable(
        "credit_change",
        ("subject", "sequence", "subject_name", "as_of", "changed_at", "summary"),
        ("subject", "sequence"),
        "",
        _change,
    ),
    topics.RELEASE: TargetTable(
        "release_log",
        ("partition", "position", "step", *_NO_ENTRY, "moment", "digest"),
        ("partition", "position"),
        "",
        _released,
        has_place=True,
    ),
    topics.AUDIT: TargetTable(
        "audit",
        ("partition", "position", *(name for name in _columns(wire.AUDIT_ENTRY) if name not in ("alg", "previous"))),
        ("partition", "position"),
        "",
        has_place=True,
    ),
}


def copy_line(table: TargetTable, row: Row) -> str:
    """Return a row in the text format of PostgreSQL's COPY."""
    return "\t".join(_cell(row[name]) for name in table.columns) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return r"\N"
    kind = type(value)
    text: str
    if kind is str:
        text = value
    elif kind is bytes:
        return f"\\\\x{value.hex()}"
    elif kind is bool:
        return "t" if value else "f"
    elif kind is dict or kind is list:
        # Decimals become strings: exact, and (indicators->>'x')::numeric reads them.
        text = json.dumps(value, ensure_ascii=False, default=str)
        if r"\u0000" in text:
            # A NUL, or these six characters themselves.
            text = json.dumps(_without_nul(value), ensure_ascii=False, default=str)
    else:
        # Numbers, dates and times have nothing to escape.
        return str(value)
    # PostgreSQL's text holds no NUL.
    return text.replace("\x00", "").replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {_without_nul(name): _without_nul(element) for name, element in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(element) for element in value]
    return value
