"""What a batch made of a subject: its next state, and what changed in records and indicators."""

import itertools
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from catalogue.envelope import ItemId
from rules.indicators.definitions import CROSS
from rules.merge import fingerprint, replace_in_digest
from streams.merge.rolling import Replaced, Rolling
from streams.merge.state import SubjectState
from streams.merge.subject import RecordUpdate, SubjectBatch
from streams.merge.values import Values, digest_of


class IndicatorUpdate(NamedTuple):
    """An indicator before and after, in millionths; None: not computable."""

    id: str
    previous: int | None
    current: int | None


class ValuesUpdate(NamedTuple):
    """The values of a group's indicators, which changed; none where they are no longer computed."""

    group: str
    values: Values


class SubjectUpdate(NamedTuple):
    """The next state of a subject and what it changed; ``same_state``: the state is as it was, but for its date.

    ``indicators``: those that changed and that anybody is told of.
    """

    state: SubjectState
    records: list[RecordUpdate]
    indicators: list[IndicatorUpdate]
    values: list[ValuesUpdate]
    same_state: bool

    @property
    def changed(self) -> bool:
        """Whether there is anything to publish in a change."""
        return bool(self.records or self.indicators)


def update_of(batch: SubjectBatch, rolling: Rolling, rated: Container[str], as_of: date) -> SubjectUpdate:
    """Compute a subject's next state; what was not touched and is not due costs nothing.

    ``rated``: the items that indicators are computed from.
    """
    before, subject = batch.state, batch.subject
    # A former owner that ended within a day left some subjects at a later day than the partition's. They stay there.
    as_of = max(as_of, before.as_of)
    updates = batch.record_updates(as_of)
    for one in updates:
        rolling.expect(subject, one.new, batch.until(one.new), as_of)
    records = [one for one in updates if one.changed]
    digest = 0 if before.outdated else before.digest
    for one in updates if before.outdated else records:
        known = one.before is not None and not before.outdated
        former = fingerprint(one.before.envelope, one.was_live) if one.before is not None and known else 0
        digest = replace_in_digest(digest, former, fingerprint(one.new.envelope, one.live))
    counts: Mapping[str, int] = _counted(before.counts, records) if records else before.counts
    moving = set(batch.due)
    # What is the same for a later moment is replaced, too: from when a share counts may depend on the source time.
    for item, own in itertools.groupby(updates, _item_of):
        if item in rated:
            moving.add(item)
            rolling.replace(subject, item, batch.live_before(item), [_replaced(one) for one in own], as_of)
    moved, changes = list[ValuesUpdate](), list[IndicatorUpdate]()
    # The digest of a state by a former rule has no values in it: all of them are computed.
    total = 0 if before.outdated else before.indicators
    for group, computed, held in _values(batch, rolling, moving, as_of):
        if computed != held or (before.outdated and computed):
            moved.append(ValuesUpdate(group, computed))
            former = 0 if before.outdated else digest_of(group, held)
            total = replace_in_digest(total, former, digest_of(group, computed))
        told = {*rolling.told(group), *(held.keys() - computed.keys())}
        changes += [
            IndicatorUpdate(name, held.get(name), computed.get(name))
            for name in held.keys() | computed.keys()
            if name in told and held.get(name) != computed.get(name)
        ]
    # A value that is no longer computed must not pass for one that holds.
    gone = before.former.keys() - {name for one in moved for name in one.values}
    changes += [IndicatorUpdate(name, before.former[name], None) for name in gone if before.former[name] is not None]
    changes.sort()
    name = before.name if batch.name is None or (before.name and before.name > batch.name) else batch.name
    state = SubjectState(
        name=name,
        sequence=before.sequence + (1 if records or changes else 0),
        as_of=as_of,
        digest=digest,
        indicators=total,
        counts=counts,
    )
    same_values = digest == before.digest and name == before.name and total == before.indicators
    same_state = same_values and not records and not before.outdated
    return SubjectUpdate(state, records, changes, moved, same_state)


def _values(
    batch: SubjectBatch, rolling: Rolling, moving: Iterable[str], as_of: date
) -> Iterator[tuple[str, Values, Values]]:
    """Yield each group that moved or is computed no longer, with its values now and before."""
    for item in sorted(moving):
        computed: Values = rolling.values(batch.subject, item, as_of)
        yield item, computed, batch.values_before(item, computed)
    if rolling.moves_cross(batch.subject):
        held = batch.values_before(CROSS, ())
        yield CROSS, rolling.cross_values(batch.subject, held, batch.state.counts, batch.live_before, as_of), held
    for group in sorted(batch.dropped):
        yield group, {}, batch.values_before(group, ())


def _item_of(update: RecordUpdate) -> ItemId:
    return update.new.envelope.item


def _replaced(update: RecordUpdate) -> Replaced:
    counted, counts = update.before if update.was_live else None, update.new if update.live else None
    return update.new.envelope.record_key, counted, counts


def _counted(counts: Mapping[str, int], records: Iterable[RecordUpdate]) -> dict[str, int]:
    now = dict(counts)
    for one in records:
        item = one.new.envelope.item
        now[item] = now.get(item, 0) + one.live - one.was_live
    return {k: v for k, v in now.items() if v}
