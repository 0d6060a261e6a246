"""The plain reference: every event of a subject, sorted, folded, and its indicators by their plain definition.

It is written a second time on purpose. No join, no running sum and no store of the engine is in it, so that an error
there cannot hide here; what both share is the words of the catalogue and ``rules.indicators.definitions.evaluate``.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from catalogue.envelope import SET_MARK, Envelope, ItemId, Op, RecordKey
from rules.indicators.definitions import Fact, Indicator, evaluate, on_the_wire
from rules.merge import fingerprint

Key = tuple[ItemId, RecordKey]
ByItem = Mapping[str, tuple[Indicator, ...]]  # the indicators that rest on each item
Decode = Callable[[int, bytes], Mapping[str, Any] | None]
_REGISTRATION = "market.registration"
_MARK_PAYLOAD = b"\x00"  # null, the union's first branch


class Event(NamedTuple):
    """One event of a catalogue topic, or one winning record: its payload is as it was encoded."""

    envelope: Envelope
    schema_id: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Folded:
    """What all events of one subject come to; the marks of whole sets are among ``winners``, under ``SET_MARK``."""

    winners: Mapping[Key, Event] = field(default_factory=dict)
    name: str | None = None  # by the registration's newest version, where none is registered by the newest of all

    def live(self) -> dict[Key, Event]:
        """Return the winners that count: reported, and not older than their item's latest whole set."""
        return {key: one for key, one in self.winners.items() if key[1] != SET_MARK and self._counts(one.envelope)}

    def _counts(self, envelope: Envelope) -> bool:
        if envelope.op != Op.REPORT:
            return False
        mark = self.winners.get((envelope.item, SET_MARK))
        return mark is None or _since(envelope) >= _since(mark.envelope)

    def items(self) -> set[ItemId]:
        """Return the items of which a record was ever reported or withdrawn."""
        return {item for item, key in self.winners if key != SET_MARK}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a subject's state has to hold as of a day."""

    hash: str
    digest: str
    counts: Mapping[str, int]
    indicators: Mapping[str, Decimal | None]


def fold(events: Iterable[Event]) -> Folded:
    """Return the winning version of every record of one subject; the order of ``events`` does not matter.

    An event of a whole set is a version of the set's mark, too. Of one event that is there twice the first stays,
    for encryption gives other bytes each time.
    """
    versions: dict[Key, list[Event]] = {}
    named: list[Envelope] = []
    for event in events:
        if event.envelope.subject_name:
            named.append(event.envelope)
        versions.setdefault(_key(event), []).append(event)
        if event.envelope.replaces_set and event.envelope.op != Op.WITHDRAW:
            mark = Event(_mark(event.envelope), 0, _MARK_PAYLOAD)
            versions.setdefault(_key(mark), []).append(mark)
    named = [one for one in named if one.item == _REGISTRATION] or named
    named.sort(key=lambda one: (one.version, one.subject_name))
    return Folded({key: _highest(seen) for key, seen in versions.items()}, named[-1].subject_name if named else None)


def expected(folded: Folded, by_item: ByItem, decode: Decode, day: date) -> Expected:
    """Return the state of a day; raises PoisonMessage when a payload that is needed cannot be read."""
    counts: dict[str, int] = {}
    for item, _ in folded.live():
        counts[item] = counts.get(item, 0) + 1
    found = indicators(folded, by_item, decode, day)
    digest = f"{sum(fingerprint(one.envelope) for one in folded.winners.values()) % (1 << 128):032x}"
    return Expected(_hash(digest, found), digest, counts, found)


def indicators(folded: Folded, by_item: ByItem, decode: Decode, day: date) -> dict[str, Decimal | None]:
    """Return, as states carry them, the indicators of every item of which anything was reported."""
    facts: dict[str, list[Fact]] = {item: [] for item in folded.items() if item in by_item}
    for (item, _), one in folded.live().items():
        if item in facts:
            facts[item].append(Fact(one.envelope.source_time, decode(one.schema_id, one.payload) or {}))
    return {i.id: on_the_wire(evaluate(i, held, day)) for item, held in facts.items() for i in by_item[item]}


def _key(event: Event) -> Key:
    return event.envelope.item, event.envelope.record_key


def _since(envelope: Envelope) -> tuple[Any, int]:
    return envelope.source_time, envelope.revision


def _mark(envelope: Envelope) -> Envelope:
    return envelope._replace(op=Op.NIL, record_key=SET_MARK, period=None, content_hash="")


def _highest(versions: list[Event]) -> Event:
    by_version = sorted(versions, key=lambda one: one.envelope.version)
    equals = [one for one in versions if one.envelope.version == by_version[-1].envelope.version]
    return min(equals, key=lambda one: one.envelope.event_id)


def _hash(digest: str, indicators: Mapping[str, Decimal | None]) -> str:
    shown = (f"{name} {'' if value is None else int(value.scaleb(6))}" for name, value in sorted(indicators.items()))
    return hashlib.sha256("\n".join([digest, *shown]).encode()).hexdigest()
