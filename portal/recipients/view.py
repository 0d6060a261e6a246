"""What a recipient may look at of an enterprise now, item by item: all that is released, or why not, in pages."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from bus.avro.decoding import Decoder
from catalogue.errors import PoisonMessage
from catalogue.plain_values import jsonable
from catalogue.times import business_date
from connectors.postgres import SnapshotPool
from portal.recipients.cursors import Cursors
from portal.recipients.desk import RecipientDesk
from queries.subject_records import SubjectRecords, subject_records
from rules.merge import Record
from rules.release.answering import AnswerRefusal, AnswerRight, AskingRecipient, StatedPurpose
from rules.release.consent.terms import Mode
from rules.release.handles import Handles
from rules.release.plan import ReleasePlan
from rules.release.publication import Publications
from rules.release.recipient_messages import RecipientVersion
from rules.release.visible import projected

MOST_RECORDS, MOST_BYTES = 200, 1024 * 1024
"""Of one answer; the last record may go beyond the bytes."""
_AT_ONCE, _MOST_LOOKED_AT = 50, 2000
_ABOUT = "view"


class ViewedItem(NamedTuple):
    """How much of an item is shown; ``code``: why not all, None: all is."""

    item: str
    is_shown: bool
    code: AnswerRefusal | None
    consents: tuple[str, ...]


class ViewedRecord(NamedTuple):
    """A record as far as it is shown."""

    item: str
    record_key: str
    unit: str
    source_time: str
    data: dict[str, Any]
    withheld: list[dict[str, str]]


class ViewedPart(NamedTuple):
    """A part of what is shown; ``cursor`` None: it is the last one. Items and indicators are in the first alone."""

    name: str | None
    items: tuple[ViewedItem, ...]
    indicators: dict[str, str]
    records: tuple[ViewedRecord, ...]
    cursor: str | None
    consents: tuple[str, ...]


class SubjectViews:
    """Shows enterprises. Safe to use from several threads."""

    def __init__(self, desk: RecipientDesk, pool: SnapshotPool, decode: Decoder, cursors: Cursors) -> None:
        self._desk, self._pool, self._decode, self._cursors = desk, pool, decode, cursors

    def view(
        self, recipient: RecipientVersion, subject: str, stated: StatedPurpose, cursor: str | None, limit: int
    ) -> ViewedPart:
        """Return what a recipient may see behind a cursor; None: from the beginning. At most ``limit`` records.

        Raises CursorRefused, Unavailable and SinkUnavailable. Of whom nothing is known an empty part is returned.
        """
        name = recipient.recipient
        about = (_ABOUT, subject, stated.purpose, stated.use)
        at_item, after = ("", "") if cursor is None else map(str, self._cursors.open(cursor, name, *about))
        asking = self._desk.asking(recipient, subject)
        labels = asking.labels
        rights = {item.id: asking.right_to(item.id, Mode.VIEW, stated) for item in labels.items}
        shown = tuple(_shown(item, right) for item, right in rights.items())
        part = _Page(asking, Handles(recipient.handle_key), self._decode, limit)
        with subject_records(self._pool) as records:
            known = records.name(subject) if asking.is_told and cursor is None else None
            indicators = self._indicators(asking, records) if cursor is None else {}
            for item in records.items(subject, [one.item for one in shown if one.is_shown and one.item >= at_item]):
                plan = labels.plans[item]
                begin = after if item == at_item else ""
                if not part.add(records, plan, begin, is_consented=rights[item].refusal is None):
                    break
        place = part.place
        return ViewedPart(
            known, shown if cursor is None else (), indicators, tuple(part.found),
            None if place is None else self._cursors.seal(place, name, *about),
            tuple(sorted({number for one in shown for number in one.consents})),
        )  # fmt: skip

    def _indicators(self, asking: AskingRecipient, records: SubjectRecords) -> dict[str, str]:
        public = [
            one
            for name, one in self._desk.askable.items()
            if name in asking.labels.public_indicators and asking.right_to_public(one.items) is None
        ]
        values = records.indicators(asking.subject, {one.group for one in public})
        return {one.id: jsonable(values[one.id]) for one in public if one.id in values}


class _Page:
    """Records that are found for one answer; ``place``: item and key behind which the next one begins, None: none."""

    def __init__(self, asking: AskingRecipient, handles: Handles, decode: Decoder, limit: int) -> None:
        self._asking, self._handles, self._decode, self._limit = asking, handles, decode, limit
        self._day: date = business_date(asking.moment)
        self._until = Publications(asking.labels.items, decode.payload).until
        self._size = self._looked_at = 0
        self.found: list[ViewedRecord] = []
        self.place: tuple[str, str] | None = None

    def add(self, records: SubjectRecords, plan: ReleasePlan, after: str, *, is_consented: bool) -> bool:
        """Add the records of an item behind a key; whether there is room for more."""
        item, last = plan.item.id, after
        while True:
            most = min(_AT_ONCE, self._limit - len(self.found))
            if most <= 0 or self._size > MOST_BYTES or self._looked_at >= _MOST_LOOKED_AT:
                self.place = item, last
                return False
            page = records.counting(self._asking.subject, item, last, most, self._until, self._day)
            self._looked_at += page.size
            self.found += self._shown(plan, page.records, is_consented=is_consented)
            if page.last is None:
                return True
            last = page.last

    def _shown(self, plan: ReleasePlan, records: tuple[Record, ...], *, is_consented: bool) -> Iterator[ViewedRecord]:
        for one in records:
            envelope = one.envelope
            try:
                seen = projected(plan, one.schema_id, one.payload, self._decode.payload, consented=is_consented)
            except PoisonMessage:
                continue
            if seen is not None:
                self._size += len(one.payload)
                yield ViewedRecord(
                    envelope.item, self._handles(envelope.subject, envelope.item, envelope.record_key), envelope.unit,
                    jsonable(envelope.source_time), jsonable(seen.visible),
                    [{"field": why.field, "code": why.code, "reason": why.reason} for why in seen.withheld],
                )  # fmt: skip


def _shown(item: str, right: AnswerRight) -> ViewedItem:
    return ViewedItem(item, right.refusal is None or right.is_public_left, right.refusal, right.consents)
