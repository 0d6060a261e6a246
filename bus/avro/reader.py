"""Avro readers, each compiled for one schema into straight lines of Python (Avro 1.12, Binary Encoding).

A general reader looks at the schema again for every field of every message; a compiled one did so once, when it was
made (docs/decisions/0006). A test compares every reader with fastavro's. ``compile_reader`` raises ``UncoveredType``
for a schema with types that the hub does not write; those are read by fastavro.
"""

import itertools
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from bus.avro.writer import read_long
from catalogue.errors import HubError
from catalogue.times import EPOCH, from_micros

# Raises EOFError, IndexError, ValueError, UnicodeDecodeError or OverflowError for bytes that do not fit.
AvroReader = Callable[[bytes, int], tuple[Any, int]]
Make = Callable[[tuple[Any, ...]], Any]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EXACT = Context(prec=200)
# Of arrays in what is made: made values never change.
_NO_ELEMENTS = "()"
# Recent moments by their bytes. Source times repeat, and moments are the slowest of all values to read. Bounded, and a
# pure function of its keys, so that all readers of a process may use it.
_MOMENTS: dict[bytes, datetime] = {}
# Recent spans of 2^20 microseconds (about a second) by their higher bytes: reporting times differ in the lower ones.
_SECONDS: dict[bytes, datetime] = {}
_MOST_MOMENTS = 4096
_MOMENT_SIZE, _LOW_SIZE = 8, 3


class UncoveredType(HubError):
    """A schema has a type that the hub's own schemas do not use: read it by fastavro."""


def compile_reader(
    schema: Any, *, wanted: Collection[str] | None = None, make: Make | None = None, unscaled: bool = False
) -> AvroReader:
    """Return a function that reads one value: (bytes, where it begins) → (value, where it ends).

    ``wanted``: read these fields of a record, or of a union of null and a record, and step over the others.
    ``make``: build a record from the tuple of its fields, its arrays as tuples; without it a record is a dict.
    ``unscaled``: decimals as the whole numbers that are written, in units of their last place.
    """
    source = _Source(None if wanted is None else frozenset(wanted), make is not None, unscaled)
    value = source.read(schema)
    source.say("if at > len(raw): raise EOFError")
    source.say(f"return {value}, at")
    scope: dict[str, Any] = {**_SCOPE, "make": make}
    exec("def read(raw, at):\n" + "\n".join(source.lines), scope)
    found: AvroReader = scope["read"]
    return found


