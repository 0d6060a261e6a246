"""What the items of a subject say to the indicators over several items, kept as it was said last (decision 23)."""

import marshal
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.functions import Value
from rules.indicators.groups import CrossGroup
from streams.merge.keys import inputs_key
from streams.merge.values import Values


class CrossInputs:
    """The inputs of the subjects of one partition; ``note`` says what moved, ``values`` what comes of it."""

    def __init__(self, store: Store, cross: CrossGroup) -> None:
        self._store, self._cross = store, cross
        self._names = frozenset(one.id for one in cross.indicators)
        # As they moved, and whole, of the subjects of which something did.
        self._moved: dict[str, dict[str, Value]] = {}
        self._touched: dict[str, dict[str, Value]] = {}

    def note(self, subject: str, item: str, atoms: Mapping[str, Value]) -> None:
        """Note what an item says now."""
        if keys := self._cross.of(item):
            self._moved.setdefault(subject, {}).update((key, atoms[key]) for key in keys)

    def moved_of(self, subject: str) -> bool:
        """Whether anything was noted since the values were computed last."""
        return subject in self._moved

    def values(
        self, subject: str, held: Values, present: Iterable[str], atoms_of: Callable[[str], Mapping[str, Value]]
    ) -> Values:
        """Return the values after what was noted; ``held``: as they were.

        ``present``: the items of which there are records; ``atoms_of`` is asked what those say that did not move, where
        that is not known.
        """
        moved = self._moved.pop(subject)
        inputs, changed = self._load(subject), set[str]()
        if inputs is None:
            inputs = dict(self._cross.absent)
            for item in present:
                keys = self._cross.of(item)
                if keys and keys[0] not in moved:
                    atoms = atoms_of(item)
                    inputs.update((key, atoms[key]) for key in keys)
        else:
            changed = {key for key, value in moved.items() if inputs[key] != value}
            if not changed and held:
                return held
        inputs.update(moved)
        self._touched[subject] = inputs
        if changed and held.keys() == self._names:
            return {**held, **self._cross.values(inputs, changed)}
        return self._cross.values(inputs)

    def forget(self) -> None:
        """Forget what waits to be written."""
        self._moved, self._touched = {}, {}

    def flush(self) -> StoreWrites:
        """Return what is to be written, and forget it."""
        written: StoreWrites = {inputs_key(subject): _pack(inputs) for subject, inputs in self._touched.items()}
        self._touched = {}
        return written

    def _load(self, subject: str) -> dict[str, Value] | None:
        raw = self._store.get(inputs_key(subject))
        return None if raw is None else _unpack(raw, self._cross.absent)


def _pack(inputs: Mapping[str, Value]) -> bytes:
    """Return the inputs in their order: marshal knows no fractions."""
    return marshal.dumps(
        [one if one is None or isinstance(one, int) else (one.numerator, one.denominator) for one in inputs.values()]
    )


def _unpack(raw: bytes, keys: Iterable[str]) -> dict[str, Value]:
    packed = marshal.loads(raw)
    return {key: Fraction(*one) if isinstance(one, tuple) else one for key, one in zip(keys, packed, strict=True)}
