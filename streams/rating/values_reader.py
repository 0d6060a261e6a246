"""What messages of ``credit.indicator.v1`` say, read by patterns that are made of the ones before.

The first values of an enterprise are some forty messages, and reading them field by field took four fifths of its first
rating. The merge writes the values of a group in one order, so that two messages of a group differ in their numbers
alone: a pattern of all else finds these at once. What fits none is read as any message is, and makes the next pattern.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bus.avro import writer
from catalogue.errors import PoisonMessage
from streams.rating.values import Shapes, words

_USCC = 18
_ANY, _LAST = rb"[\x80-\xff]", rb"[\x00-\x7f]"
_EVEN = b"[" + b"".join(re.escape(bytes((one,))) for one in range(0x80, 0x100, 2)) + b"]"
_EVEN_LAST = b"[" + b"".join(re.escape(bytes((one,))) for one in range(0, 0x80, 2)) + b"]"
# Sequence, day, hash and moment, none of which is looked at: only what any reader takes for such. (A day from 1970 on.)
_SEQUENCE, _HASH = _ANY + rb"{0,9}" + _LAST, rb"\x40[0-9a-f]{32}"
_DAY = b"(?:" + _EVEN_LAST + b"|" + _EVEN + _ANY + b"?" + _LAST + b")"
_MOMENT = _ANY + rb"{0,7}" + _LAST
# A value, with its branch of the union: null, or a decimal of at most as many bytes as a word has.
_VALUE = rb"(\x00|\x02(?:\x02.|\x04.{2}|\x06.{3}|\x08.{4}|\x0a.{5}|\x0c.{6}|\x0e.{7}|\x10.{8}))"
# A group has one pattern, and another one where its definitions are changed; more would be tried in vain.
_MOST_PATTERNS = 4
_MOST_WORDS = 1 << 16

ToldValues = tuple[str, str, int, bytes]
"""What a message says: its subject, the group, and its values, by the number of their names and as words."""


class _Form(NamedTuple):
    """How messages of a group go on behind its name."""

    pattern: re.Pattern[bytes]
    group: str
    shape: int


class ValuesReader:
    """Reads messages of values. ``shapes``: what numbers their names.

    ``head``: what messages of the merge's schema of today begin with. Others are read by ``decode`` alone, which leaves
    decimals unscaled and raises PoisonMessage and Unavailable.
    """

    def __init__(self, decode: Callable[[bytes], Mapping[str, Any]], shapes: Shapes, head: bytes) -> None:
        self.shapes = shapes
        self._decode, self._begin = decode, head + writer.long(_USCC)
        self._subject_at, self._name_at = len(self._begin), len(self._begin) + _USCC
        # By a group's name, with its length before it.
        self._forms: dict[bytes, list[_Form]] = {}
        self._word = _Words().__getitem__

    def __call__(self, raw: bytes | None) -> ToldValues:
        """Return what a message says. Raises PoisonMessage for what says no values, and Unavailable."""
        raw, at = raw or b"", self._name_at
        if not raw.startswith(self._begin) or len(raw) <= at:
            return self._decoded(raw)[0]
        end = at + 1 + (raw[at] >> 1)
        name = raw[at:end]
        for pattern, group, shape in self._forms.get(name, ()):
            found = pattern.fullmatch(raw, end)
            subject = raw[self._subject_at : at]
            if found is not None and subject.isascii():
                return subject.decode(), group, shape, b"".join(map(self._word, found.groups()))
        told, names = self._decoded(raw)
        forms = self._forms.setdefault(name, [])
        forms.insert(0, _Form(_pattern(names), told[1], told[2]))
        del forms[_MOST_PATTERNS:]
        return told

    def _decoded(self, raw: bytes) -> tuple[ToldValues, tuple[str, ...]]:
        value = self._decode(raw)
        try:
            values = value["indicators"]
            names, numbers = tuple(values), words(values.values())
            return (value["subject"], value["item"], self.shapes.number_of(names), numbers), names
        except (AttributeError, KeyError, TypeError) as exc:
            raise PoisonMessage("It holds no values of indicators.") from exc


class _Words(dict[bytes, bytes]):
    """Words by what a pattern found: most values are one of a few."""

    def __missing__(self, value: bytes) -> bytes:
        if len(self) == _MOST_WORDS:
            self.clear()
        number = None if value == b"\x00" else int.from_bytes(value[2:], "big", signed=True)
        found = self[value] = words((number,))
        return found


def _pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return the pattern of what follows the group's name: sequence, day, hash, values, moment."""
    values = [re.escape(writer.text(name)) + _VALUE for name in names]
    told = [re.escape(writer.long(len(names))), *values] if names else []
    return re.compile(b"".join((_SEQUENCE, _DAY, _HASH, *told, rb"\x00", _MOMENT)), re.DOTALL)
