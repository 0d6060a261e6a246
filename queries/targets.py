"""What a name means to ``explain``: a field of an item, a column of its details, or an indicator."""

import difflib
import functools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalogue.errors import UsageError
from catalogue.model import Catalogue, Field, Item
from rules.indicators.definitions import Indicator

# In front of an indicator's name where a field has the same one.
INDICATOR_PREFIXES = ("indicator", "指标")
_NEAR = 5  # near matches offered for an unknown name
_ALIKE = 0.6  # the likeness (0…1) from which a name is offered


@dataclass(frozen=True, slots=True)
class FieldTarget:
    """A field of an item; ``sub``: one column of its details."""

    item: Item
    field: Field
    sub: Field | None = None

    @property
    def path(self) -> str:
        """The name that means this one and no other."""
        return ".".join((str(self.item.seq), *(f.name for f in self.fields)))

    @property
    def zh(self) -> str:
        """Its Chinese name."""
        return "·".join(f.zh for f in self.fields)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The field, and the column of it."""
        return (self.field,) if self.sub is None else (self.field, self.sub)

    @property
    def last(self) -> Field:
        """The field that has the value."""
        return self.fields[-1]


@dataclass(frozen=True, slots=True)
class IndicatorTarget:
    """An indicator, with the items that it rests on."""

    items: tuple[Item, ...]
    indicator: Indicator

    @property
    def path(self) -> str:
        """The name that means this one and no other."""
        return f"{INDICATOR_PREFIXES[0]}.{self.indicator.id}"

    @property
    def zh(self) -> str:
        """Its Chinese name."""
        return self.indicator.zh


Target = FieldTarget | IndicatorTarget


def choose(
    catalogue: Catalogue, indicators: Iterable[Indicator], name: str, record_counts: Mapping[str, int]
) -> Target:
    """Return what ``name`` means; ``record_counts``: how many records the subject has of each item.

    A name of several items means the one item of which the subject has records.
    Raises UsageError with the choices when there are several, and with the nearest names when there is none.
    """
    candidates = tuple(_all(catalogue, indicators))
    targets = _named(candidates, name)
    if not targets:
        raise UsageError(f"No field or indicator is called {name}.", remedy=_nearest(candidates, name))
    if len(targets) == 1:
        return targets[0]
    present = [t for t in targets if isinstance(t, IndicatorTarget) or record_counts.get(t.item.id)]
    if len(present) == 1:
        return present[0]
    lines = "".join(f"\n      {target.path:<40} {_described(target, record_counts)}" for target in present or targets)
    none = "" if present else ", though the subject has a record of none"
    raise UsageError(f"{name} is ambiguous.", remedy=f"Name one of these{none}:{lines}")


def _described(target: Target, record_counts: Mapping[str, int]) -> str:
    if isinstance(target, IndicatorTarget):
        return f"{target.zh} (indicator)"
    count = record_counts.get(target.item.id, 0)
    return f"{target.item.zh} {target.zh}" + (f" ({count} records)" if count != 1 else " (1 record)")


def _all(catalogue: Catalogue, indicators: Iterable[Indicator]) -> Iterator[Target]:
    for item in catalogue.items:
        for field in item.fields:
            yield FieldTarget(item, field)
            yield from (FieldTarget(item, field, sub) for sub in field.details)
    for indicator in indicators:
        yield IndicatorTarget(tuple(catalogue.item(item) for item in indicator.items), indicator)


def _named(candidates: Iterable[Target], name: str) -> list[Target]:
    """Return what is called so; an alias means something only where nothing has it as its name."""
    wanted, aliased = plain(name), []
    named: list[Target] = []
    for target in candidates:
        if _is_called(target, _names(target), wanted):
            named.append(target)
        elif _is_called(target, _aliases(target), wanted):
            aliased.append(target)
    return named or aliased


def _is_called(target: Target, names: Iterable[str], wanted: str) -> bool:
    # Few names end like the wanted one: prefixes are put before these alone.
    return any(
        wanted == plain(prefix + name) for name in names if wanted.endswith(plain(name)) for prefix in _prefixes(target)
    )


def _prefixes(target: Target) -> tuple[str, ...]:
    if isinstance(target, IndicatorTarget):
        return ("", *(f"{prefix}." for prefix in INDICATOR_PREFIXES))
    return ("", f"{target.item.seq}.", f"{target.item.id}.", f"{target.item.zh}.")


def _names(target: Target) -> list[str]:
    if isinstance(target, IndicatorTarget):
        return [target.indicator.id, target.indicator.zh]
    if target.sub is None:
        return [target.field.name, target.field.zh]
    return [
        f"{outer}.{inner}"
        for outer in (target.field.name, target.field.zh)
        for inner in (target.sub.name, target.sub.zh)
    ]


def _aliases(target: Target) -> tuple[str, ...]:
    if isinstance(target, IndicatorTarget):
        return ()
    return target.field.aliases if target.sub is None else (target.sub.name, target.sub.zh)


@functools.lru_cache(maxsize=1 << 15)
def plain(name: str) -> str:
    """Return a name half-width, in lower case and without blanks: as names are compared."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _nearest(candidates: Sequence[Target], name: str) -> str:
    wanted = plain(name)
    for target in candidates:
        if isinstance(target, FieldTarget) and any(wanted.startswith(plain(p)) for p in _prefixes(target)[1:]):
            names = ", ".join(f"{field.name} ({field.zh})" for field in target.item.fields)
            return f"The fields of {target.item.zh}: {names}."
    likeness: dict[str, float] = {}
    for target in candidates:
        label = f"{_names(target)[0]} ({target.zh})"
        for word in map(plain, _names(target)):
            alike = difflib.SequenceMatcher(None, wanted, word).ratio()
            if len(wanted) > 1 and wanted in word:
                alike = max(alike, _ALIKE)
            likeness[label] = max(likeness.get(label, 0), alike)
    near = sorted((label for label in likeness if likeness[label] >= _ALIKE), key=lambda word: -likeness[word])[:_NEAR]
    meant = f"Did you mean: {', '.join(near)}? " if near else ""
    return f"{meant}`credithub catalogue ITEM` lists an item's fields, `credithub state USCC` the indicators."