class _Source:
    """The lines of one reader; values are in variables v0, v1, …, the next byte is at ``at``."""

    def __init__(self, wanted: frozenset[str] | None, made: bool, unscaled: bool) -> None:
        self.lines: list[str] = []
        self._numbers = itertools.count()
        self._depth = 1
        self._named: dict[str, Any] = {}
        self._inside: list[str] = []
        self._wanted, self._made, self._unscaled = wanted, made, unscaled
        self._no_elements = _NO_ELEMENTS if made else "[]"

    def say(self, line: str) -> None:
        self.lines.append("    " * self._depth + line)

    def read(self, schema: Any) -> str:
        """Add the lines that read a value and return the variable that holds it."""
        kind, schema = self._kind(schema)
        name = f"v{next(self._numbers)}"
        logical = schema.get("logicalType") if isinstance(schema, dict) else None
        if kind == "union":
            self._branches(schema, lambda branch: self._assign(name, self.read(branch)))
        elif kind == "record":
            self._record(name, schema)
        elif kind in ("array", "map"):
            self._many(name, kind, schema)
        elif kind == "null":
            self._assign(name, "None")
        elif kind == "boolean":
            self.say(f"{name} = raw[at] != 0; at += 1")
        elif kind == "string":
            self._size()
            self.say(f"e = at + n; {name} = raw[at:e].decode(); at = e")
            if logical is not None:
                raise UncoveredType(logical)
        elif kind == "bytes":
            self._size()
            self.say(f"e = at + n; {name} = raw[at:e]; at = e")
            if logical == "decimal" and self._unscaled:
                self._assign(name, f"from_bytes({name}, 'big', signed=True)")
            elif logical == "decimal":
                # As an int: text of a foreign schema must not become part of the program.
                scale = int(schema.get("scale", 0))
                self._assign(name, f"Decimal(from_bytes({name}, 'big', signed=True)).scaleb({-scale}, EXACT)")
            elif logical is not None:
                raise UncoveredType(logical)
        elif kind == "fixed":
            self.say(f"e = at + {self._fixed_size(schema)}; {name} = raw[at:e]; at = e")
            if logical is not None:
                raise UncoveredType(logical)
        elif kind == "long" and logical == "timestamp-micros":
            self.say(f"{name} = MOMENTS.get(raw[at:at + {_MOMENT_SIZE}])")
            self.say(f"if {name} is None: {name}, at = read_moment(raw, at)")
            self.say(f"else: at += {_MOMENT_SIZE}")
        elif kind in ("int", "long"):
            self.say("n = raw[at]; at += 1")
            self.say("if n > 127: n, at = read_long(raw, at - 1)")
            self.say("else: n = (n >> 1) ^ -(n & 1)")
            if logical not in (None, "date"):
                raise UncoveredType(logical)
            self._assign(name, "n" if logical is None else f"fromordinal(n + {_EPOCH_DAY})")
        else:
            raise UncoveredType(kind)
        return name

    def skip(self, schema: Any) -> None:
        """Add the lines that step over a value."""
        kind, schema = self._kind(schema)
        if kind == "union":
            self._branches(schema, self.skip)
        elif kind == "record":
            for field in schema["fields"]:
                self.skip(field["type"])
        elif kind in ("array", "map"):
            # They are rare and short: read, and not used.
            self.read(schema)
        elif kind == "boolean":
            self.say("at += 1")
        elif kind in ("string", "bytes"):
            self._size()
            self.say("at += n")
        elif kind == "fixed":
            self.say(f"at += {self._fixed_size(schema)}")
        elif kind in ("int", "long"):
            self.say("while raw[at] > 127: at += 1")
            self.say("at += 1")
        elif kind != "null":
            raise UncoveredType(kind)

    def _kind(self, schema: Any) -> tuple[str, Any]:
        if isinstance(schema, list):
            return "union", schema
        if isinstance(schema, str):
            if schema not in self._named:
                return schema, {}
            schema = self._named[schema]
        kind = schema["type"]
        return (kind, schema) if isinstance(kind, str) else self._kind(kind)

    def _assign(self, name: str, value: str) -> None:
        self.say(f"{name} = {value}")

    def _size(self) -> None:
        self.say("n = raw[at]; at += 1")
        self.say("if n > 127 or n & 1: n, at = read_size(raw, at - 1)")
        self.say("else: n >>= 1")

    def _fixed_size(self, schema: Any) -> int:
        self._name(schema)
        # As an int: text of a foreign schema must not become part of the program. With 0 or less a reader stands still.
        if (size := int(schema["size"])) < 1:
            raise UncoveredType("fixed")
        return size

    def _name(self, schema: Any) -> str:
        full = schema["name"] if "." in schema["name"] else f"{schema.get('namespace', '')}.{schema['name']}"
        self._named |= {full: schema, schema["name"]: schema}
        return full

    def _branches(self, union: list[Any], say: Callable[[Any], None]) -> None:
        self.say("n = raw[at]; at += 1")
        for number, branch in enumerate(union):
            self.say(f"{'if' if number == 0 else 'elif'} n == {number * 2}:")
            self._depth += 1
            say(branch)
            if self._kind(branch)[0] == "null":
                self.say("pass")
            self._depth -= 1
        self.say("else: raise ValueError('no such branch')")

    def _record(self, name: str, schema: Any) -> None:
        full = self._name(schema)
        if full in self._inside:
            raise UncoveredType("a record inside itself")
        wanted, self._wanted = self._wanted, None
        made, self._made = self._made, False
        self._inside.append(full)
        values: list[tuple[str, str]] = []
        for field in schema["fields"]:
            if wanted is None or field["name"] in wanted:
                values.append((field["name"], self.read(field["type"])))
            else:
                self.skip(field["type"])
        self._inside.pop()
        if made:
            self._assign(name, f"make(({', '.join(value for _, value in values)},))")
        else:
            self._assign(name, "{" + ", ".join(f"{field!r}: {value}" for field, value in values) + "}")

    def _many(self, name: str, kind: str, schema: Any) -> None:
        left, is_array = f"left{next(self._numbers)}", kind == "array"
        # Most are empty, and need no call.
        self.say(f"if raw[at] == 0: {name} = {self._no_elements if is_array else '{}'}; at += 1")
        self.say("else:")
        self._depth += 1
        self._assign(name, "[]" if is_array else "{}")
        self.say("while True:")
        self._depth += 1
        self.say(f"{left}, at = read_long(raw, at)")
        self.say(f"if {left} == 0: break")
        self.say(f"if {left} < 0:")
        self.say(f"    {left} = -{left}; _, at = read_long(raw, at)")
        # An element takes a byte at least; a forged count of millions of nulls would take the memory.
        self.say(f"if {left} > len(raw): raise EOFError")
        self.say(f"while {left}:")
        self._depth += 1
        self.say(f"{left} -= 1")
        if is_array:
            self.say(f"{name}.append({self.read(schema['items'])})")
        else:
            key = self.read("string")
            self.say(f"{name}[{key}] = {self.read(schema['values'])}")
        self._depth -= 2
        if is_array and self._no_elements == _NO_ELEMENTS:
            self._assign(name, f"tuple({name})")
        self._depth -= 1


