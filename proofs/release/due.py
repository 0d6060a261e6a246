"""What a step has to tell one recipient of one enterprise: first the difference between what it was told by and what
counts now, then the changes, by the rules of release alone.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from catalogue.model import FieldType
from proofs.release.entitled import EntitlementsAt, LabelsOf, Moment
from proofs.release.known import Consents, EnterpriseRecords, Recipients, place_of
from proofs.release.messages import (
    INDICATORS,
    LIST,
    LIST_SCHEMA,
    SCOPE,
    SCOPE_SCHEMA,
    DueMessage,
    schema_of,
)
from proofs.release.told import BEGINNING, ToldSoFar
from rules.release.columns import codes_text, consents_text, scope_item, statuses_text, with_details_texts
from rules.release.deletion import delete_by
from rules.release.disclosure import changed, differing
from rules.release.entitlement import Entitlement
from rules.release.handles import Handles
from rules.release.indicator_rows import IndicatorRow, differing_rows, moved_rows
from rules.release.lists import VisibleEntry, differing_entry, visible_entry
from rules.release.reasons import WithdrawalReason
from rules.release.visible import DeadLetter, Payload, VisibleChange


class Due:
    """What is due at one step."""

    def __init__(
        self,
        moment: Moment,
        labels_of: LabelsOf,
        recipients: Recipients,
        consents: Consents,
        payload: Payload,
    ) -> None:
        self._moment, self._labels_of, self._payload = moment, labels_of, payload
        self._recipients, self._consents = recipients, consents
        self._labels = labels_of(moment.policy)
        self.entitlements = EntitlementsAt(moment, self._labels, recipients, consents)

    def difference(
        self,
        recipient: str,
        subject: str,
        name: str | None,
        enterprise: EnterpriseRecords,
        told: ToldSoFar,
        now: Entitlement,
    ) -> Iterator[DueMessage]:
        """Yield what a recipient is told because something else counts than it was told by, or the rest of it."""
        if not told.goes_on(now):
            yield self._scope(recipient, subject, name, now)
            yield from self._indicators_between(subject, name, enterprise, told.entitlement, now)
            yield from self._lists_between(subject, name, enterprise, told.entitlement, now)
        done = told.upto if told.goes_on(now) else BEGINNING
        for place, record in enterprise.in_order():
            if place <= done:
                continue
            former = told.of(place)
            seen = differing(
                record,
                former,
                self._labels_of(former.policy) if former.policy else None,
                now,
                self._labels,
                self._payload,
                lambda item, former=former: self.entitlements.lost(recipient, subject, former, now, item),  # type: ignore[misc]
            )
            if seen is not None:
                yield self._record(recipient, subject, name, seen, former, now)

    def change(
        self,
        recipient: str,
        change: Mapping[str, Any],
        enterprise: EnterpriseRecords,
        entitled: Entitlement,
        dead_letter: DeadLetter,
    ) -> Iterator[DueMessage]:
        """Yield what a recipient is told of a change; ``enterprise`` is as it was before it."""
        subject, name = change["subject"], change["subject_name"]
        for seen in changed(change, entitled, self._labels, self._payload, enterprise.since, dead_letter):
            yield self._record(recipient, subject, name, seen, entitled, entitled)
        for row in moved_rows(change, enterprise.indicators, self._labels):
            yield self._indicators(subject, name, change["as_of"], row)

    def list_change(self, change: Mapping[str, Any], enterprise: EnterpriseRecords) -> Iterator[DueMessage]:
        """Yield what everybody is told of a change of a list."""
        entry = visible_entry(change, self._labels.by_list)
        if entry is not None:
            yield self._entry(change["subject"], enterprise.name, entry)

    def cut_at(self, enterprise: EnterpriseRecords, told: list[DueMessage], so_far: str) -> str:
        """Return up to where a difference was told that was cut short: behind the last record that was told.

        Where none was, behind the first one: what comes before the records had filled the transaction already.
        """
        places = [one.place for one in told if one.place]
        if places:
            return places[-1]
        return so_far or next((place for place, _ in enterprise.in_order()), BEGINNING)

    def _indicators_between(
        self, subject: str, name: str | None, enterprise: EnterpriseRecords, told: Entitlement, now: Entitlement
    ) -> Iterator[DueMessage]:
        before = self._labels_of(told.policy) if told.is_subscribed else None
        after = self._labels if now.is_subscribed else None
        for row in differing_rows(enterprise.indicators, before, after, self._labels):
            yield self._indicators(subject, name, enterprise.as_of, row)

    def _lists_between(
        self, subject: str, name: str | None, enterprise: EnterpriseRecords, told: Entitlement, now: Entitlement
    ) -> Iterator[DueMessage]:
        before = self._labels_of(told.policy).by_list if told.is_subscribed else {}
        after = self._labels.by_list if now.is_subscribed else {}
        reason = WithdrawalReason.LABEL_CHANGED if now.is_subscribed else WithdrawalReason.NOT_SUBSCRIBED
        for one, member in sorted(enterprise.members.items()):
            entry = differing_entry(one, member, before, after, reason)
            if entry is not None:
                yield self._entry(subject, name, entry)

    def _entry(self, subject: str, name: str | None, entry: VisibleEntry) -> DueMessage:
        value = {**self._head(subject, name), **entry.fields()}
        return DueMessage("", "", LIST, entry.reason.value if entry.reason else "", (), "", LIST_SCHEMA, value)

    def _scope(self, recipient: str, subject: str, name: str | None, now: Entitlement) -> DueMessage:
        statuses = list(self.entitlements.statuses(recipient, subject, now))
        items = [scope_item(one) for one in statuses]
        value = {**self._head(subject, name), "items": items, "items_json": statuses_text(statuses)}
        return DueMessage("", "", SCOPE, "", (), "", SCOPE_SCHEMA, value)

    def _indicators(self, subject: str, name: str | None, as_of: date, row: IndicatorRow[Any]) -> DueMessage:
        value = {
            **self._head(subject, name), "op": row.op, "item": row.group, "as_of": as_of, "reason": row.reason,
            **row.values,
        }  # fmt: skip
        reason, schema = row.reason.value if row.reason else "", self._labels.indicator_groups[row.group].schema
        return DueMessage("", "", INDICATORS, reason, (), "", schema, value)

    def _record(
        self, recipient: str, subject: str, name: str | None, seen: VisibleChange, told: Entitlement, now: Entitlement
    ) -> DueMessage:
        record, after = seen.record, seen.after
        item, key = record["item"], record["record_key"]
        handle = Handles(self._recipients.versions[recipient].handle_key)(subject, item, key)
        details = [field.name for field in seen.item.fields if field.type is FieldType.DETAILS]
        consents = now.consents(item) if after is not None else told.consents(item)
        value = {
            **self._head(subject, name),
            "op": seen.op,
            "item": item,
            "record_key": handle,
            "source_time": record["source_time"],
            "unit": record["unit"],
            "withheld_codes": codes_text(after.withheld) if after is not None else None,
            "reason": seen.reason,
            "consents": list(consents),
            "consents_json": consents_text(consents),
            "delete_by": delete_by(seen.reason, told.consents(item), self._consents.of(subject), self._moment.at),
            "data": with_details_texts(after.visible, details) if after is not None else None,
        }
        reason = seen.reason.value if seen.reason else ""
        schema = schema_of(seen.item)
        return DueMessage(place_of(record), item, seen.op.value, reason, consents, handle, schema, value)

    def _head(self, subject: str, name: str | None) -> dict[str, Any]:
        return {
            "subject": subject, "subject_name": name, "emitted_at": self._moment.at, "policy": self._moment.policy,
        }  # fmt: skip
