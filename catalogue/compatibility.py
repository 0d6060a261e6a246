"""May a schema follow the released ones? Answered offline, and more strictly than a registry answers.

A registry lets decimal scale 2 become 4, millis become micros and bytes become string, each of which corrupts
money, moves a moment or turns ciphertext into text. Here the logical type, precision and scale are part of the type.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from catalogue.avro import Schema

# Avro's widening of numbers: every value of the key can be read as one of these.
_WIDER: Mapping[str, tuple[str, ...]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
}
_NAMED = ("record", "enum", "fixed")
_LOGICAL = ("logicalType", "precision", "scale")
# Depth of nesting at which a schema is taken for one that contains itself; ours nest four deep.
_MAX_DEPTH = 32


class Level(StrEnum):
    """What may follow what, by the registry's names."""

    FULL_TRANSITIVE = "FULL_TRANSITIVE"  # every version reads every other
    BACKWARD = "BACKWARD"  # the new version reads what the last one wrote


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """Why a schema may not follow a released one."""

    schema: str  # path below schemas/avro, or the registry's subject
    version: int  # the released version it breaks with
    field: str  # dotted path of the field; "" for the record itself
    message: str

    def __str__(self) -> str:
        field = f" {self.field}:" if self.field else ""
        return f"{self.schema}:{field} {self.message} (version {self.version})"


def level(path: str) -> Level:
    """Return the level that the schema at ``path`` below ``schemas/avro`` is held to."""
    return Level.BACKWARD if path.startswith("internal/") else Level.FULL_TRANSITIVE


def incompatibilities(path: str, new: Schema, released: Sequence[Schema]) -> list[Incompatibility]:
    """Return why ``new`` may not follow ``released`` (oldest first); an empty list when it may."""
    found: list[Incompatibility] = []
    for version, old in enumerate(released, start=1):
        if level(path) is Level.BACKWARD:
            if version == len(released):
                found += _as_problems(path, version, _unreadable(new, old, "released", "the new schema"))
            continue
        backward = list(_unreadable(new, old, "released", "the new schema"))
        known = {field for field, _ in backward}
        forward = [p for p in _unreadable(old, new, "new", "the released schema") if p[0] not in known]
        found += _as_problems(path, version, [*backward, *forward])
        if path.startswith("catalogue/"):
            found += _as_problems(path, version, _envelope(new, old))
    return found


def _as_problems(
    path: str, version: int, found: Iterator[tuple[str, str]] | list[tuple[str, str]]
) -> list[Incompatibility]:
    return [Incompatibility(path, version, field, message) for field, message in found]


def _envelope(new: Schema, old: Schema) -> Iterator[tuple[str, str]]:
    # Readers decode the envelope alone, stop before `data` and pass its bytes on: it may grow at its end, and Avro's
    # own freedom to reorder fields does not hold there.
    if not any(f["name"] == "data" for f in old["fields"]):
        return
    before, after = ([(f["name"], f["type"]) for f in s["fields"]][:-1] for s in (old, new))
    if after[: len(before)] != before or new["fields"][-1]["name"] != "data":
        changed = {name for name, _ in before} ^ {name for name, _ in after}
        yield ", ".join(sorted(changed)), "the envelope before `data` may only grow at its end"


def _unreadable(reader: Schema, writer: Schema, written: str, by: str) -> Iterator[tuple[str, str]]:
    """Yield (field, reason) for all that ``reader`` cannot read of what ``writer`` wrote."""
    return _Reading(_definitions(reader), _definitions(writer), written, by).compare(reader, writer, "")


