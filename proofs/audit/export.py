"""The chains as a file of JSON lines, which whoever has it verifies without the hub; and its reading.

A line is a header, a public key, a schema, or a message: its bytes (Base64), by which it is verified, and beside them
what they say, for people. The last line says how many there are.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from confluent_kafka import Message

from bus.avro.decoding import Decoder
from bus.avro.foreign_schemas import parsed_record
from bus.avro.registry import Registry
from bus.avro.wire_format import schema_id_of
from bus.crypto.signing import Jwk
from catalogue import wire
from catalogue.avro import Schema
from catalogue.errors import PoisonMessage, UsageError
from catalogue.schema_versions import internal_path, released

_FORMAT = 1
_HEADER, _KEY, _SCHEMA, _MESSAGE, _END = "header", "key", "schema", "message", "end"
_CARRIED = (wire.ANCHOR, wire.AUDIT_ENTRY, wire.RELEASE_ENTRY, wire.RELEASE_STEP)
_REMEDY = "Name a file that `credithub audit export` wrote, whole."


class ExportedMessage(NamedTuple):
    """A message of an exported file; ``said``: what the file says beside its bytes that they say."""

    topic: str
    partition: int
    offset: int
    raw: bytes
    said: Any


class ExportedSchemas(Registry):
    """The schemas of a file. Another one could let the same bytes say something else, so none is read."""

    def __init__(self) -> None:
        self._schemas: dict[int, Schema] = {}
        # By the parser's own form, in which equal schemas are equal.
        self._known = [
            parsed_record(0, json.dumps(one))
            for schema in _CARRIED
            for one in (*released(internal_path(schema)), schema)
        ]

    def take(self, schema_id: int, schema: Schema) -> None:
        """Take a schema of the file; raises PoisonMessage for one that is none of the hub's."""
        parsed = parsed_record(schema_id, json.dumps(_plain(schema)))
        if parsed not in self._known:
            raise PoisonMessage(f"The schema {schema_id} of the file is none of the hub's.")
        self._schemas[schema_id] = parsed

    def schema(self, schema_id: int) -> Schema:
        """Return a schema of the file; raises PoisonMessage for an id that it does not have."""
        if schema_id not in self._schemas:
            raise PoisonMessage(f"The file has no schema {schema_id}.")
        return self._schemas[schema_id]


class ExportWriter:
    """Writes a file; ``messages`` so far."""

    def __init__(self, out: TextIO, registry: Registry) -> None:
        self._out, self._registry, self._decode = out, registry, Decoder(registry)
        self._schemas: set[int] = set()
        self._lines = self.messages = 0

    def begin(self, keys: Iterable[Jwk], exported_at: str) -> None:
        """Write what comes first."""
        self._line({"kind": _HEADER, "format": _FORMAT, "exported_at": exported_at})
        for key in keys:
            self._line({"kind": _KEY, "jwk": dict(key)})

    def message(self, topic: str, message: Message) -> None:
        """Write a message of a topic, which is named without prefix."""
        raw = message.value() or b""
        said: Any = None
        try:
            schema_id = schema_id_of(raw)
            schema = self._registry.schema(schema_id)
            said = readable(self._decode(raw))
        except PoisonMessage:
            # Whoever verifies names it.
            pass
        else:
            if schema_id not in self._schemas:
                self._schemas.add(schema_id)
                self._line({"kind": _SCHEMA, "id": schema_id, "schema": _plain(schema)})
        self._line(
            {
                "kind": _MESSAGE, "topic": topic, "partition": message.partition(), "offset": message.offset(),
                "raw": base64.b64encode(raw).decode(), "value": said,
            }
        )  # fmt: skip

        self.messages += 1

    def end(self) -> None:
        """Write the last line."""
        self._line({"kind": _END, "lines": self._lines})

    def _line(self, value: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._lines += 1


class ExportProblem(NamedTuple):
    """A line that is none of an export, or lines that are missing at its end or too many."""

    place: str
    text: str
    is_short: bool = False


class ExportReader:
    """Reads a file. Raises UsageError for one that cannot be read, or does not begin as an export."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.schemas, self.keys = ExportedSchemas(), list[Jwk]()

    def messages(self) -> Iterator[ExportedMessage | ExportProblem]:
        """Yield the messages, and what is wrong with lines; ``schemas`` and ``keys`` are those that came before."""
        count, said = 0, -1
        try:
            with self._file.open(encoding="utf-8") as lines:
                for text in lines:
                    count += 1
                    try:
                        value = json.loads(text)
                        if count == 1 and value["kind"] != _HEADER:
                            raise ValueError("it begins without a header")
                        if value["kind"] == _END:
                            said, count = value["lines"], count - 1
                        elif (found := self._taken(value)) is not None:
                            yield found
                    except (ValueError, KeyError, TypeError, AttributeError, PoisonMessage) as problem:
                        if count == 1:
                            raise UsageError(f"{self._file} is no export of the chains.", remedy=_REMEDY) from problem
                        yield ExportProblem(f"line {count}", f"no line of an export of this hub: {problem}")
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else "it is no text"
            raise UsageError(f"{self._file} cannot be read: {why}.", remedy=_REMEDY) from exc
        if not count:
            raise UsageError(f"{self._file} is no export of the chains.", remedy=_REMEDY)
        if said != count:
            text = "its last line is missing" if said < 0 else f"it says that it has {said} lines, and has {count}"
            yield ExportProblem(f"line {count}", text, is_short=said < 0 or count < said)

    def _taken(self, value: Mapping[str, Any]) -> ExportedMessage | None:
        match value["kind"]:
            case "header" if value["format"] == _FORMAT:
                return None
            case "key":
                self.keys.append(value["jwk"])
                return None
            case "schema":
                self.schemas.take(value["id"], value["schema"])
                return None
            case "message":
                raw = base64.b64decode(value["raw"], validate=True)
                where = str(value["topic"]), int(value["partition"]), int(value["offset"])
                return ExportedMessage(*where, raw, value["value"])
        raise ValueError("it is of no kind that there is")


def _plain(schema: Schema) -> Schema:
    # What the parser notes in it is no part of it, and would have it take another one for parsed.
    return {name: value for name, value in schema.items() if not name.startswith("__")}


def readable(value: Any) -> Any:
    """Return a value as JSON has it: bytes in hex, times in ISO 8601."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {name: readable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [readable(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
