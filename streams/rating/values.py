"""The values of a subject's indicators as the rating keeps them: group by group, each with the offset that told it.

All that were told are kept, for another model may ask for others. Names are kept once for all subjects, in *shapes*,
and numbers as machine words of which few are read: as dicts a subject's values took ten times as long.
"""

import marshal
import struct
from collections.abc import Collection, Iterable

from processing.output import StoreWrites
from processing.store import Store
from rules.rating.model import MOST
from rules.rating.scoring import Values
from streams.rating.keys import SHAPES, shape_key

_WORD = struct.Struct("<q")
_UNKNOWN = -(1 << 63)


Group = tuple[int, int, bytes]
"""The offset of its message, its shape, its values as words."""
Groups = dict[str, Group]


def words(values: Collection[int | None]) -> bytes:
    """Return values in millionths as words; one beyond nine trillion is as good as that: no limit lies there."""
    try:
        return struct.pack(f"<{len(values)}q", *[_UNKNOWN if value is None else value for value in values])
    except struct.error:
        bounded = [_UNKNOWN if value is None else max(-MOST, min(value, MOST)) for value in values]
        return struct.pack(f"<{len(values)}q", *bounded)


def pack(groups: Groups) -> bytes:
    """Return values as the store keeps them."""
    return marshal.dumps(groups)


def unpack(raw: bytes | None) -> Groups:
    """Return values that the store kept; none: nothing is known."""
    groups: Groups = {} if raw is None else marshal.loads(raw)
    return groups


class Shapes:
    """The names of values by numbers, as a partition's store has them; those that are new wait for ``flush``."""

    def __init__(self, store: Store) -> None:
        self._names: dict[int, tuple[str, ...]] = {}
        for key, raw in store.below(SHAPES):
            self._names[int.from_bytes(key[1:], "big")] = marshal.loads(raw)
        self._numbers = {names: number for number, names in self._names.items()}
        self._new: StoreWrites = {}
        self._wanted: frozenset[str] = frozenset()
        # Of a shape, where the wanted names lie.
        self._places: dict[int, list[tuple[str, int]]] = {}

    def number_of(self, names: tuple[str, ...]) -> int:
        """Return the number of a shape."""
        number = self._numbers.get(names)
        if number is None:
            number = self._numbers[names] = len(self._names)
            self._names[number] = names
            self._new[shape_key(number)] = marshal.dumps(names)
        return number

    def flush(self) -> StoreWrites:
        """Return what the store is to hold before any values of new shapes."""
        new, self._new = self._new, {}
        return new

    def want(self, indicators: Iterable[str]) -> None:
        """Look for these indicators from here on."""
        self._wanted, self._places = frozenset(indicators), {}

    def wanted_of(self, groups: Groups) -> Values:
        """Return the wanted values of all groups, by the indicators' ids, which are of one group each."""
        found: dict[str, int] = {}
        places, read = self._places, _WORD.unpack_from
        for _, shape, numbers in groups.values():
            own = places.get(shape)
            if own is None:
                names = self._names[shape]
                own = places[shape] = [(name, at * _WORD.size) for at, name in enumerate(names) if name in self._wanted]
            for name, at in own:
                (number,) = read(numbers, at)
                if number != _UNKNOWN:
                    found[name] = number
        return found
