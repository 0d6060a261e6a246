"""What recipients are told of an enterprise: the difference to what they were told before, and each change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from catalogue.times import EPOCH
from rules.release.deletion import delete_by
from rules.release.disclosure import changed, differing
from rules.release.entitlement import Entitlement, lost_by
from rules.release.indicator_rows import IndicatorRow, differing_rows, moved_rows
from rules.release.labels import LabelPolicy, Labels
from rules.release.lists import VisibleEntry, differing_entry, visible_entry
from rules.release.reasons import WithdrawalReason
from rules.release.visible import DeadLetter, Payload, VisibleChange
from sinks.banks.entitlements import Consented, Entitlements, SubjectStanding
from sinks.banks.holdings import Holdings
from sinks.banks.marks import UNTOLD, Mark, ToldPart
from sinks.banks.messages import BankMessages, Head
from sinks.banks.step_output import StepOutput

SCOPE, INDICATORS, LIST = "SCOPE", "INDICATORS", "LIST"


class StepTelling:
    """Tells what one step has to tell of a partition's enterprises."""

    def __init__(
        self,
        made: StepOutput,
        payload: Payload,
        policies: Callable[[int], Labels],
        policy: LabelPolicy,
        holdings: Holdings,
        messages: BankMessages,
    ) -> None:
        """``made`` is what is told; ``policies`` gives the labels of a version."""
        self.made, self._payload = made, payload
        self._policies, self._policy = policies, policy
        self._holdings, self._messages = holdings, messages
        self._moment = EPOCH
        self._entitlements: Entitlements | None = None

    def begin(self, moment: datetime, entitlements: Entitlements) -> None:
        """Begin to tell as of a moment; ``entitlements``: what counts in it."""
        self._moment, self._entitlements = moment, entitlements

    def differs(self, subject: str, standing: SubjectStanding) -> bool:
        """Whether anybody was told of an enterprise by something else than counts now."""
        known = self.made.known(subject)
        # Whoever is neither told of it nor was has nothing to be told.
        names = [name for name in {*standing.subscribed, *known} if name in standing]
        return any(_is_other(known.get(name, UNTOLD).told, standing[name]) for name in names)

    def tell_difference(
        self, subject: str, name: str | None, standing: SubjectStanding, consented: Consented, as_of: int, most: int
    ) -> Iterator[None]:
        """Tell everybody what he sees else of an enterprise than he was told; pauses when ``most`` messages are made.

        What the enterprise holds is the store's. ``as_of``: the next offset of the changes that will be told.
        """
        head = Head(subject, name, self._moment, self._policy.version)
        known = self.made.known(subject)
        groups: dict[tuple[Mark, Entitlement], list[str]] = {}
        for recipient, now in standing.items():
            mark = known.get(recipient, UNTOLD)
            if _is_other(mark.told, now):
                key = mark._replace(sequence=0), now.following(mark.entitlement, as_of)
                groups.setdefault(key, []).append(recipient)
        for (mark, now), names in groups.items():
            yield from self._tell_group(head, consented, mark, now, names, most)

    def _tell_group(
        self, head: Head, consented: Consented, mark: Mark, now: Entitlement, names: Sequence[str], most: int
    ) -> Iterator[None]:
        subject = head.subject
        # A snapshot that was cut short goes on where it was, if the same still counts.
        goes_on = not mark.is_whole and mark.entitlement == now
        done = mark.told[0].upto if goes_on else ""
        if not goes_on:
            for name in names:
                statuses = self._now.statuses(name, now, consented.scope)
                self.made.publish(head, SCOPE, self._messages.scope(head, statuses), [name])
            self._tell_indicators(head, mark.entitlement, now, names)
            self._tell_members(head, mark.entitlement, now, names)
        first = names[0]
        for place, record in self._holdings.records(subject, done):
            told = mark.of(place)

            def lost(item: str, told: Entitlement = told) -> WithdrawalReason:
                return lost_by(first, told, now, consented.scope, item)

            seen = differing(record, told, self._labels(told), now, self._policy.labels, self._payload, lost)
            if seen is not None:
                numbers, former = (one.consents(seen.record["item"]) for one in (now, told))
                until = delete_by(seen.reason, former, consented.consents, self._moment)
                self._tell_record(head, seen, dict.fromkeys(names, numbers if seen.after else former), until)
            if self.made.told >= most:
                self.made.move(subject, names, place, now)
                yield
        self.made.move(subject, names, "", now)

    def tell_change(self, change: Mapping[str, Any], standing: SubjectStanding, dead_letter: DeadLetter) -> None:
        """Tell everybody what he sees of a change; everybody was told the difference before."""
        subject = change["subject"]
        own = {
            name: mark.entitlement
            for name, mark in self.made.known(subject).items()
            if mark.entitlement.is_subscribed and name in standing
        }
        groups: dict[Entitlement, list[str]] = {}
        for name, entitled in own.items():
            groups.setdefault(entitled.without_numbers(), []).append(name)
        head = Head(subject, change["subject_name"], self._moment, self._policy.version)
        rows: Sequence[IndicatorRow[int]] = ()
        if groups and change["indicators"]:
            rows = tuple(moved_rows(change, self._holdings.indicators(subject).values, self._policy.labels))
        for entitled, names in groups.items():
            seen_records = changed(
                change, entitled, self._policy.labels, self._payload,
                lambda record: self._holdings.since(subject, record), dead_letter,
            )  # fmt: skip
            for seen in seen_records:
                item = seen.record["item"]
                # A record that ends by itself is no end of a consent: nothing has to be deleted.
                self._tell_record(head, seen, {name: own[name].consents(item) for name in names}, None)
            for row in rows:
                self._tell_row(head, change["as_of"], row, names)

    def tell_list_change(self, change: Mapping[str, Any], standing: SubjectStanding) -> None:
        """Tell everybody who enters a list, or leaves it; everybody was told the difference before."""
        entry = visible_entry(change, self._policy.labels.by_list)
        subject = change["subject"]
        known = self.made.known(subject)
        names = [name for name in standing if name in known and known[name].entitlement.is_subscribed]
        if entry is not None and names:
            head = Head(subject, self._holdings.name(subject), self._moment, self._policy.version)
            self._tell_entry(head, entry, names)

    def _tell_members(self, head: Head, told: Entitlement, now: Entitlement, names: Sequence[str]) -> None:
        labels = self._labels(told)
        before = labels.by_list if labels is not None and told.is_subscribed else {}
        after = self._policy.labels.by_list if now.is_subscribed else {}
        reason = WithdrawalReason.LABEL_CHANGED if now.is_subscribed else WithdrawalReason.NOT_SUBSCRIBED
        if before != after:
            for name, member in sorted(self._holdings.members(head.subject).items()):
                entry = differing_entry(name, member, before, after, reason)
                if entry is not None:
                    self._tell_entry(head, entry, names)

    def _tell_entry(self, head: Head, entry: VisibleEntry, names: Sequence[str]) -> None:
        reason = entry.reason.value if entry.reason else ""
        self.made.publish(head, LIST, self._messages.entry(head, entry), names, reason=reason)

    def _tell_indicators(self, head: Head, told: Entitlement, now: Entitlement, names: Sequence[str]) -> None:
        before = self._labels(told) if told.is_subscribed else None
        after = self._policy.labels if now.is_subscribed else None
        if before is not after:
            held = self._holdings.indicators(head.subject)
            for row in differing_rows(held.values, before, after, self._policy.labels):
                self._tell_row(head, date.fromordinal(held.as_of), row, names)

    def _tell_row(self, head: Head, as_of: date, row: IndicatorRow[int], names: Sequence[str]) -> None:
        schema = self._policy.labels.indicator_groups[row.group].schema
        reason = row.reason.value if row.reason else ""
        template = self._messages.indicators(head, as_of, row, schema)
        self.made.publish(head, INDICATORS, template, names, reason=reason)

    def _tell_record(
        self, head: Head, seen: VisibleChange, consents: Mapping[str, tuple[str, ...]], until: date | None
    ) -> None:
        """Tell recipients of a record, each by his consents."""
        template = self._messages.record(head, seen, until)
        record, reason = seen.record, seen.reason.value if seen.reason else ""
        self.made.publish(
            head, seen.op, template, [*consents],
            item=record["item"], reason=reason, consents=consents, record_key=record["record_key"],
        )  # fmt: skip

    def _labels(self, entitled: Entitlement) -> Labels | None:
        if entitled.policy == self._policy.version:
            return self._policy.labels
        return self._policies(entitled.policy) if entitled.policy else None

    @property
    def _now(self) -> Entitlements:
        assert self._entitlements is not None
        return self._entitlements


def _is_other(told: Sequence[ToldPart], now: Entitlement) -> bool:
    """Whether a recipient is to be told by something else than it was."""
    last = told[0].entitlement
    if len(told) > 1:
        return True
    if not last.is_subscribed and not now.is_subscribed:
        return False
    return last != now.following(last, 0)
