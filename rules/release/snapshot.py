"""What counts at a point of the changes: which change was the last word on a record, and on an enterprise's indicators.

A recipient that begins late, or one whose labels changed, is told what counts there, made of those changes alone. So
it is the same whenever and by whomever it is computed, and costs no memory for contents.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.release.labels import Labels, differing_items
from rules.release.visible import DeadLetter, Payload, VisibleChange, is_enterprise, relabelled

_BYTES = 16  # of 10^8 records no two are alike by them: 1 in 10^22


class Relabelling:
    """What one step from former labels to others changes; ``former`` None: the recipient knows nothing yet."""

    def __init__(self, former: Labels | None, labels: Labels) -> None:
        self._plans, self._former = labels.public_plans, former.public_plans if former else {}
        self.items = differing_items(former, labels) & (self._plans.keys() | self._former.keys())
        known, public = former.public_indicators if former else frozenset(), labels.public_indicators
        self._added, self._removed = public - known, known - public
        self.indicators: Collection[str] = self._added | self._removed

    def __bool__(self) -> bool:
        """Whether anything can differ."""
        return bool(self.items or self.indicators)

    def records(
        self,
        change: Mapping[str, Any],
        payload: Payload,
        dead_letter: DeadLetter,
        is_last: Callable[[Mapping[str, Any]], bool],
    ) -> Iterator[VisibleChange]:
        """Yield what the recipient is told of the records on which this change ``is_last``."""
        items = self.items
        return relabelled(change, self._former, self._plans, payload, dead_letter,
                          lambda record: record["item"] in items and is_last(record))  # fmt: skip

    def told_indicators(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is told of an enterprise's values by id: what may be known now, and None for what may not."""
        told = {name: value for name, value in values.items() if name in self._added and value is not None}
        told |= {name: None for name, value in values.items() if name in self._removed and value is not None}
        return told


@dataclass(slots=True)
class SnapshotContents:
    """The last word on everything that a relabelling is about, in one partition of the changes.

    ``note`` takes each change up to the point, in order, with its offset; then the others may be asked.
    """

    relabelling: Relabelling
    _records: dict[bytes, int] = field(default_factory=dict)
    _indicators: dict[str, dict[str, Any]] = field(default_factory=dict)
    _indicators_at: dict[str, int] = field(default_factory=dict)

    def note(self, change: Mapping[str, Any], offset: int) -> None:
        """Take a change."""
        if not is_enterprise(change):
            return
        subject, step = change["subject"], self.relabelling
        for record in change["records"]:
            if record["item"] not in step.items:
                continue
            key = _key(subject, record)
            if record["live"]:
                self._records[key] = offset
            else:
                self._records.pop(key, None)
        moved = {one["id"]: one["current"] for one in change["indicators"] if one["id"] in step.indicators}
        if moved:
            self._indicators.setdefault(subject, {}).update(moved)
            self._indicators_at[subject] = offset

    def records(
        self, change: Mapping[str, Any], offset: int, payload: Payload, dead_letter: DeadLetter
    ) -> Iterator[VisibleChange]:
        """Yield what is told of the records on which a change was the last word."""
        subject, last = change["subject"], self._records
        return self.relabelling.records(
            change, payload, dead_letter, lambda record: last.get(_key(subject, record)) == offset
        )

    def indicators(self, change: Mapping[str, Any], offset: int) -> dict[str, Any]:
        """Return what is told of the indicators of an enterprise of which a change was the last to move one."""
        subject = change["subject"]
        if self._indicators_at.get(subject) != offset:
            return {}
        return self.relabelling.told_indicators(self._indicators[subject])


def _key(subject: str, record: Mapping[str, Any]) -> bytes:
    text = f"{subject}\0{record['item']}\0{record['record_key']}"
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_BYTES).digest()