def _read_size(raw: bytes, at: int) -> tuple[int, int]:
    size, at = read_long(raw, at)
    if size < 0:
        raise ValueError("a negative length")
    return size, at


def _read_moment(raw: bytes, at: int) -> tuple[datetime, int]:
    """Read a moment that is not among the recent ones."""
    if raw[at] == 0:
        return EPOCH, at + 1
    end = at + _MOMENT_SIZE
    second = _SECONDS.get(raw[at + _LOW_SIZE : end])
    if second is None:
        return _read_second(raw, at)
    first, middle, last = raw[at : at + _LOW_SIZE]
    if not first & middle & last & 0x80 or first & 1:
        return _read_second(raw, at)
    value = second + timedelta(0, 0, (first & 0x7F | (middle & 0x7F) << 7 | (last & 0x7F) << 14) >> 1)
    _remember(_MOMENTS, raw[at:end], value)
    return value, end


def _read_second(raw: bytes, at: int) -> tuple[datetime, int]:
    micros, end = read_long(raw, at)
    value = from_micros(micros)
    # Only a number's last byte has its high bit clear: eight equal bytes that end with such a one are the same number.
    if end - at == _MOMENT_SIZE:
        _remember(_MOMENTS, raw[at:end], value)
        if micros >= 0:
            _remember(_SECONDS, raw[at + _LOW_SIZE : end], from_micros(micros >> 20 << 20))
    return value, end


def _remember(moments: dict[bytes, datetime], raw: bytes, value: datetime) -> None:
    if len(moments) >= _MOST_MOMENTS:
        moments.clear()
    moments[raw] = value


_SCOPE: dict[str, Any] = {
    "read_long": read_long,
    "read_size": _read_size,
    "read_moment": _read_moment,
    "MOMENTS": _MOMENTS,
    "Decimal": Decimal,
    "EXACT": _EXACT,
    "from_bytes": int.from_bytes,
    "fromordinal": date.fromordinal,
}