@dataclass(frozen=True, slots=True)
class _Reading:
    readers: Mapping[str, Schema]
    writers: Mapping[str, Schema]
    written: str
    by: str

    def compare(self, reader: Any, writer: Any, at: str, depth: int = 0) -> Iterator[tuple[str, str]]:
        if depth > _MAX_DEPTH:
            yield at, "nests too deep to be checked"
            return
        reader, writer = _resolved(reader, self.readers), _resolved(writer, self.writers)
        if isinstance(reader, list) or isinstance(writer, list):
            yield from self._unions(_branches(reader), _branches(writer), at, depth)
            return
        if _kind(reader) != _kind(writer) or _logical(reader) != _logical(writer):
            widened = not _logical(reader) and not _logical(writer)
            if not (widened and _kind(reader) in _WIDER.get(_kind(writer), ())):
                yield at, f"{_spelled(writer)} {self.written} cannot be read as {_spelled(reader)} by {self.by}"
            return
        if _kind(reader) in _NAMED and _short(reader) != _short(writer):
            yield at, f"{_short(writer)} {self.written} is not {_short(reader)}"
            return
        yield from self._inner(reader, writer, at, depth)

    def _inner(self, reader: Any, writer: Any, at: str, depth: int) -> Iterator[tuple[str, str]]:
        match _kind(reader):
            case "record":
                yield from self._records(reader, writer, at, depth)
            case "array":
                yield from self.compare(reader["items"], writer["items"], f"{at}[]", depth + 1)
            case "map":
                yield from self.compare(reader["values"], writer["values"], f"{at}{{}}", depth + 1)
            case "enum":
                lost = [s for s in writer["symbols"] if s not in reader["symbols"]]
                if lost and "default" not in reader:
                    yield at, f"the symbols {', '.join(lost)} {self.written} are unknown to {self.by}"
            case "fixed":
                if reader["size"] != writer["size"]:
                    yield at, f"fixed({writer['size']}) {self.written} is not fixed({reader['size']})"

    def _records(self, reader: Schema, writer: Schema, at: str, depth: int) -> Iterator[tuple[str, str]]:
        theirs = {f["name"]: f for f in writer["fields"]}
        for field in reader["fields"]:
            where = f"{at}.{field['name']}" if at else str(field["name"])
            if field["name"] in theirs:
                yield from self.compare(field["type"], theirs[field["name"]]["type"], where, depth + 1)
            elif "default" not in field:
                yield where, f"is missing in what is {self.written}, and {self.by} has no default for it"

    def _unions(self, reader: list[Any], writer: list[Any], at: str, depth: int) -> Iterator[tuple[str, str]]:
        for branch in writer:
            attempts = [list(self.compare(mine, branch, at, depth + 1)) for mine in reader]
            if any(not attempt for attempt in attempts):
                continue
            # The attempt that came deepest names the field that differs.
            named = [a for a in attempts if any(field != at for field, _ in a)]
            if named:
                yield from named[0]
                continue
            others = " or ".join(_spelled(_resolved(r, self.readers)) for r in reader if r != "null") or "null"
            yield (
                at,
                f"{_spelled(_resolved(branch, self.writers))} {self.written} cannot be read as {others} by {self.by}",
            )


def _definitions(schema: Any) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    if isinstance(schema, list):
        for branch in schema:
            found |= _definitions(branch)
    elif isinstance(schema, dict):
        if schema.get("type") in _NAMED:
            found[_short(schema)] = schema
        inner = [f["type"] for f in schema.get("fields", ())]
        inner += [schema[key] for key in ("items", "values", "type") if isinstance(schema.get(key), dict | list | str)]
        for part in inner:
            if not isinstance(part, str):
                found |= _definitions(part)
    return found


def _resolved(schema: Any, definitions: Mapping[str, Schema]) -> Any:
    if isinstance(schema, str):
        return definitions.get(schema.rsplit(".", 1)[-1], schema)
    if isinstance(schema, dict) and isinstance(schema["type"], dict | list):
        return _resolved(schema["type"], definitions)
    return schema


def _branches(schema: Any) -> list[Any]:
    return schema if isinstance(schema, list) else [schema]


def _kind(schema: Any) -> str:
    return str(schema["type"]) if isinstance(schema, dict) else str(schema)


def _short(schema: Schema) -> str:
    return str(schema["name"]).rsplit(".", 1)[-1]


def _logical(schema: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((k, schema[k]) for k in _LOGICAL if k in schema) if isinstance(schema, dict) else ()


def _spelled(schema: Any) -> str:
    logical = dict(_logical(schema))
    if not logical:
        return _short(schema) if isinstance(schema, dict) and "name" in schema else _kind(schema)
    numbers = [str(logical[k]) for k in ("precision", "scale") if k in logical]
    return f"{logical.get('logicalType')}({','.join(numbers)})" if numbers else str(logical.get("logicalType"))
