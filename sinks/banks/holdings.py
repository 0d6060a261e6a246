"""What counts of each enterprise, as the changes tell it: records, values of indicators, lists and the name."""

import marshal
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from catalogue.times import from_micros, micros
from processing.output import StoreWrites
from processing.store import Store
from rules.release.disclosure import LiveRecord
from rules.release.lists import Member, member_of
from sinks.banks import keys


class Indicators(NamedTuple):
    """Values of indicators as of a day (days of the wire), in units of their last place."""

    as_of: int
    values: dict[str, int | None]


_NO_INDICATORS = Indicators(0, {})


class Holdings:
    """The holdings of one partition: the store's, and above them what was folded since and is not written yet.

    What a subject holds is read before its changes are folded, or when the store has them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folded: StoreWrites = {}
        # A change is told by them and then folds them.
        self._last_read: tuple[str, Indicators] | None = None

    def fold(self, change: Mapping[str, Any], offset: int) -> None:
        """Fold a change of an enterprise: all of it, for labels may let more be seen one day."""
        subject, folded = change["subject"], self._folded
        for record in change["records"]:
            key = keys.record_key(subject, record["item"], record["record_key"])
            if not record["live"]:
                folded[key] = None
                continue
            since = self.since(subject, record) if record["was_live"] else offset
            folded[key] = marshal.dumps(
                (micros(record["source_time"]), record["unit"], record["schema_id"], record["payload"], since)
            )
        moved = change["indicators"]
        if moved:
            before = self.indicators(subject).values
            values = {**before, **{one["id"]: one["current"] for one in moved}}
            folded[keys.of_subject(keys.INDICATORS, subject)] = marshal.dumps((change["as_of"].toordinal(), values))
            self._last_read = subject, Indicators(change["as_of"].toordinal(), values)
        name_key = keys.of_subject(keys.NAMES, subject)
        folded[name_key] = (change["subject_name"] or "").encode()

    def fold_list(self, change: Mapping[str, Any]) -> None:
        """Fold a change of a list."""
        subject = change["subject"]
        name_key = keys.of_subject(keys.NAMES, subject)
        if self._get(name_key) is None:
            self._folded[name_key] = b""
        members, found = self.members(subject), member_of(change)
        if found is None and change["list"] not in members:
            return
        members.pop(change["list"], None)
        if found is not None:
            members[change["list"]] = found
        packed = {
            name: (one.since.toordinal(), one.as_of.toordinal(), one.definition_hash) for name, one in members.items()
        }
        self._folded[keys.of_subject(keys.LISTS, subject)] = marshal.dumps(packed) if packed else None

    def writes(self) -> StoreWrites:
        """Return what the store lacks of what was folded."""
        return self._folded

    def written(self) -> None:
        """Note that the store has what was folded, or that it will never have it."""
        self._folded, self._last_read = {}, None

    def since(self, subject: str, record: Mapping[str, Any]) -> int:
        """Return at which offset of the changes a record began to count; 0 of one that is not known."""
        raw = self._get(keys.record_key(subject, record["item"], record["record_key"]))
        return 0 if raw is None else marshal.loads(raw)[4]

    def records(self, subject: str, after: str = "") -> Iterator[tuple[str, LiveRecord]]:
        """Yield the records of a subject with their places, in order, behind the one at ``after``, from the store."""
        prefix = keys.records_of(subject)
        start = prefix + after.encode(errors="surrogatepass") if after else None
        for key, raw in self._store.below(prefix, start):
            place = keys.place_of(key, subject)
            if place == after:
                continue
            item, _, record_key = place.partition("\0")
            moment, unit, schema_id, payload, since = marshal.loads(raw)
            yield place, LiveRecord(item, record_key, from_micros(moment), unit, schema_id, payload, since)

    def has_any(self, subject: str) -> bool:
        """Whether anything of a subject was told by a change that is in the store."""
        return self._store.get(keys.of_subject(keys.NAMES, subject)) is not None

    def name(self, subject: str) -> str | None:
        """Return the name of a subject."""
        raw = self._get(keys.of_subject(keys.NAMES, subject))
        return raw.decode() or None if raw is not None else None

    def indicators(self, subject: str) -> Indicators:
        """Return the values of a subject's indicators."""
        if self._last_read is None or self._last_read[0] != subject:
            raw = self._get(keys.of_subject(keys.INDICATORS, subject))
            self._last_read = subject, _NO_INDICATORS if raw is None else Indicators(*marshal.loads(raw))
        return self._last_read[1]

    def members(self, subject: str) -> dict[str, Member]:
        """Return the public lists that have a subject."""
        raw = self._get(keys.of_subject(keys.LISTS, subject))
        packed = {} if raw is None else marshal.loads(raw)
        return {
            name: Member(date.fromordinal(since), date.fromordinal(as_of), definition)
            for name, (since, as_of, definition) in packed.items()
        }

    def subjects(self, start: str) -> Iterator[str]:
        """Yield all subjects from one on, in order, from the store."""
        for key, _ in self._store.below(keys.NAMES, keys.of_subject(keys.NAMES, start)):
            yield key[len(keys.NAMES) :].decode()

    def _get(self, key: bytes) -> bytes | None:
        return self._folded[key] if key in self._folded else self._store.get(key)
